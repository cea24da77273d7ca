"""Steps whose training loss stands far above the steps on both sides, and the records that may be behind them. Pure.

docs/diagnosis.md#loss_spikes has the reasons of each number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tunedrop.domain.training.diagnosis_codes import Diagnosis, said
from tunedrop.domain.training.loss_levels import heights
from tunedrop.domain.training.loss_statistics import deviation, medians_before, quantile, step_noise
from tunedrop.domain.training.training_run import TrainingRun, number

FEWEST_STEPS = 50
WIDTH, FEWEST_BESIDE = 15, 5
"""Steps of which the level on each side is the median."""
LEAST_TIMES, LEAST_DEVIATIONS = 1.5, 5.0
FEWEST_FOR_TWENTIETH = 200
"""From so many steps on, the spikes themselves are fewer than a twentieth."""
CHANCE = 0.01
"""The share of runs in which noise alone may bring one spike."""
TOGETHER = 3
"""Spikes at most this many steps apart are one."""
MOST_PLACES = 5
COMMON = 0.02
"""More places than this share of the steps, and than `MOST_PLACES`, are how the run's losses vary, and no spikes."""
LEAST_NOISE = 0.02


@dataclass(frozen=True, slots=True)
class _Spike:
    first: int
    last: int
    peak: int
    """Indexes of losses."""
    level: float
    """The usual loss around it."""


def spikes(run: TrainingRun) -> Diagnosis | None:
    """`loss_spikes`: the highest places, with their candidate records."""
    if len(run.losses) < FEWEST_STEPS:
        return None
    rises = _rises(run)
    limit = _limit(rises)
    found = _grouped(run, rises, limit)
    if not found or len(found) > max(MOST_PLACES, COMMON * len(run.losses)):
        return None
    shown = sorted(found, key=lambda spike: -rises[spike.peak].scaled)[:MOST_PLACES]
    shown.sort(key=lambda spike: spike.first)
    places = tuple(run.place(run.losses[each.first], run.losses[each.last], _candidates(run, each)) for each in shown)
    times = "once" if len(found) == 1 else f"at {len(found):,} places"
    listed = "; ".join(_told(run, spike) for spike in shown)
    more = f"; {len(found) - len(shown):,} more" if len(found) > len(shown) else ""
    return said(
        "loss_spikes",
        f"The training loss stands out {times}: {listed}{more}.{_recurrence(run, shown, rises, limit)}",
        _hint(run, [place.records for place in places if place.records]),
        places,
    )


@dataclass(frozen=True, slots=True)
class _Rise:
    """How far one loss is above both its sides: in logarithms, and in those of its quarter's noise."""

    height: float
    scaled: float


