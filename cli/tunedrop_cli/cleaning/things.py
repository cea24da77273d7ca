"""One thing that costs, and the words for how it does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "job",
    "evaluation",
    "deployment",
    "throughput",
    "on-demand deployment",
    "custom model",
    "bucket",
    "table",
    "role",
    "key",
]
Period = Literal["hour", "month"]

BILLS: dict[Kind, str] = {
    "job": "by the tokens that it trains on",
    "evaluation": "by the tokens that it asks and is answered",
    "throughput": "by the hour",
    "on-demand deployment": "by the token, when somebody calls it",
    "custom model": "by the month",
    "bucket": "for what it stores",
    "table": "for what it stores",
    "role": "nothing",
    "key": "by the month, as long as it is enabled",
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
    monthly_cost: float | None = None
    """Of storing a custom model; None: nobody here knows its price."""
    currency: str | None = None

    def cost(self, period: Period) -> float | None:
        """What it costs in an hour or in a month; None: nobody here knows."""
        return self.hourly_cost if period == "hour" else self.monthly_cost

    def is_billed(self, period: Period) -> bool:
        """Whether it bills by the hour, or, of what is in Bedrock, by the month."""
        return self.by_the_hour if period == "hour" else self.kind == "custom model"
