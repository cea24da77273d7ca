"""What the level of the training loss does over a run: it ends too high, or no longer falls. Pure.

docs/diagnosis.md#thresholds-and-why has the reasons of each number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import median

from tunedrop.domain.training.diagnosis_codes import Diagnosis, said
from tunedrop.domain.training.loss_statistics import level_noise, levels, line, median_error, step_noise
from tunedrop.domain.training.training_run import Measured, TrainingRun, number, percent

SMALL = 0.05
"""Losses under this share of the first are equally small."""
FEWEST_TO_DIVERGE, FEWEST_TO_JUDGE, FEWEST_FOR_SIXTEEN = 10, 30, 96
"""Steps."""
RISE, RISE_OF_FIRST, RISE_NOISE = 1.3, 0.05, 5.0
OVER_START, START_NOISE = 1.5, 4.0
SAME_PLACE = 1.15
FLAT, ERRORS = 0.03, 2.0
UNLEARNED, UNLEARNED_NOISE, UNLEARNED_AT_MOST = 0.05, 3.0, 0.2


def heights(run: TrainingRun) -> list[float]:
    """The training losses as logarithms, in which noise is alike at high and low losses."""
    least = SMALL * max(run.first, 0.0) or SMALL
    return [math.log(max(each.loss, 0.0) + least) for each in run.losses]


def divergence(run: TrainingRun) -> Diagnosis | None:
    """`diverged`, where the run ends above the lowest level that it reached, or above where it began."""
    count = len(run.losses)
    if count < FEWEST_TO_DIVERGE:
        return None
    tail = min(max(5, count // 10), count // 2)
    values = heights(run)
    end = median(each.loss for each in run.losses[-tail:])
    begun = _risen(run, values, tail, end)
    if begun is not None:
        low, at = begun
        return _diverged(run, at, f"falls to {number(low)} and then rises to {number(end)}")
    low = min(each.loss for each in run.losses[:3])
    apart = median(values[-tail:]) - min(values[:3])
    if end >= OVER_START * low and apart >= max(math.log(OVER_START), START_NOISE * step_noise(values)):
        return _diverged(run, run.losses[0], f"begins at {number(low)} and ends at {number(end)}")
    return None


def _risen(run: TrainingRun, values: Sequence[float], tail: int, end: float) -> tuple[float, Measured] | None:
    """The lowest level and where it was, if the end is far enough above it."""
    before = len(values) - tail
    blocks = levels(values[:before], min(20, max(1, before // 5)))
    lowest = blocks.index(min(blocks))
    first, last = (edge * before // len(blocks) for edge in (lowest, lowest + 1))
    low = median(each.loss for each in run.losses[first:last])
    apart = median(values[-tail:]) - blocks[lowest]
    if end < RISE * low or end - low < RISE_OF_FIRST * run.first:
        return None
    noise = max(level_noise(blocks), median_error(values[:before], before // len(blocks)))
    if apart < max(math.log(RISE), RISE_NOISE * noise) or not _higher_than_before(run, values):
        return None
    return low, run.losses[last - 1]


def _higher_than_before(run: TrainingRun, values: Sequence[float]) -> bool:
    """Whether some tenth of an epoch is above the same tenth of the epoch before; true for a single epoch.

    Data that is read in the file's order may end with hard records in every epoch, and that is no divergence.
    """
    length = max(each.within for each in run.losses) + 1
    tenths: dict[tuple[int, int], list[float]] = {}
    for each, value in zip(run.losses, values, strict=True):
        if each.epoch is not None:
            tenths.setdefault((each.epoch, 10 * each.within // length), []).append(value)
    known = {key: median(inside) for key, inside in tenths.items()}
    pairs = [(level, known[epoch - 1, tenth]) for (epoch, tenth), level in known.items() if (epoch - 1, tenth) in known]
    return not pairs or any(level - before >= math.log(SAME_PLACE) for level, before in pairs)


def _diverged(run: TrainingRun, since: Measured, course: str) -> Diagnosis:
    return said(
        "diverged",
        f"Training diverged: the training loss {course} at step {run.losses[-1].step}.",
        f"Don't use this model. Train again with a lower {run.rate}: half of it, or the base model's default.",
        (run.place(since, run.losses[-1]),),
    )


def flatness(run: TrainingRun) -> Iterator[Diagnosis]:
    """`plateau`, `not_learning` or `too_few_steps`; nothing where the loss is still falling."""
    count = len(run.losses)
    if count < FEWEST_TO_JUDGE:
        yield _too_few(run)
        return
    half = run.losses[count // 2 :]
    fit = line(levels([each.loss for each in half], 16 if count >= FEWEST_FOR_SIXTEEN else 8))
    scale = max(fit.start, SMALL * run.first) or 1.0
    fall, error = (fit.start - fit.end) / scale, ERRORS * fit.error / scale
    if fall + error <= FLAT:
        yield _flat(run, half, fall, fit.end)
    elif fall - error <= 0:
        yield _too_noisy(run, error)


def _flat(run: TrainingRun, half: Sequence[Measured], fall: float, end: float) -> Diagnosis:
    begun = run.losses[: max(5, len(run.losses) // 50)]
    start = median(each.loss for each in begun)
    noise = UNLEARNED_NOISE * median_error(heights(run)[-len(half) :], len(begun))
    least = min(max(UNLEARNED, noise), UNLEARNED_AT_MOST)
    place = (run.place(half[0], half[-1]),)
    if start - end <= least * start:
        return said(
            "not_learning",
            f"The training loss never fell: {number(start)} at first, {number(end)} at the end.",
            f"Train again with a higher {run.rate}, about three times this one; if that changes nothing, look whether "
            "the answers follow from the prompts at all.",
            place,
        )
    change = f"fell by {percent(fall)}" if fall > 0 else "did not fall"
    return said(
        "plateau",
        f"The training loss is flat since step {half[0].step}: it {change} over the second half of the steps, "
        f"and is {number(end)} at the end.",
        _instead(run),
        place,
    )


def _instead(run: TrainingRun) -> str:
    asked = run.count("epochCount")
    if asked is not None and asked > 1:
        return (
            f"epochCount {-(-asked // 2)} may do as well for less, which an evaluation of both tells; for a better "
            "model, change the data."
        )
    return "More steps on this data would cost more and change little; for a better model, change the data."


def _too_few(run: TrainingRun) -> Diagnosis:
    count = len(run.losses)
    have = {0: "There is no training loss", 1: "There is one training loss"}.get(
        count, f"There are {count} training losses"
    )
    return said(
        "too_few_steps",
        f"{have}; from {FEWEST_TO_JUDGE} on it can be told whether the loss still falls, and where it stands out.",
        "Judge the model by asking it the test split. More records or epochs, or a smaller batchSize, make more steps."
        if count
        else "Judge the model by asking it the test split.",
    )


def _too_noisy(run: TrainingRun, error: float) -> Diagnosis:
    unseen = f"a fall of {percent(error)}" if error < 1 else "any fall"
    return said(
        "too_few_steps",
        f"{len(run.losses):,} steps are too few for losses that vary as these do: {unseen} over the second half can't "
        "be told from none.",
        "Judge the model by asking it the test split; a validation split shows more than the training loss.",
    )
