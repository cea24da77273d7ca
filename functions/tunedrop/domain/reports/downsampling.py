"""Choose few of many points so that a line through them still shows every peak. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

LEAST = 5
"""The fewest points that can be asked for: first, last, and one bucket's lowest, highest and gap."""


def kept(values: Sequence[float | None], most: int) -> Sequence[int]:
    """The indexes of at most `most` (at least LEAST) values, in order; all of them if they are no more.

    Of each of as many buckets of equal width as fit, the lowest and highest value and, where values are missing (None),
    one gap; and the first and last value. So the extremes of the whole are always among them.
    """
    most = max(most, LEAST)
    if len(values) <= most:
        return range(len(values))
    each = 3 if None in values else 2
    buckets = (most - 2) // each
    chosen = {0, len(values) - 1}
    for number in range(buckets):
        chosen.update(_of_bucket(values, number * len(values) // buckets, (number + 1) * len(values) // buckets))
    return sorted(chosen)


def _of_bucket(values: Sequence[float | None], first: int, last: int) -> Iterator[int]:
    """The lowest, highest and first missing of values `first` to `last`, exclusive."""
    part = values[first:last]
    known = [value for value in part if value is not None]
    if known:
        yield first + part.index(min(known))
        yield first + part.index(max(known))
    if len(known) < len(part):
        yield first + part.index(None)
