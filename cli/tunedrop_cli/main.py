"""`tunedrop`: training files on this machine and on their way, the embedded cloud, API keys of a stack anywhere."""

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
from tunedrop_cli.errors import Unreadable, WrongUsage

COMMANDS = {
    "check": "what an upload of these files would find",
    "convert": "write a file in a base model's training format",
    "push": "upload a dataset's folder to a stack",
    "local": "the embedded cloud on this machine",
    "keys": "API keys for the Messages API",
}
"""Each command is a module of this name here, and imported only when it is asked for."""
SHELLS = ("bash", "zsh", "fish")

EPILOG = """examples:
  tunedrop check train.jsonl                     which base models would take this file, and why not
  tunedrop check train.jsonl --model nova-lite --fix mended.jsonl
  tunedrop convert train.csv out.jsonl --model claude-3-haiku
  tunedrop push support-bot --wait               upload a dataset's folder and wait for the verdict
  tunedrop local up                              start the embedded cloud and deploy the stack into it
  eval "$(tunedrop local env)"                   point this shell's AWS tools at it
  tunedrop keys create --name checkout --deployment support-bot-prod
"""


class _PrintCompletion(argparse.Action):
    """Like --version: says something and ends."""

    def __call__(self, parser: argparse.ArgumentParser, _: argparse.Namespace, shell: Any, __: Any = None) -> None:
        from tunedrop_cli import completion

        print(completion.script(command_line(COMMANDS), shell))
        parser.exit()


def command_line(chosen: Collection[str]) -> argparse.ArgumentParser:
    """The whole command line; of commands that are not among the chosen words only name and purpose."""
    top = argparse.ArgumentParser(
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
            importlib.import_module(f"tunedrop_cli.{name}").add_to(command)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when it worked, 1 when AWS or Tunedrop refused, 2 for wrong usage or a file that can't be read.

    `arguments` are this process's own if left out; then it is there for nothing else.
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        chosen = command_line(words).parse_args(words)
        if arguments is None:
            gc.freeze()  # what was imported stays; a fifth of a short check went into collecting it at the end
        if isinstance(sys.stdout, io.TextIOWrapper):  # as standard error does by itself, in any terminal's encoding
            sys.stdout.reconfigure(errors="backslashreplace")
        return int(chosen.run(chosen))
    except (WrongUsage, Unreadable) as error:
        _complain(error)
        return 2
    except errors.refusals() as error:
        _complain(error)
        return 1
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE  # as a shell says it of others; 1 would be a verdict
    except OSError as error:
        _complain(error)
        return 2
    except KeyboardInterrupt:
        return 130


def _complain(error: Exception) -> None:
    from tunedrop.domain.reports.markup import visible

    print(f"tunedrop: {visible(str(error))}", file=sys.stderr)
