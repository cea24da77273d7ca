"""One candidate against another on the same records: what is known of the difference, and the verdict. Pure.

Failed and truncated answers count as wrong and stay in: dropping them would favor the model that fails more. Calls that
brought no answer decide nothing, though: what is said holds with their records and without. And what rests on scores
holds as well if those that were not seen are the worst there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, fsum, sqrt
from statistics import stdev
from typing import Literal

from tunedrop.domain.evaluation import bounded_means, paired_tests, power, student
from tunedrop.domain.evaluation.paired_tests import Interval
from tunedrop.domain.evaluation.power import ALPHA

EvaluationVerdict = Literal["better", "worse", "equivalent", "insufficient_evidence", "suspect", "incomplete"]

MOST_FAILED = 0.02
"""Calls of either candidate without an answer: above this share, nobody knows what the others would have said."""
SUSPECT_SAME = 0.99
"""Answers that are the same to the letter: above this share, one model probably answered for both."""
FEWEST_DIFFERENT = 20
"""Scores that differ: below, the interval of scores covers too little (.827 instead of .95)."""
_ENOUGH = 1_000_000
"""Records: a need above this is no advice."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What both candidates made of one record."""

    ours: float
    """0 to 1; 0 if the answer failed or was cut off."""
    theirs: float
    same: bool
    """Whether both answers are the same to the letter."""
    failed: bool
    """Whether either of the calls brought no answer."""
    cluster: str
    """Records that belong together share it; else the record's own id."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """What is known of the difference. Positive: the first candidate is better."""

    records: int
    clusters: int
    better: int
    """Records on which the first candidate scored higher."""
    worse: int
    difference: float
    """Of the mean scores, -1 to 1."""
    interval: Interval | None
    """95 %; None where there is too little to say."""
    narrow: Interval | None
    """90 %: an equivalence test for 5 %. It holds what the records say whose calls were answered, too."""
    p: float
    """The larger one of all records' and of those whose calls were answered; 1 where they differ in their sign. Of
    scores, also the larger one of sign flips and of what is known of a bounded mean."""
    reliable: bool
    """Whether the intervals may decide."""
    same: float
    """The share of answers that are the same to the letter, where both came."""
    failed: float
    deviation: float
    """The standard deviation of the differences."""
    binary: bool
    effect: float = 1.0
    """How many of these records tell as much as one that belongs to no other; at least 1."""


def measure(pairs: Sequence[Pair], *, binary: bool) -> Contrast:
    """The difference between the candidates. `binary`: every score is 0 or 1. Needs at least one pair."""
    found = _measured(pairs, binary=binary)
    answered = [pair for pair in pairs if not pair.failed]
    if len(answered) in {0, len(pairs)}:
        return found
    alone = _measured(answered, binary=binary)
    return replace(
        found,
        narrow=_hull(found.narrow, alone.narrow),
        p=max(found.p, alone.p) if found.difference * alone.difference > 0 else 1.0,
        reliable=found.reliable and alone.reliable,
        same=alone.same,
    )


def _hull(one: Interval | None, other: Interval | None) -> Interval | None:
    return Interval(min(one.low, other.low), max(one.high, other.high)) if one and other else None


def _measured(pairs: Sequence[Pair], *, binary: bool) -> Contrast:
    sums: dict[str, float] = {}
    sizes: dict[str, int] = {}
    for pair in pairs:
        sums[pair.cluster] = sums.get(pair.cluster, 0.0) + pair.ours - pair.theirs
        sizes[pair.cluster] = sizes.get(pair.cluster, 0) + 1
    records = len(pairs)
    better, worse = sum(pair.ours > pair.theirs for pair in pairs), sum(pair.ours < pair.theirs for pair in pairs)
    exact = binary and len(sums) == records
    totals, counts = list(sums.values()), list(sizes.values())

    deviation = stdev(pair.ours - pair.theirs for pair in pairs) if records > 1 else 0.0

    def interval(level: float) -> Interval | None:
        if exact:
            return paired_tests.tango(better, worse, records, level)
        return interval_of_scores(totals, counts, level) if len(totals) > 1 else None

    return Contrast(
        records=records,
        clusters=len(sums),
        better=better,
        worse=worse,
        difference=fsum(totals) / records,
        interval=interval(0.95),
        narrow=interval(0.90),
        p=paired_tests.mcnemar(better, worse) if exact else _p_of_scores(totals, counts),
        reliable=exact or sum(bool(total) for total in totals) >= FEWEST_DIFFERENT,
        same=sum(pair.same for pair in pairs) / records,
        failed=sum(pair.failed for pair in pairs) / records,
        deviation=deviation,
        binary=binary,
        effect=_design_effect(totals, counts, deviation),
    )


def interval_of_scores(totals: Sequence[float], counts: Sequence[int], level: float) -> Interval:
    """Student's interval, widened to what holds if the scores that were not seen are the worst."""
    one_sided = 0.5 + level / 2
    low, high = (bound(totals, counts, one_sided) for bound in (bounded_means.lowest, bounded_means.highest))
    usual = paired_tests.clustered(totals, counts, level)
    return Interval(min(usual.low, low), max(usual.high, high))


def _p_of_scores(totals: Sequence[float], counts: Sequence[int]) -> float:
    upward = totals if fsum(totals) > 0 else [-total for total in totals]
    return max(paired_tests.sign_flips(totals), min(1.0, 2 * bounded_means.p_not_above(upward, counts)))


def verdict(contrast: Contrast, margin: float, p: float | None = None) -> EvaluationVerdict:
    """The verdict. `p`: adjusted for the number of contrasts, if there are several; `margin`: what makes no difference.

    Fewer than six records that only one candidate has right can't be better or worse: their exact p is above .05.
    """
    if contrast.failed > MOST_FAILED:
        return "incomplete"
    if contrast.same >= SUSPECT_SAME:
        return "suspect"
    if (contrast.p if p is None else p) <= ALPHA and contrast.difference:
        return "better" if contrast.difference > 0 else "worse"
    narrow = contrast.narrow
    if contrast.reliable and narrow and -margin < narrow.low and narrow.high < margin:
        return "equivalent"
    return "insufficient_evidence"


def is_not_worse(contrast: Contrast, margin: float) -> bool:
    """Whether the first candidate is at most `margin` worse, by the one-sided 5 % test: a gate, never a verdict."""
    return contrast.reliable and contrast.narrow is not None and contrast.narrow.low > -margin


def records_needed(contrast: Contrast, margin: float) -> int | None:
    """How many records would show the difference that was seen, or, where there is hardly one, the margin.

    In four of five cases, and None where no number of records would do.
    """
    wanted = max(abs(contrast.difference), margin)
    if not wanted:
        return None
    if contrast.binary:
        discordant = (contrast.better + contrast.worse) / contrast.records
        needed = power.records_needed(wanted, discordant or power.DISCORDANT)
    else:
        needed = bounded_means.records_needed(wanted, contrast.deviation)
    needed = ceil(needed * contrast.effect)
    return needed if contrast.records < needed <= _ENOUGH else None


def _design_effect(totals: Sequence[float], counts: Sequence[int], deviation: float) -> float:
    records, clusters = sum(counts), len(counts)
    alone = deviation / sqrt(records)
    if clusters in {1, records} or not alone:
        return 1.0
    interval = paired_tests.clustered(totals, counts, 1 - ALPHA)
    half = (interval.high - interval.low) / 2
    return max(1.0, (half / student.quantile(1 - ALPHA / 2, clusters - 1) / alone) ** 2)
