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
    arns: tuple[str, ...] = ()
    """What Bedrock lists it as, where the stack names it otherwise."""
    by_the_hour: bool = False
    hourly_cost: float | None = None
    """Of what bills by the hour; None: nobody here knows its price."""
    currency: str | None = None
