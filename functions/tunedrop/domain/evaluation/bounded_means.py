"""What scores say of a mean if those that were not seen may be the worst there are: for few or skewed scores. Pure.

Student's interval and sign flips take it that rare, large losses show among the records; among few, they may not. So
one more record is added, the worst that there can be, and each is weighted by chance (Gaffke 2005, Learned-Miller and
Thomas 2020): the bound is what the weighted mean seldom falls below. The weights are exponential, and a saddlepoint
(Lugannani and Rice 1980) works the probability out, so that the same answers give the same bound. docs/evaluation.md
has the rates of error that were measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, copysign, fsum, log, log1p, sqrt
from statistics import NormalDist

from tunedrop.domain.evaluation.power import ALPHA, POWER

_NORMAL = NormalDist()
_STEPS = 60
_LEAST, _CLOSE = 1e-15, 1e-7
"""Of a probability, so that its quantile is finite; and of what is close enough."""
_SMALLEST = 1e-6
"""A difference below counts as this one."""
_NEAR = 1e-4
"""So near to its middle, a sum is as often above as below."""


def p_not_above(sums: Sequence[float], sizes: Sequence[int], mean: float = 0.0) -> float:
    """The one-sided p of the mean difference not being above `mean`, from each cluster's sum and its records.

    A record's difference is -1 to 1.
    """
    worst = max(sizes)
    return _below([total - mean * size for total, size in zip(sums, sizes, strict=True)] + [-worst * (1 + mean)])


def lowest(sums: Sequence[float], sizes: Sequence[int], level: float) -> float:
    """The bound that the mean difference is above, at a one-sided level of confidence such as 0.975."""
    wanted = _NORMAL.inv_cdf(1 - level)

    def over(mean: float) -> float:
        """How far its p is above the wanted one, as normal quantiles, of which a mean is nearly a straight line."""
        return _NORMAL.inv_cdf(min(max(p_not_above(sums, sizes, mean), _LEAST), 1 - _LEAST)) - wanted

    low, high = -1.0, sum(sums) / sum(sizes)
    if high <= low:
        return low
    mean, before = high + (low - high) / sqrt(len(sums) + 1), high
    found, earlier = over(mean), over(high)
    for _ in range(_STEPS):  # secants, kept between what is known to be too low and too high
        low, high = (mean, high) if found < 0 else (low, mean)
        if abs(found) < _CLOSE or high - low < _CLOSE:
            break
        step = mean - found * (mean - before) / (found - earlier) if found != earlier else low
        before, earlier = mean, found
        mean = step if low < step < high else (low + high) / 2
        found = over(mean)
    return mean


def highest(sums: Sequence[float], sizes: Sequence[int], level: float) -> float:
    """The bound that it is below."""
    return -lowest([-total for total in sums], sizes, level)


def records_needed(size: float, deviation: float, *, alpha: float = ALPHA / 2, likely: float = POWER) -> int:
    """The records that show a difference between two mean scores, whose differences have this standard deviation.

    `alpha` is one-sided; `size` may also be a margin that holds where nothing differs.
    """
    z_alpha, z_likely = (_NORMAL.inv_cdf(share) for share in (1 - alpha, likely))

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


def _below(values: Sequence[float]) -> float:
    """The probability that the values, each times an exponential weight of its own, add up to 0 or less."""
    if max(values) <= 0:
        return 1.0
    if min(values) >= 0:
        return 0.0
    point, curve = _saddlepoint(values)
    far = point * sqrt(curve)
    if abs(far) < _NEAR:
        return 0.5
    root = copysign(sqrt(max(2 * fsum(log1p(-point * value) for value in values), 0.0)), point)
    if not root:
        return 0.5
    return min(1.0, max(0.0, _NORMAL.cdf(root) + _NORMAL.pdf(root) * (1 / root - 1 / far)))


def _saddlepoint(values: Sequence[float]) -> tuple[float, float]:
    """Where the sum's cumulant function is lowest, and its curvature there; Newton's steps, kept inside its domain."""
    low, high = 1 / min(values), 1 / max(values)
    point = 0.0
    for _ in range(_STEPS):
        tilted = [value / (1 - point * value) for value in values]
        slope, curve = fsum(tilted), fsum(each * each for each in tilted)
        low, high = (low, point) if slope > 0 else (point, high)
        step = point - slope / curve
        after = step if low < step < high else (low + high) / 2
        if abs(after - point) <= 1e-11 * (abs(point) + 1e-6):
            break
        point = after
    return point, curve
