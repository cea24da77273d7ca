"""The simulator's only source of time: the wall clock, or a stepped one for tests."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of the current time."""

    def now(self) -> datetime:
        """The current time, aware and in UTC."""
        ...


class SystemClock:
    """The wall clock."""

    def now(self) -> datetime:
        """The current time."""
        return datetime.now(UTC)


class SteppedClock:
    """A clock that stands still until it is advanced."""

    def __init__(self, start: datetime = datetime(2026, 11, 22, 12, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        """The time the clock shows."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._now += timedelta(seconds=seconds)
