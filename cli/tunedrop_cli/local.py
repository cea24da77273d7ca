"""`tunedrop local ACTION`: hands over to the embedded cloud, which lives in an environment of its own."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import _SubParsersAction

ACTIONS = {
    "up": "start it (or find it running), deploy the stack, print the lines to export",
    "down": "stop it and keep its state",
    "env": "print the lines to export, for eval",
    "status": "say whether it runs, and what is deployed",
    "deploy": "bring a changed template or function in",
    "logs": "print what a function logged; with --follow what it goes on to log, too",
    "reset": "stop it and forget its state",
}


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `tunedrop local`."""
    command = commands.add_parser(
        "local",
        help="the embedded cloud on this machine",
        description="The embedded cloud: the real template on this machine, without an AWS account and without Docker.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:<8}{words}" for name, words in ACTIONS.items()),
    )
    command.add_argument("action", choices=ACTIONS)
    command.add_argument("options", nargs=argparse.REMAINDER, help="passed on; see `tunedrop local up --help`")
    command.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Run the embedded cloud's own command and return its exit code."""
    root = Path(__file__).resolve().parents[2]
    python = root / ".venv-local" / "bin" / "python"
    if not python.exists():
        print(f"tunedrop: the embedded cloud is not set up; run `make up` in {root}", file=sys.stderr)
        return 1
    folders = os.pathsep.join(str(root / name) for name in ("local", "simulator"))
    environment = {**os.environ, "PYTHONPATH": folders}
    command = [str(python), "-m", "tunedrop_local", chosen.action, *chosen.options]
    return subprocess.run(command, env=environment, cwd=root, check=False).returncode
