"""Deployments, and plans for them, as ControlApi returns them."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from tunedrop.actions.deployments.plan_deployment import PlannedDeployment
from tunedrop.actions.deployments.read_deployments import PricedDeployment
from tunedrop.actions.deployments.release_deployment import PlannedRelease
from tunedrop.routes.plan_answers import QuotaAnswer
from tunedrop.routes.route_basics import AnswerModel, told_as


class HistoryAnswer(AnswerModel):
    """One change of a deployment's state, and why."""

    time: datetime
    state: str
    note: str


class ActAnswer(AnswerModel):
    """One thing that was done about the capacity of this generation."""

    time: datetime
    did: str = Field(description="asked, bought, renewed, shortened, swap_asked, swapped, released, deleted")
    by: str = Field(description="An IAM ARN, `expiry`, or `stack` for the stack itself")
    request_id: str | None = Field(description="ControlApi's for what was asked of it, Bedrock's for what it was asked")


class DeploymentAnswer(AnswerModel):
    """A named way to call a custom model."""

    name: str
    state: str = Field(description="Creating, Ready, Updating, Releasing, Released or Failed")
    serving: str
    base_model: str
    dataset: str
    version: int
    job_id: str
    previous_job_id: str | None = Field(description="Whose model it served before; PUT with it returns to that")
    model_arn: str | None
    arn: str | None = Field(description="The modelId to invoke")
    model_units: int = Field(description="Billed by the hour; 0 for on-demand")
    generation: int
    owner: str
    created_at: datetime
    expires_at: datetime | None = Field(description="When it is released automatically")
    failure: str | None
    hourly_cost: float | None = Field(
        None, description="Estimated while nobody calls it: 0 on demand and once it has ended; null without a price"
    )
    cost_so_far: float | None = Field(
        None, description="Of this generation, estimated; calls on demand are not in it; null without a price"
    )
    currency: str | None = None
    history: list[HistoryAnswer]
    acts: list[ActAnswer] = Field([], description="Of this generation, the first first; none by an older release")


class DeploymentsAnswer(AnswerModel):
    """A page of deployments, newest first."""

    deployments: list[DeploymentAnswer]
    cursor: str | None


class CapacityCostAnswer(AnswerModel):
    """What a deployment costs while nobody calls it, estimated by the stack's Prices."""

    hour: float | None = Field(description="null: no price is configured; 0 on demand, which bills by the token")
    day: float | None
    until_end: float | None = Field(description="From now to its end; null also if it has no end and costs something")
    currency: str


class DeploymentPlanAnswer(AnswerModel):
    """What a request would do and cost. Nothing was changed."""

    plan_id: str = Field(description="Does exactly this if it is sent with the request")
    name: str
    changes: list[str] = Field(description="create, swap, renew, shorten; empty if it is already as it should be")
    state: str | None = Field(description="As it is now; null if there was none of that name")
    serves_job_id: str | None = Field(description="Whose model it serves now; null if none")
    generation: int
    job_id: str
    model: str = Field(description="The name of the custom model that it serves afterwards")
    model_arn: str
    base_model: str
    dataset: str
    version: int
    owner: str
    serving: str
    model_units: int
    hours: int | None = Field(description="From the purchase to the release")
    expires_at: datetime | None = Field(description="When it would be released, if it were bought now")
    cost: CapacityCostAnswer
    quotas: list[QuotaAnswer] = Field(description="Of the account, where something would be made")


class CallerAnswer(AnswerModel):
    """An API key that may call the deployment."""

    key_id: str = told_as("key_id", called="id")
    name: str
    last_used_at: datetime | None = Field(description="For any deployment that it may call")


class ReleasePlanAnswer(AnswerModel):
    """What the release of a deployment would end. Nothing was changed."""

    changes: list[str] = Field(description="release; empty if it has ended, or is ending already")
    deployment: DeploymentAnswer
    callers: list[CallerAnswer] = Field(
        description="API keys that would be refused: of the newest 100, those that work, the one used last first"
    )


def deployment(priced: PricedDeployment) -> DeploymentAnswer:
    """A deployment with what it costs."""
    answer = DeploymentAnswer.of(priced.deployment)
    answer.hourly_cost, answer.cost_so_far = priced.hourly_cost, priced.cost_so_far
    answer.currency = priced.currency
    answer.acts = [ActAnswer.of(act) for act in priced.acts]
    return answer


def plan(planned: PlannedDeployment) -> DeploymentPlanAnswer:
    """The plan of a request."""
    checked, told = planned.checked, planned.checked.plan
    return DeploymentPlanAnswer(
        plan_id=told.plan_id,
        name=told.name,
        changes=list(told.changes),
        state=checked.before.state if checked.before else None,
        serves_job_id=checked.standing.head.job_id if checked.standing else None,
        generation=told.generation,
        job_id=told.job_id,
        model=checked.job.name,
        model_arn=told.model_arn,
        base_model=checked.job.base_model,
        dataset=checked.job.dataset,
        version=checked.job.version,
        owner=checked.standing.head.owner if checked.standing else checked.job.owner,
        serving=told.serving,
        model_units=told.model_units,
        hours=told.hours,
        expires_at=planned.expires_at,
        cost=CapacityCostAnswer.of(planned.cost),
        quotas=[QuotaAnswer.of(quota) for quota in planned.quotas],
    )


def release_plan(planned: PlannedRelease) -> ReleasePlanAnswer:
    """What a release would end."""
    return ReleasePlanAnswer(
        changes=["release"] if planned.ends_something else [],
        deployment=deployment(planned.priced),
        callers=[CallerAnswer.of(key) for key in planned.callers],
    )
