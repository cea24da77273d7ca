"""What decides whether a purchase goes live: an evaluation, or a person where that did not tell. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tunedrop.domain.evaluation.gate import GateOutcome

Purpose = Literal["serve", "evaluate"]

HELD_HOURS = 24
HELD_FOR = timedelta(hours=HELD_HOURS)
"""How long an on-demand deployment waits for a person, or its evaluation; later, nobody would expect it to go live."""


@dataclass(frozen=True, slots=True)
class UnitGate:
    """A purchase's gate. Until it opens, nobody may call the capacity but the evaluation."""

    evaluation_id: str
    max_hours: int
    """By the hour: released this long after it could first be called, unless the gate has opened."""
    outcome: GateOutcome | None = None
    """None: not known yet."""
    opened_at: datetime | None = None
    held_told: bool = False
    """Whether it was published that it is held."""
