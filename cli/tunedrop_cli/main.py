"""`tunedrop`: the embedded cloud on this machine, and API keys of a stack anywhere."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError
from tunedrop import __version__

from tunedrop_cli import keys, local
from tunedrop_cli.control import Refused

EPILOG = """examples:
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
    local.add_to(commands)
    keys.add_to(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when it worked, 1 when AWS or Tunedrop refused, 2 for wrong usage."""
    chosen = parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except (Refused, ClientError, BotoCoreError) as error:
        print(f"tunedrop: {error}", file=sys.stderr)
        return 1