def _rises(run: TrainingRun) -> Mapping[int, _Rise]:
    """By index of the loss, without the ends of the run and the steps of smaller batches."""
    values = heights(run)
    before = medians_before(values, WIDTH)
    count = len(values)
    noise = _noise_by_quarter(values)
    small = _smaller_batches(run)
    found = {}
    for index in range(FEWEST_BESIDE, count - FEWEST_BESIDE):
        end = index + 1 + WIDTH
        after = before[end] if end <= count else median(values[index + 1 :])
        height = values[index] - max(before[index], after)
        if index not in small:
            found[index] = _Rise(height, height / noise[min(4 * index // count, 3)])
    return found


def _noise_by_quarter(values: Sequence[float]) -> list[float]:
    least = max(LEAST_NOISE, 0.2 * step_noise(values))
    count = len(values)
    return [max(least, step_noise(values[part * count // 4 : (part + 1) * count // 4])) for part in range(4)]


def _smaller_batches(run: TrainingRun) -> frozenset[int]:
    """The last steps of the epochs, unless their batches are known to be as large as the others."""
    if run.records is not None and run.batch_size is not None and run.records % run.batch_size == 0:
        return frozenset()
    last = {each.epoch: index for index, each in enumerate(run.losses)}
    return frozenset(last.values())


def _limit(rises: Mapping[int, _Rise]) -> float:
    """The scaled height that an exponential tail, continued from the upper fifth, reaches by `CHANCE`."""
    ordered = sorted(rise.scaled for rise in rises.values())
    fifth, tenth, twentieth = (quantile(ordered, share) for share in (0.8, 0.9, 0.95))
    halved = max(tenth - fifth, twentieth - tenth if len(ordered) >= FEWEST_FOR_TWENTIETH else 0.0)
    tail = halved / math.log(2)
    return max(fifth + tail * math.log(0.2 * len(ordered) / CHANCE), LEAST_DEVIATIONS * deviation(ordered))


def _grouped(run: TrainingRun, rises: Mapping[int, _Rise], limit: float) -> list[_Spike]:
    high = [index for index, rise in rises.items() if rise.scaled > limit and rise.height >= math.log(LEAST_TIMES)]
    groups: list[list[int]] = []
    for index in high:
        if groups and index - groups[-1][-1] <= TOGETHER:
            groups[-1].append(index)
        else:
            groups.append([index])
    return [_spike(run, group) for group in groups]


def _spike(run: TrainingRun, group: Sequence[int]) -> _Spike:
    first, last = group[0], group[-1]
    beside = [*run.losses[max(0, first - WIDTH) : first], *run.losses[last + 1 : last + 1 + WIDTH]]
    peak = max(group, key=lambda index: run.losses[index].loss)
    return _Spike(first, last, peak, median(each.loss for each in beside))


def _told(run: TrainingRun, spike: _Spike) -> str:
    peak = run.losses[spike.peak]
    epoch = "" if peak.epoch is None else f" (epoch {peak.epoch})"
    return f"step {peak.step}{epoch}, {number(peak.loss)} where {number(spike.level)} is usual"


def _candidates(run: TrainingRun, spike: _Spike) -> tuple[int, int] | None:
    """The records that the steps from one before to one after held, if they are read in order.

    A logged step stands for all since the one logged before it.
    """
    steps, records = run.steps_per_epoch, run.records
    if steps is None or records is None:
        return None
    first, last = run.losses[spike.first], run.losses[spike.last]
    start = run.losses[0].step + (first.step - run.losses[0].step) // steps * steps
    if first.epoch is not None:
        start = run.epoch_starts[first.epoch]
    begin = max(0, run.losses[spike.first - 2].step + 1 - start)
    end = min(steps - 1, run.losses[spike.last + 1].step - start)
    if first.epoch != last.epoch or not begin <= end:
        return None
    batch = run.batch_size or 0
    each = batch if batch and -(-records // batch) == steps else records / steps
    return min(math.floor(begin * each) + 1, records), min(math.ceil((end + 1) * each), records)


def _recurrence(run: TrainingRun, shown: Sequence[_Spike], rises: Mapping[int, _Rise], limit: float) -> str:
    """Whether the place of the highest spike is high in the other epochs too."""
    peak = max((spike.peak for spike in shown), key=lambda index: rises[index].scaled)
    at = run.losses[peak]
    same = {
        each.epoch: max(rise.scaled, 0.0)
        for index, rise in rises.items()
        if (each := run.losses[index]).epoch != at.epoch
        and abs(each.within - at.within) <= 1
        and rise.scaled > limit / 2
    }
    others = len({each.epoch for each in run.losses} - {at.epoch, None})
    if at.epoch is None or not others:
        return ""
    if same:
        return (
            f" The same place of {len(same)} of the {others} other epochs is high too, which speaks for records that "
            "are read in the file's order."
        )
    return " The same place of the other epochs is not high: the order changes, or the records are not the cause."


def _hint(run: TrainingRun, records: Sequence[tuple[int, int]]) -> str:
    rate = f"If they look right: a lower {run.rate}, or a larger batchSize where the base model has one."
    whole = run.records is not None and any(last - first + 1 >= run.records for first, last in records)
    if not records or whole:
        return f"Look through train for very long, garbled or wrongly labeled answers. {rate}"
    ranges = ", ".join(f"{first:,} to {last:,}" for first, last in records)
    return (
        f"Look at records {ranges} of train, as prepared: candidates, if Bedrock reads them in order, which AWS does "
        f"not say. Very long, garbled or wrongly labeled answers do this. {rate}"
    )
