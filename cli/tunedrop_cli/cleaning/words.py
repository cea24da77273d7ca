"""A cleanup in words for a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from tunedrop.domain.serving import stack_arns
from tunedrop.domain.texts.counted import counted

from tunedrop_cli import amounts, tables, text_report
from tunedrop_cli.cleaning.ending import Ending
from tunedrop_cli.cleaning.scope import Scope, Seen
from tunedrop_cli.cleaning.things import Thing

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
    billed = [each for each in things if each.by_the_hour]
    known = [each.hourly_cost for each in billed if each.hourly_cost is not None]
    if not billed:
        return "None of it bills by the hour."
    currency = next((each.currency for each in billed if each.currency), None)
    total = f"In all {amounts.money(sum(known) if known else None, currency)} an hour"
    unknown = counted(len(billed) - len(known), "throughput")
    return f"{total}, and what {unknown} without a known price costs." if 0 < len(known) < len(billed) else f"{total}."


def _doubtful(thing: Thing) -> Sequence[str]:
    return thing.kind, thing.name, stack_arns.name_of(thing.stack) if thing.stack else "-", thing.id


def _total(billed: Sequence[Thing]) -> float | None:
    """Of what is left; None where a price is not known."""
    known = [each.hourly_cost for each in billed if each.hourly_cost is not None]
    return sum(known) if len(known) == len(billed) else None


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
    return {
        "stacks": list(scope.target.ids) if scope.target else None,
        "stands": scope.stands,
        "ended": [asdict(each) for each in ending.ended.values()] if ending else [],
        "hourly_cost": _total([each for each in seen.to_end if each.by_the_hour]),
        "left": [asdict(each) | {"refused": ending.why(each) if ending else None} for each in seen.to_end],
        "only_listed": [asdict(each) for each in seen.only_listed],
    }
