"""`tunedrop local ACTION`: run the embedded cloud's command in its own environment."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tunedrop_cli.errors import WrongUsage

DESCRIPTION = "The embedded cloud: the real template on this machine, without an AWS account and without Docker."
ACTIONS = {
    "up": "start it (or join it), deploy the stack, print the variables to export",
    "down": "stop it, but keep its state",
    "env": "print the variables to export, for eval",
    "status": "show whether it is running, and what is deployed",
    "deploy": "deploy a changed template or function",
    "fault": "let calls, events or jobs of the simulated Bedrock fail; docs/local.md has the kinds",
    "logs": "print a function's log; with --follow, keep printing new lines",
    "reset": "stop it and delete its state",
}


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the actions of `tunedrop local`."""
    command.description = DESCRIPTION
    command.epilog = "\n".join(f"  {name:<8}{words}" for name, words in ACTIONS.items())
    command.add_argument("action", choices=tuple(ACTIONS))
    command.add_argument("options", nargs=argparse.REMAINDER, help="passed on; see `tunedrop local up --help`")
    command.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Run the embedded cloud's command and return its exit code. Raises WrongUsage outside a checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "local" / "tunedrop_local").is_dir():
        raise WrongUsage("the embedded cloud runs from a checkout of Tunedrop: run `make up` there")
    python = root / ".venv-local" / "bin" / "python"
    if not python.exists():
        print(f"tunedrop: the embedded cloud is not set up; run `make up` in {root}", file=sys.stderr)
        return 1
    folders = os.pathsep.join(str(root / name) for name in ("local", "simulator"))
    environment = {**os.environ, "PYTHONPATH": folders}
    command = [str(python), "-m", "tunedrop_local", chosen.action, *chosen.options]
    return subprocess.run(command, env=environment, cwd=root, check=False).returncode
