"""Student's distribution, which the standard library lacks and SciPy would bring 100 MB for. Pure."""

from __future__ import annotations

from math import exp, inf, lgamma, log, log1p

_STEPS = 300
_TINY = 1e-300
_NEARLY = 1e-15


def quantile(probability: float, freedom: int) -> float:
    """The value that a t-distributed variable stays below with this probability (0.5 to 1), to ten digits."""
    low, high = 0.0, 1.0
    while _below(high, freedom) < probability:
        low, high = high, high * 2
        if high > 1e12:
            return inf
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(middle, freedom) < probability else (low, middle)
    return (low + high) / 2


def _below(value: float, freedom: int) -> float:
    """The probability of a smaller value; `value` is 0 or more."""
    outside = _beta_share(freedom / (freedom + value * value), freedom / 2, 0.5)
    return 1 - outside / 2


def _beta_share(share: float, a: float, b: float) -> float:
    """The regularized incomplete beta function (Abramowitz and Stegun, 26.5.8, and its mirror image)."""
    if share in {0.0, 1.0}:
        return share
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(share) + b * log1p(-share))
    if share < (a + 1) / (a + b + 2):
        return front * _fraction(share, a, b) / a
    return 1 - front * _fraction(1 - share, b, a) / b


def _fraction(share: float, a: float, b: float) -> float:
    """Its continued fraction, by Lentz's method."""
    upper, lower = 1.0, _safe(1 - (a + b) * share / (a + 1))
    lower = 1 / lower
    value = lower
    for step in range(1, _STEPS):
        even = step * (b - step) * share / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * share / ((a + 2 * step) * (a + 2 * step + 1))
        for term in (even, odd):
            lower = 1 / _safe(1 + term * lower)
            upper = _safe(1 + term / upper)
            value *= lower * upper
        if abs(lower * upper - 1) < _NEARLY:
            break
    return value


def _safe(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
