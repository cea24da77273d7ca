"""Two models, the same records: is the difference more than chance, and how large may it be? Pure.

Right or wrong: McNemar's exact test and Tango's interval. Scores, and records that belong together: sign flips and
Student's interval with clusters. docs/evaluation.md has what each was chosen over, and the rates of error measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import copysign, inf, sqrt
from statistics import NormalDist

from tunedrop.domain.evaluation import student

FLIPS = 9_999
_SEED = b"sign flips"
"""The same answer for the same data: bits are a digest's, not a generator's."""
_SCALE = 1_000_000
"""Scores are added up in millionths, so that equal sums are equal."""
_FIELD = 64
_BISECTIONS = 60


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval of a difference, -1 to 1."""

    low: float
    high: float


def mcnemar(better: int, worse: int) -> float:
    """The exact two-sided p of McNemar's test: of the records that only one model has right, how many each."""
    total, fewer = better + worse, min(better, worse)
    ways: int = 1
    tail: int = 1
    for count in range(fewer):
        ways = ways * (total - count) // (count + 1)
        tail += ways
    return min(1.0, 2 * tail / (1 << total))


def tango(better: int, worse: int, records: int, level: float) -> Interval:
    """Tango's score interval (1998) of the difference between two shares of right answers."""
    z = NormalDist().inv_cdf(0.5 + level / 2)

    def score(difference: float) -> float:
        linear = (2 * records - better + worse) * difference - better - worse
        constant = -worse * difference * (1 - difference)
        share = (sqrt(max(0.0, linear * linear - 8 * records * constant)) - linear) / (4 * records)
        variance = records * (2 * share + difference * (1 - difference))
        distance = better - worse - records * difference
        if variance > 1e-12:
            return distance / sqrt(variance)
        return copysign(inf, distance) if distance else 0.0

    def solve(low: float, high: float, wanted: float) -> float:
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            low, high = (middle, high) if score(middle) > wanted else (low, middle)
        return (low + high) / 2

    found = (better - worse) / records
    return Interval(min(found, solve(-1 + 1e-9, found, z)), max(found, solve(found, 1 - 1e-9, -z)))


def sign_flips(sums: Sequence[float]) -> float:
    """The two-sided p that random signs would make the sum so far from 0, by `FLIPS` flips of each cluster's sum.

    The flips of all clusters are added up side by side, in the fields of one long integer.
    """
    sizes = [round(abs(value) * _SCALE) for value in sums if value]
    observed = abs(round(sum(round(value * _SCALE) for value in sums)))
    if not sizes:
        return 1.0
    ones = int.from_bytes((1).to_bytes(_FIELD // 8, "little") * FLIPS, "little")
    chosen = 0
    for number, size in enumerate(sizes):
        bits = hashlib.shake_256(_SEED + number.to_bytes(4, "little")).digest(_FIELD // 8 * FLIPS)
        chosen += (int.from_bytes(bits, "little") & ones) * size
    total = sum(sizes)
    fields = memoryview(chosen.to_bytes(_FIELD // 8 * FLIPS, "little")).cast("Q")
    as_far = sum(abs(2 * field - total) >= observed for field in fields)
    return (1 + as_far) / (1 + FLIPS)


def clustered(sums: Sequence[float], sizes: Sequence[int], level: float) -> Interval:
    """Student's interval of the mean difference, from each cluster's sum of differences and its records (CR1).

    A record of its own is a cluster of one; then this is the usual paired interval. Needs two clusters.
    """
    records, clusters = sum(sizes), len(sizes)
    mean = sum(sums) / records
    spread = sum((total - mean * size) ** 2 for total, size in zip(sums, sizes, strict=True))
    error = sqrt(clusters / (clusters - 1) * spread) / records
    half = student.quantile(0.5 + level / 2, clusters - 1) * error
    return Interval(max(-1.0, mean - half), min(1.0, mean + half))


def holm(ps: Sequence[float]) -> list[float]:
    """The p of each contrast, adjusted for their number by Holm's method."""
    order = sorted(range(len(ps)), key=lambda index: ps[index])
    adjusted = [1.0] * len(ps)
    highest = 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, (len(ps) - place) * ps[index]))
        adjusted[index] = highest
    return adjusted
