"""Robust statistics of loss curves: medians, levels of blocks, noise from differences, and a line with its error. Pure.

Plain Python: the functions' layer has no numeric library, and a run has 100,000 steps at most.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median

_TO_SIGMA = 1.4826
"""A median deviation times this is the standard deviation, if the noise is normal."""

_OF_MEDIAN = 1.25
"""A median's standard error is this times a mean's, if the noise is normal."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line through the levels of equal blocks: its height at both ends, and the standard error of what it falls."""

    start: float
    end: float
    error: float


def levels(values: Sequence[float], count: int) -> list[float]:
    """The medians of `count` nearly equal blocks, in order; of fewer, where there are fewer values."""
    count = min(count, len(values))
    edges = [index * len(values) // count for index in range(count + 1)] if count else []
    return [median(values[first:last]) for first, last in pairwise(edges)]


def deviation(values: Sequence[float]) -> float:
    """The standard deviation, by the median deviation from the median; 0 without values."""
    if not values:
        return 0.0
    middle = median(values)
    return _TO_SIGMA * median(abs(value - middle) for value in values)


def step_noise(values: Sequence[float]) -> float:
    """The standard deviation of single values around their level, by the differences of neighbors."""
    if len(values) < 2:
        return 0.0
    return _TO_SIGMA * median(abs(after - before) for before, after in pairwise(values)) / math.sqrt(2)


def median_error(values: Sequence[float], size: int) -> float:
    """The standard error of the median of `size` of these values, odd ones counted in full."""
    if len(values) < 2:
        return 0.0
    square = fmean((after - before) ** 2 for before, after in pairwise(values)) / 2
    return _OF_MEDIAN * math.sqrt(square / size)


def level_noise(heights: Sequence[float]) -> float:
    """The standard deviation of levels around a smooth curve, by their second differences."""
    bends = [heights[i] - (heights[i - 1] + heights[i + 1]) / 2 for i in range(1, len(heights) - 1)]
    return deviation(bends) / math.sqrt(1.5)


def line(heights: Sequence[float]) -> Line:
    """The least-squares line through at least three levels, from the first block's beginning to the last one's end."""
    count = len(heights)
    middle, mean = (count - 1) / 2, fmean(heights)
    spread = sum((index - middle) ** 2 for index in range(count))
    slope = sum((index - middle) * height for index, height in enumerate(heights)) / spread
    rest = sum((height - mean - slope * (index - middle)) ** 2 for index, height in enumerate(heights))
    error = count * math.sqrt(rest / (count - 2) / spread)
    return Line(mean - slope * count / 2, mean + slope * count / 2, error)


def medians_before(values: Sequence[float], width: int) -> list[float]:
    """For each place from 0 to the end, the median of the up to `width` values before it; nan for the first place."""
    window: list[float] = []
    found = [math.nan]
    for index, value in enumerate(values):
        if index >= width:
            del window[bisect.bisect_left(window, values[index - width])]
        bisect.insort(window, value)
        half = len(window) // 2
        found.append(window[half] if len(window) % 2 else (window[half - 1] + window[half]) / 2)
    return found


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which that share of the ascending values lies."""
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]
