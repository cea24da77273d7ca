"""Centered means, which show a noisy line's course without shifting it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

MOST = 101
"""Values in the widest window."""
_SHARE = 20
"""A window takes one value of so many, where that is less."""
_LEAST = 20
"""Fewer values than this are shown as they are."""
_NARROWEST = 4
"""The part of a window that it shrinks to."""


def window(count: int) -> int:
    """The number of values, which is odd, in a window over so many; 1 if they are too few to be smoothed."""
    return 1 if count < _LEAST else min(MOST, max(3, count // _SHARE | 1))


def smoothed(values: Sequence[float | None], width: int) -> list[float | None]:
    """The mean of up to `width` values around each; gaps (None) stay, and nothing is averaged across them.

    Toward an end or a gap the window shrinks on both sides alike. Where it would become so small that it only repeats
    the noise, there is no mean.
    """
    found: list[float | None] = []
    for run in _runs(values):
        found += [None] if run is None else _means(run, width // 2)
    return found


def _runs(values: Sequence[float | None]) -> Iterator[list[float] | None]:
    """Stretches without a gap, and None for each gap."""
    run: list[float] = []
    for value in values:
        if value is not None:
            run.append(value)
            continue
        if run:
            yield run
        yield None
        run = []
    if run:
        yield run


def _means(run: Sequence[float], half: int) -> Iterator[float | None]:
    sums, last = [0.0, *accumulate(run)], len(run) - 1
    least = min(half // _NARROWEST, last // 2)
    for index in range(len(run)):
        reach = min(half, index, last - index)
        mean = (sums[index + reach + 1] - sums[index - reach]) / (2 * reach + 1)
        yield mean if reach >= least else None
