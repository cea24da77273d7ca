"""What Bedrock itself says about a job: its phases, the answers to our calls, and that it is there after all. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

PhaseName = Literal["validation", "data_processing", "training"]


@dataclass(frozen=True, slots=True)
class Phase:
    """One of the three phases of a job in Bedrock (docs/facts.md#job-states)."""

    name: PhaseName
    status: str
    """NotStarted, InProgress, Completed, Stopping, Stopped or Failed."""
    started_at: datetime | None
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class BedrockCall:
    """One call about a job that Bedrock answered."""

    time: datetime
    operation: str
    outcome: str
    """`accepted`, or Bedrock's error code."""
    request_id: str
    """What AWS Support asks for."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """A job that Bedrock showed only after it had ended here: an old send took effect late."""

    found_at: datetime
    status: str
    """In Bedrock, as last seen. The status here does not change any more."""
    announced: tuple[str, ...] = ()
    """Statuses in Bedrock whose notification was published."""

    @property
    def has_ended(self) -> bool:
        """Whether Bedrock has nothing more to do for it."""
        return self.status in {"Completed", "Failed", "Stopped"}

    def moves_on_to(self, status: str) -> bool:
        """Whether there is something to do about the status that Bedrock shows now.

        What runs is always to be stopped, until Bedrock has accepted that: what shows it running afterwards lags.
        """
        return self.status == "InProgress" or status not in {self.status, "InProgress"}
