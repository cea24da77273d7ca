"""Histogram bins of record lengths in estimated tokens, with readable bounds, for the report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

MOST_BINS = 24
_COMMON = 95
"""Percentage of records that the even bins must hold. Longer records share the last bin unless they fit as well."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The number of records with `least` to `most` estimated tokens, both inclusive."""

    least: int
    most: int
    records: int


def bins(histogram: Counter[int]) -> tuple[Bin, ...]:
    """Bin record counts by estimated tokens into at most MOST_BINS bins of equal width; the last takes all longer ones.

    They begin where the records do. `histogram` is the number of records per estimate.
    """
    if not histogram:
        return ()
    shortest, longest = min(histogram), max(histogram)
    width = _width(shortest, _common(histogram), longest)
    first = shortest // width
    count = min(MOST_BINS, longest // width - first + 1)
    filled = Counter[int]()
    for estimated, records in histogram.items():
        filled[min(estimated // width - first, count - 1)] += records
    starts = [width * (first + index) for index in range(count)]
    ends = [*(start - 1 for start in starts[1:]), max(longest, starts[-1] + width - 1)]
    return tuple(Bin(start, end, filled[index]) for index, (start, end) in enumerate(zip(starts, ends, strict=True)))


def _common(histogram: Counter[int]) -> int:
    """The length that _COMMON percent of the records do not exceed."""
    rank = -(-histogram.total() * _COMMON // 100)
    seen = 0
    for estimated in sorted(histogram):
        seen += histogram[estimated]
        if seen >= rank:
            return estimated
    return 0


def _width(shortest: int, common: int, longest: int) -> int:
    """The smallest round width (1, 2 or 5 times a power of ten) whose even bins hold the common records."""
    reach = longest if longest <= common * 3 // 2 else common * 5 // 4
    wanted = -(-(reach + 1 - shortest) // (MOST_BINS - 1))  # the first one may begin before the shortest
    magnitude = 1
    while True:
        for step in (1, 2, 5):
            if step * magnitude >= wanted:
                return step * magnitude
        magnitude *= 10
