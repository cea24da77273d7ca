"""A cleanup in words for a terminal, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from tunedrop.domain.serving import stack_arns
from tunedrop.domain.texts.counted import counted

from tunedrop_cli import amounts, tables, text_report
from tunedrop_cli.cleaning.ending import Ending
from tunedrop_cli.cleaning.scope import Scope, Seen
from tunedrop_cli.cleaning.things import Kind, Thing

DOUBTFUL = "Named like this stack's, without its tag; whoever knows whose it is may end it:"
FOREIGN = "Of stacks that stand, or that CloudFormation does not know; never ended here:"


def found(screen: Console, scope: Scope, seen: Seen) -> None:
    """What will be ended, and what is only listed."""
    if seen.to_end:
        text_report.line(screen, (title(scope), "bold"))
        rows = [(each.kind, each.name, each.state, each.bills) for each in seen.to_end]
        tables.show(screen, ("what", "name", "state", "bills"), rows, spare=1)
        text_report.line(screen, hourly(seen.to_end))
    if seen.only_listed:
        text_report.line(screen, FOREIGN if scope.target is None else DOUBTFUL)
        tables.show(screen, ("what", "name", "stack", "arn"), map(_doubtful, seen.only_listed), spare=1)


def hourly(things: Sequence[Thing]) -> str:
    """What all of it costs an hour."""
    known, unknown = _by_the_hour(things)
    without = " and ".join(counted(number, kind) for kind, number in unknown.items())
    if not known:
        return f"The price an hour of {without} is not known." if unknown else "None of it bills by the hour."
    currency = next((each.currency for each in things if each.currency), None)
    total = f"In all {amounts.money(sum(known), currency)} an hour"
    return f"{total}, without {without} whose price is not known." if unknown else f"{total}."


def _by_the_hour(things: Iterable[Thing]) -> tuple[Sequence[float], Counter[Kind]]:
    """What is known to cost how much an hour, and how many of each kind cost nobody here knows what."""
    billed = [each for each in things if each.by_the_hour]
    unknown = Counter(each.kind for each in billed if each.hourly_cost is None)
    return [each.hourly_cost for each in billed if each.hourly_cost is not None], unknown


def _doubtful(thing: Thing) -> Sequence[str]:
    return thing.kind, thing.name, stack_arns.name_of(thing.stack) if thing.stack else "-", thing.id


def title(scope: Scope) -> str:
    """What is cleaned up, and where."""
    return f"{scope.target.name if scope.target else 'stacks that were deleted'} in {scope.reached.session.region_name}"


def came_of_it(screen: Console, scope: Scope, seen: Seen, ending: Ending | None) -> None:
    """What is still there, or that nothing is."""
    if not seen.to_end:
        aside = " but custom models" if scope.keep_models else ""
        text_report.line(screen, f"Bedrock's own lists show nothing{aside} of {title(scope)} that bills.")
    elif ending:
        text_report.line(screen, ("Still there:", "bold red"))
        for each in seen.to_end:
            text_report.line(screen, f"  {each.kind} {each.name}  {ending.why(each) or each.state}")


def answer(scope: Scope, seen: Seen, ending: Ending | None) -> dict[str, Any]:
    """The same as JSON."""
    known, unknown = _by_the_hour(seen.to_end)
    return {
        "stacks": list(scope.target.ids) if scope.target else None,
        "stands": scope.stands,
        "ended": [asdict(each) for each in ending.ended.values()] if ending else [],
        "hourly_cost": None if unknown else sum(known),
        "left": [asdict(each) | {"refused": ending.why(each) if ending else None} for each in seen.to_end],
        "only_listed": [asdict(each) for each in seen.only_listed],
    }
