"""How many records would have been enough: to show a difference, or that there is none worth speaking of. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from statistics import NormalDist
from typing import Literal

from tunedrop.domain.evaluation import bounded_means, power
from tunedrop.domain.evaluation.contrasts import Contrast
from tunedrop.domain.evaluation.power import ALPHA, POWER

DIFFERENCES = (0.03, 0.05, 0.1)
MOST = 1_000_000
"""Records: a need above this is no advice."""
DEVIATION = 0.3
"""Of the differences between two models' scores of one record: assumed, as nobody knows it before they are asked. It is
that of answers right or wrong of which a tenth differ (`power.DISCORDANT`)."""
_STEP = 0.005

Wish = Literal["difference", "not_worse", "equivalent"]


@dataclass(frozen=True, slots=True)
class Need:
    """How many records show it in `POWER` of all evaluations, if it is true."""

    wish: Wish
    size: float
    """A difference that is there; or the margin that holds although no difference is there. 0 to 1."""
    records: int


def needs(contrast: Contrast, margin: float) -> Iterator[Need]:
    """What it takes, from what this contrast says about how much the candidates differ record by record."""
    seen = round(abs(contrast.difference), 4)
    for size in sorted({*DIFFERENCES, *({seen} if seen >= _STEP else ())}):
        yield from _need(contrast, "difference", size, _to_show(contrast, size))
    if margin > 0:
        yield from _need(contrast, "not_worse", margin, _to_bound(contrast, margin, POWER))
        yield from _need(contrast, "equivalent", margin, _to_bound(contrast, margin, (1 + POWER) / 2))


def planned(records: int, *, binary: bool) -> float | None:
    """The smallest true difference that so many records may show, before anybody is asked; None if none."""
    if binary:
        return power.smallest_difference(records)
    steps = (number * _STEP for number in range(1, round(1 / _STEP)))
    return next((round(step, 3) for step in steps if planned_records(step, binary=False) <= records), None)


def planned_records(size: float, *, binary: bool) -> int:
    """The records that may show a difference of this size."""
    return power.records_needed(size) if binary else bounded_means.records_needed(size, DEVIATION)


def smallest_shown(contrast: Contrast) -> float | None:
    """The smallest true difference that so many records show, in steps of half a point; None if none."""
    steps = (number * _STEP for number in range(1, round(1 / _STEP)))
    return next(
        (round(step, 3) for step in steps if 0 < _to_show(contrast, step) * contrast.effect <= contrast.records),
        None,
    )


def _need(contrast: Contrast, wish: Wish, size: float, alone: int) -> Iterator[Need]:
    records = ceil(alone * contrast.effect)
    if 0 < records <= MOST:
        yield Need(wish, size, records)


def _to_show(contrast: Contrast, size: float) -> int:
    if contrast.binary:
        return power.records_needed(size, _discordant(contrast))
    return bounded_means.records_needed(size, contrast.deviation)


def _to_bound(contrast: Contrast, margin: float, likely: float) -> int:
    """Where nothing differs, records whose 90% interval stays inside the margin, on each side this likely."""
    if not contrast.binary:
        return bounded_means.records_needed(margin, contrast.deviation, alpha=ALPHA, likely=likely)
    z = NormalDist().inv_cdf(1 - ALPHA) + NormalDist().inv_cdf(likely)
    return ceil(_discordant(contrast) * (z / margin) ** 2)


def _discordant(contrast: Contrast) -> float:
    """The share of records that only one candidate has right, as seen; assumed where there was none."""
    return (contrast.better + contrast.worse) / contrast.records or power.DISCORDANT
