"""What can be said of a training run: the codes, the most severe first, and one of them in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

CODES: Mapping[str, Literal["error", "warning", "info"]] = {
    "nan_loss": "error",
    "diverged": "error",
    "overfitting": "warning",
    "not_learning": "warning",
    "loss_spikes": "warning",
    "ended_early": "warning",
    "plateau": "info",
    "early_stopping": "info",
    "stopped_by_request": "info",
    "missing_losses": "info",
    "too_few_steps": "info",
    "too_few_epochs": "info",
    "no_validation": "info",
    "no_metrics": "info",
}


@dataclass(frozen=True, slots=True)
class StepRange:
    """Where something was seen."""

    steps: tuple[int, int]
    """First and last, as the metrics file numbers them."""
    epochs: tuple[int, int] | None = None
    """First and last, counted from 1; None if the file does not say."""
    records: tuple[int, int] | None = None
    """Candidates: the records of train, counted from 1, if Bedrock reads them in order."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that a run's losses show, or that they can't show. docs/diagnosis.md lists the codes."""

    code: str
    severity: Literal["error", "warning", "info"]
    words: str
    hint: str
    """What to do next."""
    places: tuple[StepRange, ...] = ()
    best_epoch: int | None = None
    """The epoch with the lowest validation loss, counted from 1."""


def said(
    code: str, words: str, hint: str, places: tuple[StepRange, ...] = (), best_epoch: int | None = None
) -> Diagnosis:
    """The diagnosis of that code, with the severity that it always has."""
    return Diagnosis(code, CODES[code], words, hint, places, best_epoch)
