"""How small a difference between two models a test split can show, by exact pairs (McNemar). Pure."""

from __future__ import annotations

from math import ceil, sqrt
from statistics import NormalDist

ALPHA, POWER = 0.05, 0.8
DISCORDANT = 0.1
"""The share of records that two models answer differently in kind, one right and one wrong: assumed, as nobody knows it
before they are asked. A difference larger than that makes all of them differ one way."""
_Z_ALPHA, _Z_POWER = NormalDist().inv_cdf(1 - ALPHA / 2), NormalDist().inv_cdf(POWER)
_STEP = 0.005


def records_needed(difference: float, discordant: float = DISCORDANT) -> int:
    """The records that show a difference between two shares of right answers (0 to 1) in `POWER` of all cases.

    By the normal approximation of McNemar's test for `ALPHA`, two-sided (Connor 1987).
    """
    share = max(discordant, difference)
    spread = _Z_ALPHA * sqrt(share) + _Z_POWER * sqrt(share - difference**2)
    return ceil((spread / difference) ** 2)


def scores_needed(difference: float, deviation: float) -> int:
    """The records that show a difference between two mean scores, whose differences have this standard deviation."""
    return ceil(((_Z_ALPHA + _Z_POWER) * deviation / difference) ** 2)


def smallest_difference(records: int, discordant: float = DISCORDANT) -> float | None:
    """The smallest difference between two shares of right answers that so many records show, in steps of half a point.

    None if not even all records answered differently would.
    """
    steps = (number * _STEP for number in range(1, round(1 / _STEP)))
    return next((round(step, 3) for step in steps if records_needed(step, discordant) <= records), None)
