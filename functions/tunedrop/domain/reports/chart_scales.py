"""Scales of charts: which range a chart shows, where its ticks are, and what they say. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

LARGEST = 1e125
"""Larger values can't be drawn; it is also the largest that a job's metrics hold."""
_SMALLEST_RATIO = 1e-9
"""Of a range to its values: below it, neighboring ticks would read alike."""
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` on pixels from `start` to `end`, which may fall."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a value; of one out of range the nearest end."""
        low, high, at = (self._placed(each) for each in (self.low, self.high, value))
        share = min(max((at - low) / (high - low), 0.0), 1.0)
        return self.start + (self.end - self.start) * share

    def _placed(self, value: float) -> float:
        return math.log10(max(value, self.low)) if self.log else value


def is_drawable(value: float | None) -> bool:
    """Whether the value is a number that a chart can show; anything else is a gap."""
    return value is not None and -LARGEST <= value <= LARGEST


def around(values: Iterable[float], *, log: bool = False) -> tuple[float, float]:
    """The range to show for these values: a little more than they take; 0 to 1 if there are none."""
    known = list(values)
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if log:
        return low / 1.15, high * 1.15
    if high - low <= _SMALLEST_RATIO * max(abs(low), abs(high)):
        margin = abs(high) * 0.05 or 0.5
    else:
        margin = (high - low) * 0.06
    bottom = low - margin
    return (0.0 if low >= 0 > bottom else bottom), high + margin


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Round numbers from `low` to `high`, at most `most` + 1 of them; whole numbers only if asked."""
    least = (high - low) / most
    magnitude = 10.0 ** math.floor(math.log10(least))
    step = next((each * magnitude for each in _STEPS if each * magnitude >= least), 10 * magnitude)
    if whole:
        step = math.ceil(step)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Powers of ten from `low` to `high`, with 2 and 5 times them where they are few; even steps where all are."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = -(-(last - first) // most)
    for multiples in ((1, 2, 5), (1,)):
        powers = range(first, last + 1, every)
        found = [each * 10.0**power for power in powers for each in multiples]
        shown = [value for value in found if low <= value <= high]
        if len(shown) <= most + 1:
            break
    return shown if len(shown) > 1 else ticks(low, high, most)


def labels(values: Sequence[float]) -> list[str]:
    """What the ticks say: with as many decimals as tell them apart, or as powers where they are huge or tiny."""
    sizes = [abs(value) for value in values if value]
    if sizes and (max(sizes) >= 1e7 or max(sizes) < 1e-3):
        return [_power(value) for value in values]
    return [f"{value:,.{decimals}f}" for value, decimals in zip(values, _decimals(values), strict=True)]


def _power(value: float) -> str:
    """As 2.5e7 or 1e-9."""
    if not value:
        return "0"
    digits, _, exponent = f"{value:.3g}".partition("e")
    return f"{digits}e{int(exponent)}" if exponent else f"{float(digits):,g}"


def _decimals(values: Sequence[float]) -> list[int]:
    """Of evenly spaced values all the same; of others each its own."""
    gaps = [after - before for before, after in pairwise(values)]
    close = min(gaps, default=1.0) * 1e-3
    own = [next((count for count in range(10) if abs(value - round(value, count)) <= close), 10) for value in values]
    even = all(math.isclose(gap, gaps[0], rel_tol=1e-6) for gap in gaps)
    return [max(own, default=0)] * len(own) if even else own
