"""Early stopping of a training that no longer improves (docs/facts.md#early-stopping).

The documentation allows several readings. Here, an epoch improves if its loss is below the lowest loss so far by more
than the threshold.
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
