"""A training run as its metrics files show it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from statistics import median

from tunedrop.domain.training.diagnosis_codes import StepRange
from tunedrop.domain.training.metrics import MetricPoint


@dataclass(frozen=True, slots=True)
class Measured:
    """One finite loss; the epoch is counted from 1, and `within` from 0 in its epoch."""

    step: int
    epoch: int | None
    within: int
    loss: float


@dataclass(frozen=True)
class TrainingRun:
    """A run that has ended: its metrics as stored, and what it was asked for."""

    training: Sequence[MetricPoint]
    validation: Sequence[MetricPoint]
    status: str
    """Completed, Failed or Stopped."""
    base_model: str
    hyperparameters: Mapping[str, str]
    records: int | None
    """Of train; None if unknown."""
    validated: bool | None
    """Whether a validation split was given; None if unknown."""

    @cached_property
    def losses(self) -> tuple[Measured, ...]:
        """The finite training losses in order."""
        return _measured(self.training)

    @cached_property
    def checks(self) -> tuple[Measured, ...]:
        """The finite validation losses in order."""
        return _measured(self.validation)

    @cached_property
    def first(self) -> float:
        """Where the training loss began: the median of the first five, or else the first validation loss."""
        values = [each.loss for each in self.losses[:5]] or [each.loss for each in self.checks[:1]]
        return median(values) if values else 0.0

    @cached_property
    def epoch_starts(self) -> Mapping[int, int]:
        """The first step of each epoch, counted from 1, that the training file numbers."""
        counted = epochs_of(self.training)
        return {counted[point.epoch]: point.step for point in reversed(self.training) if point.epoch is not None}

    @cached_property
    def steps_per_epoch(self) -> int | None:
        """From the file, if an epoch is whole there; else from records and batch size; None if neither says."""
        starts = [step for _, step in sorted(self.epoch_starts.items())]
        if len(starts) > 1 and starts[1] > starts[0]:
            return starts[1] - starts[0]
        if self.records is None or self.batch_size is None:
            return None
        return -(-self.records // self.batch_size)

    @property
    def batch_size(self) -> int | None:
        """As it was asked for; None if the base model's own default held."""
        return self.count("batchSize")

    @property
    def rate(self) -> str:
        """The name of the hyperparameter that sets the learning rate."""
        return "learningRateMultiplier" if "learningRateMultiplier" in self.hyperparameters else "learningRate"

    def count(self, name: str) -> int | None:
        """A hyperparameter that is a whole number; None if it was not set."""
        text = self.hyperparameters.get(name)
        return None if text is None else int(Decimal(text))

    def place(self, first: Measured, last: Measured, records: tuple[int, int] | None = None) -> StepRange:
        """From one loss to another."""
        epochs = None if first.epoch is None or last.epoch is None else (first.epoch, last.epoch)
        return StepRange((first.step, last.step), epochs, records)


def number(value: float) -> str:
    """A loss in words: three digits that mean something."""
    return f"{value:,.3g}" if value < 1_000 else f"{value:,.0f}"


def percent(share: float) -> str:
    """A share in words."""
    return f"{100 * share:.1f} %" if abs(share) < 0.1 else f"{100 * share:,.0f} %"


def epochs_of(points: Sequence[MetricPoint]) -> Mapping[int, int]:
    """The epochs of a file by their number there, counted from 1 in the order in which they begin."""
    numbers = dict.fromkeys(point.epoch for point in points if point.epoch is not None)
    return {number: count for count, number in enumerate(numbers, 1)}


def _measured(points: Sequence[MetricPoint]) -> tuple[Measured, ...]:
    counted = epochs_of(points)
    found: list[Measured] = []
    within: dict[int | None, int] = {}
    for point in points:
        place = within.get(point.epoch, 0)
        within[point.epoch] = place + 1
        if point.loss is not None:
            epoch = None if point.epoch is None else counted[point.epoch]
            found.append(Measured(point.step, epoch, place, point.loss))
    return tuple(found)
