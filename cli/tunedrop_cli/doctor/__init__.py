"""`tunedrop doctor`: look at a stack and its account, say what is not as it should be, and what mends it."""

from __future__ import annotations

import argparse

from tunedrop_cli import stack

DESCRIPTION = """Look at a stack and its account: credentials, Region, release, quotas, what can be tuned, prices,
alarms, keys. Each finding comes with the command that mends it. Nothing is changed.

--deep also looks at every part of the stack, and at what only an account can show of the facts that Tunedrop takes for
granted, and writes a report to send us, without account, ARNs and addresses. It only reads unless told otherwise:
--write uploads a small dataset of its own and deletes it again; --spend USD also trains it, calls the model once it is
deployed on demand, and releases it. Before that it prints a plan and asks; it never buys anything that bills by the
hour."""

EPILOG = """examples:
  tunedrop doctor
  tunedrop doctor --json
  tunedrop doctor --deep
  tunedrop doctor --deep --spend 5

exit code: 0 nothing to mend, 1 something to mend (attention, failed) or refused, 2 wrong usage;
what could not be seen (unknown) does not count
"""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of `tunedrop doctor`."""
    command.description, command.epilog = DESCRIPTION, EPILOG
    command.add_argument("--json", action="store_true", help="print the findings as JSON")
    command.add_argument("--deep", action="store_true", help="look at everything, and write a report")
    command.add_argument(
        "--report", default="tunedrop-doctor.json", metavar="FILE", help="report of --deep (default: %(default)s)"
    )
    command.add_argument("--write", action="store_true", help="with --deep: also upload, and delete what was uploaded")
    command.add_argument(
        "--spend", type=float, metavar="USD", help="with --deep: also train and call a model, for at most USD"
    )
    command.add_argument("--yes", action="store_true", help="with --spend: do not ask")
    command.add_argument(
        "--resume", metavar="NAME", help="with --spend: go on with an earlier run, whose training may have ended"
    )
    stack.add_to(command)
    command.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Make the checks and print them; return the exit code. Raises WrongUsage, Refused."""
    reached = stack.Stack(chosen)  # says what to install where boto3 is missing
    from tunedrop_cli.doctor import examination

    return examination.run(chosen, reached)
