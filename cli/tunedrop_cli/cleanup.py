"""`tunedrop cleanup`: shows all that a stack has that costs, ends it, and says what Bedrock's own lists still show."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from tunedrop_cli import stack, text_report
from tunedrop_cli.errors import Refused, WrongUsage

if TYPE_CHECKING:
    from tunedrop_cli.cleaning.scope import Scope

EPILOG = """examples:
  tunedrop cleanup --plan                 what the stack has that costs
  tunedrop cleanup                        the same; ends it after asking, and waits until it is gone
  tunedrop cleanup --keep-models --yes    the same without asking; what was trained stays
  tunedrop cleanup --data                 once the stack is deleted: its bucket, tables and key, too
  tunedrop cleanup --orphans              what any deleted stack has left in Bedrock in this Region

exit codes: 0 nothing of it bills any more (with --plan: it was shown), 1 something does
"""


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of `tunedrop cleanup`."""
    command.description, command.epilog = __doc__, EPILOG
    what = command.add_mutually_exclusive_group()
    what.add_argument("--data", action="store_true", help="also the data that a deleted stack has left, for good")
    what.add_argument("--orphans", action="store_true", help="instead: what deleted stacks have left in Bedrock")
    command.add_argument("--keep-models", action="store_true", help="leave custom models, which cost by the month")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--plan", action="store_true", help="only show it; end nothing")
    how.add_argument("--yes", action="store_true", help="end it without asking")
    command.add_argument("--json", action="store_true", help="print what was found, ended and left as JSON")
    stack.add_to(command)
    command.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    """Show, ask, end, look again."""
    scope = _scope(chosen)
    from tunedrop_cli.cleaning import words
    from tunedrop_cli.cleaning.ending import Ending

    screen, aside = text_report.console(), text_report.console(stderr=True)
    seen, ending = scope.look(), None
    if not chosen.json:
        words.found(screen, scope, seen)
    if seen.to_end and not chosen.plan and _is_agreed(chosen):
        ending = Ending(scope, lambda said: text_report.line(aside, said))
        ending.everything()
        seen = scope.look()
    if chosen.json:
        text_report.as_json(words.answer(scope, seen, ending))
    else:
        words.came_of_it(screen, scope, seen, ending)
        if seen.to_end and not ending:
            text_report.line(screen, "Nothing was ended.")
            text_report.next_step(screen, _ending_it(chosen))
    is_left = bool(seen.to_end or (seen.only_listed and scope.target))
    return 0 if chosen.plan else int(is_left)


def _scope(chosen: argparse.Namespace) -> Scope:
    reached = stack.Stack(chosen)
    from tunedrop_cli.cleaning import whose
    from tunedrop_cli.cleaning.scope import Scope

    if reached.session.get_credentials() is None or reached.session.region_name is None:
        raise Refused(0, {"code": "no_credentials", "message": "set AWS credentials and a Region first"})
    if chosen.orphans:
        return Scope(reached, None, chosen.keep_models, with_data=False)
    target = whose.target(reached.session.client("cloudformation"), reached.name)
    if chosen.data and target.stands:
        raise WrongUsage(
            f"{target.name} still stands, so its data is in use. First {stack.again(chosen, 'tunedrop cleanup')}, then "
            f"aws cloudformation delete-stack --stack-name {target.name}"
        )
    return Scope(reached, target, chosen.keep_models, chosen.data)


def _is_agreed(chosen: argparse.Namespace) -> bool:
    if chosen.yes:
        return True
    return sys.stdin.isatty() and input("End all of it? None of it comes back. Type yes: ") == "yes"


def _ending_it(chosen: argparse.Namespace) -> str:
    options = [f"--{name.replace('_', '-')}" for name in ("data", "orphans", "keep_models") if getattr(chosen, name)]
    return stack.again(chosen, " ".join(["tunedrop", "cleanup", *options, "--yes"]))
