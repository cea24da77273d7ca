"""How small a difference between two models a test split can show, by exact pairs (McNemar). Pure."""

from __future__ import annotations

from math import ceil, log, sqrt
from statistics import NormalDist

ALPHA, POWER = 0.05, 0.8
DISCORDANT = 0.1
"""The share of records that two models answer differently in kind, one right and one wrong: assumed, as nobody knows it
before they are asked. A difference larger than that makes all of them differ one way."""
_Z_ALPHA, _Z_POWER = NormalDist().inv_cdf(1 - ALPHA / 2), NormalDist().inv_cdf(POWER)
_STEP = 0.005
_SMALLEST = 1e-6
"""A difference below counts as this one."""


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


def bounded_needed(size: float, deviation: float, *, alpha: float = ALPHA / 2, likely: float = POWER) -> int:
    """The same where it holds as well if the scores that were not seen are the worst there are (`bounded_means`).

    `alpha` is one-sided; `size` may also be a margin that holds where nothing differs.
    """
    z_alpha, z_likely = (NormalDist().inv_cdf(share) for share in (1 - alpha, likely))

    def do(records: int) -> bool:
        unseen = (1 + size) / records
        spread = z_alpha * sqrt(deviation**2 / records + unseen**2) + z_likely * deviation / sqrt(records)
        return size - unseen >= spread

    most = fewest = ceil(-log(alpha) * (1 + size) / max(size, _SMALLEST))
    while size > _SMALLEST and not do(most):
        fewest, most = most, 2 * most
    while most - fewest > 1:
        middle = (fewest + most) // 2
        fewest, most = (fewest, middle) if do(middle) else (middle, most)
    return most


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
    return f"{records:,} records of test show a difference of {smallest * 100:g} points or more, four times in five"
