"""What Bedrock itself says about a job: its phases, and the answers to our calls. Pure."""

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
