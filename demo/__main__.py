"""Command line of the demo, which `make demo` calls.

`python -m demo [--train FILE] [--validation FILE] [--map FIELDS]`; `--example NAME` runs a worked example instead.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from tunedrop_cli.errors import Refused
from tunedrop_local.deploy import DeploymentFailed
from tunedrop_local.launcher import CannotStart
from tunedrop_local.packages import BuildFailed

from demo import own_data, worked_example
from demo.journey import DataRejected, DemoFailed, Journey
from demo.messages import BrokenOff
from demo.screen import Screen
from demo.surroundings import BUILD, PARAMETERS, Surroundings, fresh_cloud, settle_in

DATA = Path(__file__).parent / "data"
FAILURES = (
    *(DemoFailed, Refused, BrokenOff, CannotStart, DeploymentFailed, BuildFailed),
    *(ClientError, BotoCoreError, Boto3Error, OSError),
)
"""Failures around the demo, including slow and lost answers. Anything else is a defect and shows its traceback."""


def parser() -> argparse.ArgumentParser:
    """Build the parser of the command line."""
    top = argparse.ArgumentParser(prog="make demo", description="The main job of Tunedrop, in the embedded cloud.")
    top.add_argument("--train", type=Path, help="your own training data instead of the sample")
    top.add_argument("--validation", type=Path, help="your own validation data; optional")
    top.add_argument(
        "--map", default="", metavar="FIELDS", help='which field or column is what: "prompt=question completion=answer"'
    )
    top.add_argument("--example", choices=worked_example.names(), help="a worked example instead, up to its verdict")
    return top


def main() -> int:
    """Run the demo; return exit code 0 if every step held."""
    chosen = parser().parse_args()
    if chosen.validation and not chosen.train:
        sys.exit("make demo: VALIDATION also needs TRAIN")
    if chosen.map and not chosen.train:
        sys.exit("make demo: MAP also needs TRAIN")
    for path in (chosen.train, chosen.validation):
        if path and not path.is_file():
            sys.exit(f"make demo: there is no file {path}")
    if chosen.example and chosen.train:
        sys.exit("make demo: EXAMPLE has its own data, so TRAIN has no place beside it")
    screen = Screen()
    screen.title("Tunedrop: training data dropped into S3 becomes a tuned model that answers")
    screen.line("Everything runs on this machine; Amazon Bedrock is simulated, the rest is the real template and code.")
    if chosen.example:
        return ending(screen, lambda: _run_example(screen, chosen.example))
    return ending(screen, lambda: _close(screen, _run(screen, chosen)))


def ending(screen: Screen, run: Callable[[], None]) -> int:
    """Run and return the exit code; a failure is explained in words, with what to do next."""
    try:
        run()
    except KeyboardInterrupt:
        screen.title("Stopped. The embedded cloud is down, and nothing is left running.")
        return 130
    except DataRejected as rejection:
        screen.title(f"The demo ends here: {rejection}.")
        return 1
    except FAILURES as failure:
        screen.title(f"The demo failed: {str(failure) or type(failure).__name__}")
        screen.line("Next:")
        screen.line("  make demo     again, from the start: on a busy machine it may only have taken too long")
        screen.line(f"  {BUILD / 'cloud' / 'server.log'} and the files in logs/ beside it say what happened here")
        return 1
    return 0


def _run(screen: Screen, chosen: argparse.Namespace) -> dict[str, Any]:
    settings = _checked(screen, chosen) if chosen.train else None
    with ExitStack() as until_here:
        return _travel(screen, _settled(screen, until_here, PARAMETERS), chosen, settings)


def _checked(screen: Screen, chosen: argparse.Namespace) -> Path | None:
    """Check the files here, before anything else; the settings to upload with them if there are any."""
    files = {"train": chosen.train, "validation": chosen.validation}
    with screen.step("Check your data: tunedrop check", still=True):
        settings = own_data.check({split: path for split, path in files.items() if path}, chosen.map)
    return settings if chosen.map else None


def _run_example(screen: Screen, name: str) -> None:
    with ExitStack() as until_here:
        around = _settled(screen, until_here, worked_example.PARAMETERS, worked_example.REGION)
        with screen.step("Teach the simulated base model half of the right answers, so that there is a rival"):
            worked_example.teach_base(around.cloud, name)
        _save(worked_example.run(around, screen, name))
    screen.title(f"Done in {screen.elapsed():.0f} seconds")
    screen.line(f"examples/{name}/README.md says what this shows, and what it does not.")


def _settled(screen: Screen, until_here: ExitStack, parameters: Mapping[str, str], region: str = "") -> Surroundings:
    with screen.step("Start the embedded cloud on 127.0.0.1 and deploy template.yaml") as say:
        cloud = until_here.enter_context(fresh_cloud())
        say("deploying")
        stack = cloud.deploy("tunedrop", region=region, parameters=parameters)
        around = settle_in(cloud, stack)
        screen.fact("endpoint", cloud.endpoint)
        screen.fact("stack", f"{stack.name} in {stack.region}: CREATE_COMPLETE")
        screen.fact("ControlApi", stack.url("ControlApiUrl"))
        screen.fact("MessagesApi", stack.url("MessagesApiUrl"))
    return around


def _travel(screen: Screen, around: Surroundings, chosen: argparse.Namespace, settings: Path | None) -> dict[str, Any]:
    own = chosen.train is not None
    journey = Journey(
        around,
        screen,
        dataset="my-data" if own else "support-bot",
        train=chosen.train or DATA / "train.jsonl",
        validation=chosen.validation if own else DATA / "validation.jsonl",
        settings=settings,
    )
    for step in (
        journey.upload,
        journey.train_model,
        journey.hear,
        journey.plot,
        journey.deploy,
        journey.ask,
        journey.give_back,
    ):
        step()
    return journey.summary


def _save(summary: Mapping[str, Any]) -> Path:
    path = BUILD / "summary.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(summary, indent=2, ensure_ascii=False, default=str) + "\n", "utf-8")
    return path


def _close(screen: Screen, summary: dict[str, Any]) -> None:
    path = _save(summary)
    dataset, job = summary["dataset"], summary["job"]
    screen.title(f"Done in {screen.elapsed():.0f} seconds")
    screen.line("Made:")
    screen.line(f"  dataset {dataset['name']}@{dataset['version']} ({dataset['verdict']}), with its reports")
    screen.line(f"  job {job['id']} ({job['status']}), its metrics and its custom model {job['name']}")
    screen.line(f"  deployment {summary['deployment']['name']}: {' → '.join(summary['deployment']['states'])}")
    kept = [line for line in summary["ledger"] if line["ended_at"] is None]
    hourly = [line["name"] for line in kept if line["kind"] == "provisioned_throughput"]
    screen.line(f"Still costs money by the hour: {', '.join(hourly) or 'nothing'}")
    if any(line["kind"] == "custom_model" for line in kept):
        screen.line("  (kept: the custom model; AWS charges its storage by the month until it is deleted)")
    screen.line(f"All of this as data: {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
    screen.line()
    screen.line("Next:")
    screen.line("  make demo TRAIN=your.jsonl              the same with your own data")
    screen.line("  make demo EXAMPLE=ticket-routing        a worked example, up to the verdict on its model")
    screen.line("  make up                                 an embedded cloud that stays, for aws, boto3 and sam")
    screen.line("  less README.md docs/architecture.md     how it works")


if __name__ == "__main__":
    sys.exit(main())
