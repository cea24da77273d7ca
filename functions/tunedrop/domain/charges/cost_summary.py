"""What a stretch of time has cost: its charges, their sums, and the sums by what a person asks for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from tunedrop.domain.charges import periods
from tunedrop.domain.charges.charge import Charge
from tunedrop.domain.charges.periods import Period
from tunedrop.errors import InvalidInput

CostGroup = Literal["deployment", "owner", "dataset", "tag"]

LONGEST = timedelta(days=366)
MOST_CHARGES = 2_000
"""In one answer: about 1 MB of JSON, where Lambda allows 6 MB (docs/facts.md#lambda)."""


@dataclass(frozen=True, slots=True)
class CostSum:
    """A sum of charges. `amount` is of those whose price is known; None if that is none of them."""

    key: str | None
    """What they have in common; None where they have nothing of that."""
    amount: Decimal | None
    charges: int
    unknown: int
    """How many of them are not in the amount, because a price is not configured."""


@dataclass(frozen=True, slots=True)
class CostSummary:
    """All charges of a period, those that began last first."""

    period: Period
    charges: tuple[Charge, ...]
    total: CostSum
    groups: tuple[CostSum, ...]


def period(since: datetime | None, until: datetime | None, now: datetime) -> Period:
    """From the beginning of this UTC month until now, unless a request says otherwise.

    Raises InvalidInput for one that is empty or longer than a year.
    """
    chosen = Period(since or periods.month(min(until or now, now)).since, min(until or now, now))
    if chosen.since >= chosen.until:
        raise InvalidInput("invalid_period", "`from` lies before `to`, and before now.", field="from")
    if chosen.until - chosen.since > LONGEST:
        raise InvalidInput("invalid_period", "From `from` to `to` it is at most 366 days.", field="from")
    return chosen


def summary(chosen: Period, charges: Iterable[Charge], by: CostGroup | None) -> CostSummary:
    """The charges with their sums. Raises InvalidInput `too_many_charges` for more than one answer holds."""
    ordered = tuple(sorted(charges, key=lambda each: (each.began, each.name), reverse=True))
    if len(ordered) > MOST_CHARGES:
        words = f"These are {len(ordered):,} charges; one answer has at most {MOST_CHARGES:,}. Ask for less time."
        raise InvalidInput("too_many_charges", words, field="from")
    return CostSummary(chosen, ordered, _sum(None, ordered), _groups(ordered, by) if by else ())


def _groups(charges: Sequence[Charge], by: CostGroup) -> tuple[CostSum, ...]:
    found: dict[str | None, list[Charge]] = {}
    for each in charges:
        for key in _keys(each, by):
            found.setdefault(key, []).append(each)
    sums = [_sum(key, members) for key, members in found.items()]
    return tuple(sorted(sums, key=lambda each: (each.key is None, -(each.amount or 0), each.key or "")))


def _keys(each: Charge, by: CostGroup) -> Sequence[str | None]:
    match by:
        case "deployment":
            return [each.deployment]
        case "owner":
            return [each.owner]
        case "dataset":
            return [each.dataset]
        case "tag":
            return [f"{name}={value}" for name, value in sorted(each.tags.items())] or [None]


def _sum(key: str | None, charges: Sequence[Charge]) -> CostSum:
    known = [amount for each in charges if (amount := each.amount) is not None]
    total = sum(known, Decimal(0)) if known or not charges else None
    return CostSum(key, total, len(charges), len(charges) - len(known))
