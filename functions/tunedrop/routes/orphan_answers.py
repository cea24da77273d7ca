"""Paid capacity that no deployment owns, as ControlApi returns it."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from tunedrop.actions.deployments.read_orphans import Unowned
from tunedrop.domain.reports import next_commands
from tunedrop.domain.serving import adoption_plan, lost_purchases
from tunedrop.routes.route_basics import AnswerModel

NOT_LOOKED_AT = "reconcile has not looked at it yet; it does so every five minutes"


class OrphanAnswer(AnswerModel):
    """A throughput or custom-model deployment that no deployment of this stack owns."""

    arn: str
    name: str
    serving: str
    state: str = Field(description="Creating, Ready, Updating or Failed, as Bedrock shows it")
    model_arn: str
    model_units: int
    created_at: datetime | None
    stack: str | None = Field(description="Whose its tag says it is")
    owner: str | None = Field(description="By its tags")
    deployment: str | None = Field(description="The deployment that it was bought for, by its tags")
    hourly_cost: float | None = Field(description="Estimated; 0 on demand, null without a price")
    cost_so_far: float | None = Field(description="Since it was made, estimated")
    currency: str
    ends_at: datetime | None = Field(description="When its schedule was to release it, as far as is known")
    why: str | None = Field(description="Why no deployment adopted it; null for what others made")
    adopt_command: str | None = Field(description="What shows whether a deployment can have it")
    end_command: str | None = Field(description="What ends it, with your own credentials; null for what others made")


def ours(unowned: Unowned) -> OrphanAnswer:
    """Of this stack, by tag or name."""
    told, answer = unowned.told, _answer(unowned)
    answer.why = told.why if told else NOT_LOOKED_AT
    answer.ends_at = told.ends_at if told else None
    answer.end_command = next_commands.end_capacity(unowned.item.arn)
    return answer


def foreign(unowned: Unowned) -> OrphanAnswer:
    """Made by others; what has the tag of another stack is not for this one."""
    answer = _answer(unowned)
    if answer.stack is not None:
        answer.adopt_command = None
    return answer


def _answer(unowned: Unowned) -> OrphanAnswer:
    item, tags = unowned.item, unowned.tags
    name = tags.get("tunedrop:deployment")
    return OrphanAnswer(
        arn=item.arn,
        name=item.name,
        serving=lost_purchases.serving_of(item.arn),
        state=item.status,
        model_arn=item.model_arn,
        model_units=item.model_units,
        created_at=item.created_at,
        stack=tags.get(adoption_plan.TAG),
        owner=tags.get("tunedrop:owner"),
        deployment=name,
        hourly_cost=unowned.hourly_cost,
        cost_so_far=unowned.cost_so_far,
        currency=unowned.currency,
        ends_at=None,
        why=None,
        adopt_command=next_commands.adopt_capacity(name or tags.get("tunedrop:dataset") or "NAME", item.arn),
        end_command=None,
    )
