"""Which of many occurrences a fault strikes: one by its number, a share of them, or those above a rate."""

import random
from datetime import datetime
from typing import Protocol

SEED = 1

LONGEST = 7 * 24 * 3600
"""Seconds that a fault may hold something back: more than the day that AWS's own events may be late."""


class Rule(Protocol):
    """What a fault says of when it strikes: `share` and `above` replace `nth`."""

    @property
    def nth(self) -> int: ...  # noqa: D102
    @property
    def share(self) -> float | None: ...  # noqa: D102
    @property
    def above(self) -> float | None: ...  # noqa: D102


def check(rule: Rule) -> None:
    """Check when a fault strikes. Raises ValueError."""
    if rule.share is not None and rule.above is not None:
        raise ValueError("a fault strikes a share of the occurrences or those above a rate, not both")
    if rule.nth < 1 or rule.nth % 1:
        raise ValueError("nth is a whole number from 1 on")
    if rule.share is not None and not 0 <= rule.share <= 1:
        raise ValueError("share is between 0 and 1")
    if rule.above is not None and rule.above <= 0:
        raise ValueError("above is a positive number of occurrences per second")


class Occasions:
    """Decides for one rule. Its dice are seeded, so that the same occurrences are struck each time."""

    def __init__(self, rule: Rule) -> None:
        check(rule)
        self._rule = rule
        self._dice = random.Random(SEED)  # noqa: S311 - it must repeat itself
        self._credit = self._most = max(1.0, rule.above or 0)
        self._seen: datetime | None = None

    def struck(self, number: int, now: datetime) -> bool:
        """Whether the occurrence of that number, counted from 1, is struck."""
        if self._rule.share is not None:
            return self._dice.random() < self._rule.share
        if self._rule.above is not None:
            return self._is_above(self._rule.above, now)
        return number == self._rule.nth

    def _is_above(self, rate: float, now: datetime) -> bool:
        """A bucket of tokens, as AWS's own throttling: a second's worth may come at once."""
        passed = (now - self._seen).total_seconds() if self._seen else 0.0
        self._credit, self._seen = min(self._most, self._credit + passed * rate), now
        if self._credit < 1:
            return True
        self._credit -= 1
        return False
