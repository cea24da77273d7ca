"""What an API key may take in each minute, day and month of the clock, and what a call takes or gives back. Pure.

A call takes the most that it may use before it is made, and gives back what it did not use once it has been answered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

Measure = Literal["requests", "tokens", "cost"]
Span = Literal["minute", "day", "month"]
Number = int | Decimal

ZERO = Decimal(0)
UNBOUNDED = 10**15
"""What is left where a key has no such limit: no month of calls takes it."""
_LENGTH: Mapping[Span, int] = {"month": len("2026-11"), "day": len("2026-11-22"), "minute": len("2026-11-22T12:00Z")}


@dataclass(frozen=True, slots=True)
class KeyLimit:
    """One of a key's limits."""

    measure: Measure
    span: Span

    @property
    def name(self) -> str:
        """The field of `POST /keys`."""
        return f"{self.measure}_per_{self.span}"

    @property
    def left(self) -> str:
        """The attribute of the key's row that holds what is left of it in the row's window."""
        return f"left_{self.measure}_{self.span}"


LIMITS = (
    KeyLimit("cost", "month"),
    KeyLimit("tokens", "month"),
    KeyLimit("cost", "day"),
    KeyLimit("tokens", "day"),
    KeyLimit("cost", "minute"),
    KeyLimit("tokens", "minute"),
    KeyLimit("requests", "minute"),
)
"""Those that reset last come first: of two that are used up, the caller is told of the one that holds."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a call takes, at most or in truth. `cost` is in the stack's currency; None: a price is not configured."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal | None = ZERO

    def of(self, measure: Measure) -> Number:
        """What it takes of a limit; each call is one request. What has no price takes nothing in money."""
        match measure:
            case "requests":
                return 1
            case "tokens":
                return self.input_tokens + self.output_tokens
        return self.cost or ZERO


NOTHING = Use()


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one call holds of its key: from which window on, for a call of which deployment."""

    window: str
    deployment: str
    most: Use


@dataclass(frozen=True, slots=True)
class Settlement:
    """A reservation and what became of its call."""

    reservation: Reservation
    actual: Use
    stop: str
    """The answer's stop reason, or `error` if it has none."""
    latency_ms: int

    def given_back(self, window: str) -> dict[str, Number]:
        """What returns to each counter of the row, by attribute, if that is in this window now."""
        before, back = self.reservation.window, {}
        for limit in LIMITS:
            unused = self.reservation.most.of(limit.measure) - self.actual.of(limit.measure)
            if unused and same(limit.span, before, window):
                back[limit.left] = unused
        return back


def window_of(now: datetime) -> str:
    """The minute of the clock, in UTC, in which a call counts; it begins with its day and its month."""
    return f"{now.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def part(span: Span, window: str) -> str:
    """The minute, day or month of a window."""
    return window[: _LENGTH[span]]


def same(span: Span, one: str, other: str) -> bool:
    """Whether two windows lie in the same minute, day or month."""
    return part(span, one) == part(span, other)


def begins_at(window: str) -> datetime:
    """When a window begins."""
    return datetime.strptime(window, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)


def seconds_left(span: Span, window: str, now: datetime) -> int:
    """Whole seconds, at least 1, after which that is over; a window that another clock began lies a little ahead."""
    return max(1, math.ceil((resets_at(span, window) - max(now, begins_at(window))).total_seconds()))


def resets_at(span: Span, window: str) -> datetime:
    """When the minute, day or month of a window is over."""
    begins = begins_at(window)
    if span == "minute":
        return begins + timedelta(minutes=1)
    midnight = begins.replace(hour=0, minute=0)
    if span == "day":
        return midnight + timedelta(days=1)
    return (midnight.replace(day=1) + timedelta(days=32)).replace(day=1)


def full(allowed: float | None) -> Number:
    """What is left of a limit when its window begins."""
    if allowed is None:
        return UNBOUNDED
    return allowed if isinstance(allowed, int) else Decimal(str(allowed))
