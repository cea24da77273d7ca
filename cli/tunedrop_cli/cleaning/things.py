"""One thing that costs, and the words for how it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["job", "evaluation", "deployment", "throughput", "on-demand deployment", "custom model", "data"]

BILLS: dict[Kind, str] = {
    "job": "by the tokens that it trains on",
    "evaluation": "by the tokens that it asks and is answered",
    "throughput": "by the hour",
    "on-demand deployment": "by the token, when somebody calls it",
    "custom model": "by the month",
}


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that a stack has, or had."""

    kind: Kind
    name: str
    id: str
    """What ends it: an ARN, or for ControlApi an id or a deployment's name."""
    state: str
    bills: str
    stack: str = ""
    """The ARN of the stack that its tag names; empty if it has none."""
