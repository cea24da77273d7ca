"""Commands that the application proposes, read as the command line itself reads them."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from tunedrop_cli import job_options, main


def parsed(command: str) -> argparse.Namespace:
    """The command's options. Exits as the command itself would if it can't be run as it is printed."""
    program, *words = shlex.split(command)
    assert program == "tunedrop", command
    return main.command_line(words).parse_args(words)


def job(command: str) -> dict[str, Any]:
    """The body of `POST /jobs` that a proposed `tunedrop jobs start` sends."""
    chosen = parsed(command)
    assert (chosen.command, chosen.action) == ("jobs", "start"), command
    return job_options.body(chosen)
