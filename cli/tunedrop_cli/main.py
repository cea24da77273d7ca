"""`tunedrop`: check and upload training data, train on it, manage API keys, run the embedded cloud."""

from __future__ import annotations

import argparse
import gc
import importlib
import io
import os
import signal
import sys
from collections.abc import Collection, Sequence
from typing import Any

from tunedrop import __version__

from tunedrop_cli import errors
from tunedrop_cli.errors import Refused, Unreadable, WrongUsage

COMMANDS = {
    "check": "check files as an upload would",
    "clean": "write a file without the records that you choose to drop",
    "convert": "write a file in a base model's training format",
    "push": "upload a dataset's folder to a stack",
    "datasets": "list, show and erase a stack's datasets",
    "jobs": "start jobs, follow them, and compare what they learned",
    "models": "list and show custom models, and what serves them",
    "deployments": "put, list, show and delete what serves custom models",
    "evaluations": "say whether a tuned model is better than its base model",
    "costs": "say what a stack has spent, on what",
    "cleanup": "end all that a stack has that costs, or had before it was deleted",
    "base-models": "say what can be trained, and how it is served",
    "local": "run the embedded cloud on this machine",
    "keys": "manage API keys for the Messages API",
    "notifications": "send a notification, and say where it should arrive",
    "doctor": "look at a stack and its account, and say what mends them",
}
"""Each command is the module of its name in this package, imported only if the command is used."""
SHELLS = ("bash", "zsh", "fish")

EPILOG = """examples:
  tunedrop check train.jsonl                     which base models would take this file, and why not
  tunedrop check train.jsonl --model nova-lite --fix mended.jsonl
  tunedrop clean train.jsonl --keep-first        leave out records that repeat or contradict an earlier one
  tunedrop convert train.csv out.jsonl --model claude-3-haiku
  tunedrop push support-bot --wait               upload a dataset's folder and wait for the verdict
  tunedrop local up                              start the embedded cloud and deploy the stack into it
  eval "$(tunedrop local env)"                   point this shell's AWS tools at it
  tunedrop jobs start support-bot --model nova-lite --plan      what it would train and cost
  tunedrop evaluations start support-bot --candidate support-bot-prod --plan     is it better than its base model?
  tunedrop keys create --name checkout --deployment support-bot-prod
  tunedrop doctor                                what a deployed stack and its account still need
"""


class _PrintCompletion(argparse.Action):
    """Like --version: prints something and exits."""

    def __call__(self, parser: argparse.ArgumentParser, _: argparse.Namespace, shell: Any, __: Any = None) -> None:
        from tunedrop_cli import completion

        print(completion.script(command_line(COMMANDS), shell))
        parser.exit()


class _CommandLine(argparse.ArgumentParser):
    """Refuses what it doesn't know itself: then the usage that is printed is that of the command that was typed."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, but without anything unknown. Exits otherwise."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown


def command_line(chosen: Collection[str]) -> argparse.ArgumentParser:
    """Build the command line. Commands that are not `chosen` get only their name and purpose, not their options."""
    top = _CommandLine(
        prog="tunedrop",
        description="Training data dropped into S3 becomes a tuned Amazon Bedrock model that you can call.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"tunedrop {__version__}")
    top.add_argument(
        "--print-completion", action=_PrintCompletion, choices=SHELLS, help="print a shell's completion script"
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(name, help=purpose, formatter_class=argparse.RawDescriptionHelpFormatter)
        if name in chosen:
            importlib.import_module(f"tunedrop_cli.{name.replace('-', '_')}").add_to(command)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0 for success, 1 if AWS or Tunedrop refused, 2 for wrong usage or an unreadable file.

    Without `arguments`, those of the process are used, and the process is assumed to do nothing else.
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        chosen = command_line(words).parse_args(words)
        chosen.typed = list(words)
        if arguments is None:
            gc.freeze()  # collecting the imported modules at exit took a fifth of a short check
        if isinstance(sys.stdout, io.TextIOWrapper):  # as on standard error, whatever the terminal's encoding
            sys.stdout.reconfigure(errors="backslashreplace")
        return int(chosen.run(chosen))
    except (WrongUsage, Unreadable) as error:
        _complain(error)
        return 2
    except errors.refusals() as error:
        _complain(_in_options(chosen, error), _proposal(chosen, error))
        return 1
    except BrokenPipeError:  # the reader of our output, such as `head`, has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE  # what a shell reports for such programs; 1 would be a verdict
    except OSError as error:
        _complain(error)
        return 2
    except KeyboardInterrupt:
        return 130


def _in_options(chosen: argparse.Namespace, error: Exception) -> str:
    from tunedrop_cli import option_words

    return option_words.told(chosen, str(error))


def _complain(error: Exception | str, proposal: str = "") -> None:
    from tunedrop.domain.reports.markup import visible

    print(f"tunedrop: {visible(f'{error}{proposal}')}", file=sys.stderr)


def _proposal(chosen: argparse.Namespace, error: Exception) -> str:
    if not isinstance(error, Refused):
        return ""
    from tunedrop_cli import near_names

    return near_names.proposal(chosen, error)
