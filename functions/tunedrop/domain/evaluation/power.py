"""How small a difference between two models a test split can show, by exact pairs (McNemar). Pure."""

from __future__ import annotations

from math import ceil, sqrt

ALPHA, POWER = 0.05, 0.8
DISCORDANT = 0.1
"""The share of records that two models answer differently in kind, one right and one wrong: assumed, as nobody knows it
before they are asked. A difference larger than that makes all of them differ one way."""
Z_ALPHA, Z_POWER = 1.959963984540054, 0.8416212335729143
"""Standard normal quantiles of 1 - ALPHA / 2 and POWER: every command reads this module, few need `statistics`."""
_STEP = 0.005


def records_needed(difference: float, discordant: float = DISCORDANT) -> int:
    """The records that show a difference between two shares of right answers (0 to 1) in `POWER` of all cases.

    By the normal approximation of McNemar's test for `ALPHA`, two-sided (Connor 1987).
    """
    share = max(discordant, difference)
    spread = Z_ALPHA * sqrt(share) + Z_POWER * sqrt(share - difference**2)
    return ceil((spread / difference) ** 2)


def smallest_difference(records: int, discordant: float = DISCORDANT) -> float | None:
    """The smallest difference between two shares of right answers that so many records show, in steps of half a point.

    None if not even all records answered differently would.
    """
    steps = (number * _STEP for number in range(1, round(1 / _STEP)))
    return next((round(step, 3) for step in steps if records_needed(step, discordant) <= records), None)


def words(records: int) -> str:
    """What so many records of test can show, as a sentence without its end."""
    smallest = smallest_difference(records)
    if smallest is None:
        return f"{records:,} records of test can show no difference between two models"
    size = f"{smallest * 100:g} points"
    return f"{records:,} records of test show a difference of {size} or more in right answers, four times in five"
