"""When a training that no longer helps comes to its end (docs/facts.md#early-stopping).

Of the readings that the documentation allows: an epoch has improved when the loss fell by more than the
threshold below the lowest loss so far.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EarlyStopping:
    """Stop after `patience` epochs in a row without an improvement above `threshold`."""

    threshold: float
    patience: int


def has_stalled(losses: Sequence[float], rule: EarlyStopping) -> bool:
    """Whether training ends after these validation losses, one per epoch."""
    best, waited = float("inf"), 0
    for loss in losses:
        waited = 0 if round(best - loss, 9) > rule.threshold else waited + 1
        best = min(best, loss)
    return waited >= rule.patience
