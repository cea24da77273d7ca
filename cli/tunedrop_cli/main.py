"""`tunedrop`: training files on this machine and on their way, the embedded cloud, API keys of a stack anywhere."""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
from collections.abc import Sequence

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from tunedrop import __version__
from tunedrop.domain.reports.markup import visible

from tunedrop_cli import check, convert, keys, local, push
from tunedrop_cli.control import Refused
from tunedrop_cli.local_files import Unreadable
from tunedrop_cli.plans import WrongUsage

EPILOG = """examples:
  tunedrop check train.jsonl                     which base models would take this file, and why not
  tunedrop check train.jsonl --model nova-lite --fix mended.jsonl
  tunedrop convert train.csv out.jsonl --model claude-3-haiku
  tunedrop push support-bot --wait               upload a dataset's folder and wait for the verdict
  tunedrop local up                              start the embedded cloud and deploy the stack into it
  eval "$(tunedrop local env)"                   point this shell's AWS tools at it
  tunedrop keys create --name checkout --deployment support-bot-prod
"""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="tunedrop",
        description="Training data dropped into S3 becomes a tuned Amazon Bedrock model that you can call.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"tunedrop {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check.add_to(commands)
    convert.add_to(commands)
    push.add_to(commands)
    local.add_to(commands)
    keys.add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when it worked, 1 when AWS or Tunedrop refused, 2 for wrong usage or a file that can't be read."""
    chosen = parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):  # as standard error does by itself, in any encoding of the terminal's
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return int(chosen.run(chosen))
    except (WrongUsage, Unreadable) as error:
        _complain(error)
        return 2
    except (Refused, ClientError, BotoCoreError, Boto3Error) as error:
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
    print(f"tunedrop: {visible(str(error))}", file=sys.stderr)
