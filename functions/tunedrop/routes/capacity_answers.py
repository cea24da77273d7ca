"""What capacity costs, as ControlApi says it of deployments and of those that jobs wish for."""

from __future__ import annotations

from pydantic import Field

from tunedrop.routes.route_basics import AnswerModel


class CapacityCostAnswer(AnswerModel):
    """What a deployment costs while nobody calls it, estimated by the stack's Prices."""

    hour: float | None = Field(description="null: no price is configured; 0 on demand, which bills by the token")
    day: float | None
    until_end: float | None = Field(
        description="From now, or from its purchase, to its end; null also if it has no end and costs something"
    )
    currency: str
