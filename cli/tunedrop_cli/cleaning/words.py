"""A cleanup in words for a terminal, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from tunedrop.domain.serving import stack_arns
from tunedrop.domain.texts.counted import counted

from tunedrop_cli import amounts, tables, text_report
from tunedrop_cli.cleaning.ending import Ending
from tunedrop_cli.cleaning.scope import Scope, Seen
from tunedrop_cli.cleaning.things import Kind, Period, Thing

DOUBTFUL = "Named like this stack's, without its tag; whoever knows whose it is may end it:"
_A: Mapping[Period, str] = {"hour": "an hour", "month": "a month"}
FOREIGN = "Of stacks that stand, or that CloudFormation does not know; never ended here:"


def found(screen: Console, scope: Scope, seen: Seen) -> None:
    """What will be ended, and what is only listed."""
    if seen.to_end:
        text_report.line(screen, (title(scope), "bold"))
        rows = [(each.kind, each.name, each.state, each.bills) for each in seen.to_end]
        tables.show(screen, ("what", "name", "state", "bills"), rows, spare=1)
        for sentence in costs(seen.to_end):
            text_report.line(screen, sentence)
    if seen.only_listed:
        text_report.line(screen, FOREIGN if scope.target is None else DOUBTFUL)
        tables.show(screen, ("what", "name", "stack", "arn"), map(_doubtful, seen.only_listed), spare=1)


def costs(things: Sequence[Thing]) -> Iterator[str]:
    """What all of it costs an hour, and what storing custom models costs a month."""
    yield _sum(things, "hour") or "None of it bills by the hour."
    yield from filter(None, [_sum(things, "month")])


def _sum(things: Sequence[Thing], period: Period) -> str:
    """What all that bills by this period costs; empty if nothing does."""
    known, unknown = _billed(things, period)
    without = " and ".join(counted(number, kind) for kind, number in unknown.items())
    if not known:
        return f"The price {_A[period]} of {without} is not known." if unknown else ""
    currency = next((each.currency for each in things if each.cost(period) is not None), None)
    total = f"In all {amounts.money(sum(known), currency)} {_A[period]}"
    return f"{total}, without {without} whose price is not known." if unknown else f"{total}."


def _billed(things: Iterable[Thing], period: Period) -> tuple[Sequence[float], Counter[Kind]]:
    """What is known to cost how much, and how many of each kind cost nobody here knows what."""
    billed = [(each, each.cost(period)) for each in things if each.is_billed(period)]
    return [cost for _, cost in billed if cost is not None], Counter(each.kind for each, cost in billed if cost is None)


def _known(things: Iterable[Thing], period: Period) -> float | None:
    """The sum; None where it is not known whole."""
    known, unknown = _billed(things, period)
    return None if unknown else sum(known)


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
    return {
        "stacks": list(scope.target.ids) if scope.target else None,
        "stands": scope.stands,
        "ended": [asdict(each) for each in ending.ended.values()] if ending else [],
        "hourly_cost": _known(seen.to_end, "hour"),
        "monthly_cost": _known(seen.to_end, "month"),
        "left": [asdict(each) | {"refused": ending.why(each) if ending else None} for each in seen.to_end],
        "only_listed": [asdict(each) for each in seen.only_listed],
    }
