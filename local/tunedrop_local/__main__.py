"""Command line of the embedded cloud: `python -m tunedrop_local up`."""

from __future__ import annotations

import argparse
import contextlib
import inspect
import json
import os
import shlex
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from tunedrop_local import client, packages
from tunedrop_local.deploy import DeploymentFailed
from tunedrop_local.identities import Identity
from tunedrop_local.launcher import CannotStart
from tunedrop_local.packages import BuildFailed
from tunedrop_local.settings import PORT

DESCRIPTION = """\
Runs Tunedrop on this machine: the real template and the real functions in an embedded cloud that speaks AWS's
APIs. It needs no AWS account and no Docker, listens on 127.0.0.1 only, and keeps its state until `reset`."""

EPILOG = """\
examples:
  tunedrop local up                           start (or join) and deploy; prints what to export
  eval "$(tunedrop local env)"                then `aws s3 cp`, boto3 and the CLI talk to it
  tunedrop local up --time-scale 1            time passes as it does on AWS: training takes hours
  tunedrop local up --region us-east-1        a second stack in another Region of the same cloud
  tunedrop local logs DatasetUploadedFunction --follow
  tunedrop local down                         stop, but keep the state
  tunedrop local reset                        stop and delete the state"""

TROUBLES = (CannotStart, DeploymentFailed, BuildFailed, ClientError, BotoCoreError, ValueError, OSError)


TIME_SCALE = 600.0
"""Three hours of training take 18 seconds; a five-minute schedule fires every 2.5 seconds."""


class NotRunning(CannotStart):
    """A command that needs a running cloud found none."""


def up(options: argparse.Namespace) -> None:
    """Start or join the embedded cloud, deploy, and print the variables to export."""
    port = options.port or (0 if (options.state / "port").exists() else PORT)
    cloud = client.start(options.root, options.state, port=port, time_scale=options.time_scale)
    if options.port not in {0, cloud.settings.port}:
        _say(f"it runs at port {cloud.settings.port}, which its state keeps until `reset`")
    stack = _deploy(cloud, options)
    _say(f"{stack.name} is deployed in {stack.region}; the embedded cloud answers at {cloud.endpoint}")
    _print_exports(stack, stack.person())


def deploy(options: argparse.Namespace) -> None:
    """Update the stack from the template and the code."""
    stack = _deploy(_running(options), options)
    _say(f"{stack.name} is up to date in {stack.region}")


def env(options: argparse.Namespace) -> None:
    """Print the variables to export."""
    cloud = _running(options)
    stack = cloud.stack(options.stack_name, region=options.region or cloud.region_of(options.stack_name))
    _print_exports(stack, cloud.administrator if options.administrator else stack.person())


def status(options: argparse.Namespace) -> None:
    """Show what is running and what is billed."""
    cloud = _running(options)
    print(f"running   {cloud.endpoint}, time scale {cloud.settings.time_scale:g}")
    print(f"state     {cloud.settings.state}")
    for region in client.REGIONS:
        found = cloud.client("cloudformation", region=region).describe_stacks()["Stacks"]
        for stack in found:
            print(f"stack     {stack['StackName']} in {region}: {stack['StackStatus']}")
    live = [entry for entry in cloud.ledger() if entry["ended_at"] is None]
    kinds = Counter(entry["kind"].replace("_", " ") for entry in live)
    print(f"billed    {', '.join(f'{count} {kind}' for kind, count in kinds.items()) or 'nothing'} (simulated)")


def fault(options: argparse.Namespace) -> None:
    """Let calls, events or jobs of Bedrock fail, or forget all faults; docs/local.md has the kinds."""
    cloud = _running(options)
    if options.clear:
        cloud.clear_faults()
    if options.wish:
        cloud.add_fault(**{name: _number(value) for name, value in options.wish})


def logs(options: argparse.Namespace) -> None:
    """Print a function's log."""
    cloud = _running(options)
    name = options.function
    with contextlib.suppress(ClientError):  # no such logical id: it is a physical name
        name = cloud.stack(options.stack_name, region=options.region or cloud.region_of(options.stack_name)).resource(
            options.function
        )
    path = cloud.settings.function_logs / f"{name}.log"
    if not path.exists():
        known = sorted(each.stem for each in cloud.settings.function_logs.glob("*.log"))
        raise ValueError(f"{options.function} has no log yet. Functions with logs: {', '.join(known) or 'none'}")
    with path.open() as lines:
        print(lines.read(), end="")
        while options.follow:
            print(lines.read(), end="", flush=True)
            time.sleep(0.2)


def down(options: argparse.Namespace) -> None:
    """Stop, but keep the state."""
    if (cloud := client.join(options.root, options.state)) is None:
        return _say("not running")
    cloud.stop()
    return _say(f"stopped; the state is kept in {cloud.settings.state}")


def reset(options: argparse.Namespace) -> None:
    """Stop and delete the state."""
    if (cloud := client.join(options.root, options.state)) is not None:
        cloud.stop()
    if not options.state.exists():
        return _say("there is no state to delete")
    # A mistyped --state must not delete an unrelated folder.
    if not {"root.json", "port", "server.log"} & {each.name for each in options.state.iterdir()}:
        raise ValueError(f"{options.state} is not the state of an embedded cloud; nothing was removed")
    shutil.rmtree(options.state)
    return _say("the state is deleted")


