"""Stretches of time that charges are added up over: a budget's month is one of UTC. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

_MICROSECOND = timedelta(microseconds=1)
_HOUR = Decimal(3_600_000_000)


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` until just before `until`, both aware."""

    since: datetime
    until: datetime

    def hours(self, began: datetime, ended: datetime) -> Decimal:
        """How many hours of the interval lie in this period, exactly."""
        overlap = min(ended, self.until) - max(began, self.since)
        return Decimal(max(overlap // _MICROSECOND, 0)) / _HOUR

    def has(self, moment: datetime) -> bool:
        """Whether the moment lies in it."""
        return self.since <= moment < self.until

    @property
    def length(self) -> Decimal:
        """In hours."""
        return self.hours(self.since, self.until)


def month(now: datetime) -> Period:
    """The UTC month that `now` lies in."""
    first = datetime(now.astimezone(UTC).year, now.astimezone(UTC).month, 1, tzinfo=UTC)
    return Period(first, _next_first(first))


def month_after(period: Period) -> Period:
    """The month that begins where this one ends."""
    return Period(period.until, _next_first(period.until))


def most_hours(first: Period, began: datetime, ended: datetime) -> Decimal:
    """How many hours of an interval lie in the month that has most of them, from `first` on."""
    most, period = Decimal(0), first
    while period.since < ended:
        most = max(most, period.hours(began, ended))
        period = month_after(period)
    return most


def months(began: datetime, ended: datetime) -> Decimal:
    """How many months lie between two moments, each counted by the part of it."""
    total, period = Decimal(0), month(began)
    while period.since < ended:
        total += period.hours(began, ended) / period.length
        period = month_after(period)
    return total


def _next_first(first: datetime) -> datetime:
    return (first + timedelta(days=31)).replace(day=1)