def _deploy(cloud: client.Cloud, options: argparse.Namespace) -> client.Stack:
    if options.command == "up" and cloud.settings.time_scale != options.time_scale:
        _say(f"it runs at time scale {cloud.settings.time_scale:g}; a new time scale takes effect at the next start")
    return cloud.deploy(
        options.stack_name,
        region=options.region or cloud.region_of(options.stack_name),
        parameters=dict(options.parameter),
        template=options.template,
    )


def _running(options: argparse.Namespace) -> client.Cloud:
    if (cloud := client.join(options.root, options.state)) is None:
        raise NotRunning(f"no embedded cloud is running on {options.state}; start it with `up`")
    return cloud


def _print_exports(stack: client.Stack, identity: Identity) -> None:
    for name, value in exports(stack, identity).items():
        print(f"export {name}={shlex.quote(value)}")
    print("unset AWS_SESSION_TOKEN AWS_PROFILE")


def exports(stack: client.Stack, identity: Identity) -> Mapping[str, str]:
    """The environment variables that point AWS tools and the CLI at the stack, signing as this identity."""
    apis = {
        f"TUNEDROP_{name}_API_URL": stack.url(output)
        for name, output in (("CONTROL", "ControlApiUrl"), ("MESSAGES", "MessagesApiUrl"))
        if output in stack.outputs
    }
    return {
        "AWS_ENDPOINT_URL": stack.cloud.endpoint,
        "AWS_REGION": stack.region,
        "AWS_DEFAULT_REGION": stack.region,
        "AWS_ACCESS_KEY_ID": identity.access_key_id,
        "AWS_SECRET_ACCESS_KEY": identity.secret_access_key,
        "LAYER_PLATFORM": packages.host_platform(),
        "LAYER_PYTHON": packages.host_python(),
        "TUNEDROP_STACK_NAME": stack.name,
        "TUNEDROP_DATA_BUCKET": stack.outputs.get("DataBucketName", ""),
        **apis,
    }


def _say(words: str) -> None:
    """Print to standard error, because the shell evaluates standard output."""
    print(words, file=sys.stderr)


def _number(text: str) -> str | float | bool:
    """The value as JSON, where it is a number or true or false; else as it is."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) else text


def _parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65_536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0 < scale < 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time scale: give a number above 0")
    return scale


def parser() -> argparse.ArgumentParser:
    """Builds the command line: one subcommand per function above, with its docstring as help."""
    made = argparse.ArgumentParser(
        prog="tunedrop local", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for action in (up, down, env, status, deploy, fault, logs, reset):
        words = inspect.getdoc(action) or ""
        _add_options(commands.add_parser(action.__name__, help=words, description=words), action)
    return made


def _region_of_shell(variables: Mapping[str, str]) -> str | None:
    """The Region that `env` has set in this shell; a Region set for real AWS means nothing here."""
    return variables.get("AWS_REGION") if "TUNEDROP_STACK_NAME" in variables else None


def _add_options(command: argparse.ArgumentParser, action: Callable[..., None]) -> None:
    command.set_defaults(action=action)
    command.add_argument("--root", type=Path, default=Path.cwd(), help="the project (default: this folder)")
    command.add_argument("--state", type=Path, help="folder of the state (default: build/local/state of the project)")
    if action in (up, deploy, env, logs):
        command.add_argument("--stack-name", default="tunedrop")
        command.add_argument(
            "--region",
            default=_region_of_shell(os.environ),
            help="default: the shell's, else where the stack stands, else us-west-2",
        )
    if action in (up, deploy):
        command.add_argument("--template", type=Path, help="default: template.yaml of the project")
        command.add_argument(
            "--parameter", type=_parameter, action="append", default=[], metavar="NAME=VALUE",
            help="a parameter of the template; may be repeated",
        )  # fmt: skip
    if action is up:
        command.add_argument("--port", type=_port, default=0, help=f"default: {PORT} at first, then the state's port")
        command.add_argument(
            "--time-scale",
            type=_scale,
            default=TIME_SCALE,
            help="how much faster than AWS time passes",
        )
    if action is env:
        command.add_argument("--administrator", action="store_true", help="the root user's keys, for sam deploy")
    if action is fault:
        command.add_argument("wish", type=_parameter, nargs="*", metavar="NAME=VALUE", help="what fails, and how")
        command.add_argument("--clear", action="store_true", help="forget the faults that have not happened yet")
    if action is logs:
        command.add_argument("function", metavar="FUNCTION", help="logical id in the template, or name")
        command.add_argument("--follow", action="store_true", help="keep printing new lines")


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0 for success, 1 for an error it explains, 2 for wrong usage."""
    options = parser().parse_args(arguments)
    options.root = options.root.resolve()
    options.state = (options.state or options.root / "build" / "local" / "state").resolve()
    try:
        options.action(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has closed it
        return 0
    except TROUBLES as trouble:
        _say(f"{options.command}: {trouble}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
