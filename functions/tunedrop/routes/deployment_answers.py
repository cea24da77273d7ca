"""Deployments, and plans for them, as ControlApi returns them."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from tunedrop.actions.deployments.plan_deployment import PlannedDeployment
from tunedrop.actions.deployments.read_deployments import PricedDeployment, PricedUnit
from tunedrop.actions.deployments.release_deployment import PlannedRelease
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.routes.budget_answers import BudgetAnswer
from tunedrop.routes.capacity_answers import CapacityCostAnswer
from tunedrop.routes.evaluation_answers import EvaluationPlanAnswer
from tunedrop.routes.orphan_answers import OrphanAnswer
from tunedrop.routes.plan_answers import QuotaAnswer
from tunedrop.routes.route_basics import AnswerModel, told_as


class HistoryAnswer(AnswerModel):
    """One change of a deployment's state, and why."""

    time: datetime
    state: str
    note: str


class ActAnswer(AnswerModel):
    """One thing that was done about the capacity."""

    time: datetime
    did: str = Field(description="asked, bought, renewed, shortened, swap_asked, swapped, released, deleted")
    by: str = Field(description="An IAM ARN, `expiry`, or `stack` for the stack itself")
    generation: int = Field(description="Of the unit of capacity that it was about")
    request_id: str | None = Field(description="ControlApi's for what was asked of it, Bedrock's for what it was asked")


class ApprovalAnswer(AnswerModel):
    """What waits, or waited, for another person."""

    plan_id: str = Field(description="Of the plan that was asked for; the evaluation's id where its gate holds it")
    asked_by: str = Field(description="An IAM ARN, as is approved_by")
    asked_at: datetime
    expires_at: datetime = Field(description="When it is withdrawn unless it is approved by then")
    approved_by: str | None
    approved_at: datetime | None
    reason: str | None


class UnitAnswer(AnswerModel):
    """A unit of capacity beside the one that serves: on its way to take over, or being given back after that."""

    generation: int = Field(description="Above the deployment's: it is to take over; below: it was replaced")
    state: str = Field(description="Of its purchase: requested, unknown, live or releasing")
    job_id: str
    serving: str
    model_units: int
    arn: str | None
    expires_at: datetime | None
    hourly_cost: float | None
    cost_so_far: float | None
    evaluation_id: str | None = Field(None, description="What decides whether it takes over")
    gate: str | None = Field(None, description="passed, failed, held or none; null: not known yet, or no gate")
    approval: ApprovalAnswer | None = Field(None, description="Of what its gate holds")


class DeploymentAnswer(AnswerModel):
    """A named way to call a custom model."""

    name: str
    state: str = Field(
        description="Creating, Evaluating (only its evaluation may call it), Held (by its gate, for an approval), "
        "Ready, Updating, Releasing, Released or Failed"
    )
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
    idle_minutes: int | None = Field(
        None, description="Released once nobody has called it for so long; null: only at its end"
    )
    failure: str | None
    hourly_cost: float | None = Field(
        None,
        description="Estimated while nobody calls it: 0 on demand and once it has ended; null without a price. "
        "With what is beside it",
    )
    cost_so_far: float | None = Field(
        None,
        description="Of all its units since it was made, estimated; calls on demand are not in it, nor what an "
        "evaluation asked; null without a price",
    )
    currency: str | None = None
    second_unit: UnitAnswer | None = Field(None, description="What may be billed beside this generation")
    last_called_at: datetime | None = Field(
        None,
        description="Through the Messages API, in this generation, and at most a minute later; null: not called yet",
    )
    commitment: str | None = Field(None, description="The term that it is bought for; null: none, or by the hour")
    term_cost: float | None = Field(None, description="Of the whole term, at most; null also without a price")
    committed_until: datetime | None = Field(None, description="Nobody can end it earlier")
    approval: ApprovalAnswer | None = Field(
        None, description="Of a commitment, which is not bought without it, or of what its gate holds"
    )
    evaluation_id: str | None = Field(None, description="What decides, or decided, whether it goes live")
    gate: str | None = Field(None, description="passed, failed, held or none; null: not known yet, or no gate")
    on_budget: str | None = Field(None, description="notify or release; null on demand")
    history: list[HistoryAnswer]
    acts: list[ActAnswer] = Field([], description="Of all its units, the first first; none by an older release")


class DeploymentsAnswer(AnswerModel):
    """A page of deployments, newest first."""

    deployments: list[DeploymentAnswer]
    cursor: str | None
    orphans: list[OrphanAnswer] | None = Field(None, description="With orphans=true: of this stack, by tag or name")
    foreign: list[OrphanAnswer] | None = Field(None, description="With orphans=true: made by others; never touched")


class BreakEvenAnswer(AnswerModel):
    """From how many requests a day on Provisioned Throughput costs less than on demand."""

    tokens_per_request: int = Field(description="The mean of a record that the model was trained on, estimated")
    least: int = Field(description="Below this, on demand costs less: if all tokens cost what an answer's do")
    most: int = Field(description="Above this, Provisioned Throughput does: if all cost what a prompt's do")


class DeploymentPlanAnswer(AnswerModel):
    """What a request would do and cost. Nothing was changed."""

    plan_id: str = Field(description="Does exactly this if it is sent with the request")
    name: str
    changes: list[str] = Field(
        description="create, adopt, swap, replace (by a second unit), withdraw (that unit), renew, shorten, idle, "
        "adjust (on_budget); empty if it is already as it should be"
    )
    state: str | None = Field(description="As it is now; null if there was none of that name")
    serves_job_id: str | None = Field(description="Whose model it serves now; null if none")
    generation: int
    job_id: str
    model: str = Field(description="The name of the custom model that it serves afterwards")
    model_arn: str
    arn: str | None = Field(None, description="The capacity that exists already and is adopted")
    base_model: str
    dataset: str
    version: int
    owner: str
    serving: str
    model_units: int
    hours: int | None = Field(description="From the purchase to the release")
    expires_at: datetime | None = Field(description="When it would be released, if it were bought now")
    idle_minutes: int | None = Field(
        None, description="Released once nobody has called it for so long; null: only at its end"
    )
    commitment: str | None = Field(None, description="The term that it would be bought for, after an approval")
    evaluation: EvaluationPlanAnswer | None = Field(
        None, description="What would decide whether it goes live; null: nothing"
    )
    cost: CapacityCostAnswer
    hour_of_both: float | None = Field(
        None, description="While a second unit and the one before are billed; null without a price or a second unit"
    )
    quotas: list[QuotaAnswer] = Field(description="Of the account, where something would be made")
    break_even: BreakEvenAnswer | None = Field(
        None, description="Where Provisioned Throughput would be bought, and the prices of both are set"
    )
    advice: list[str] = Field([], description="What to know of Provisioned Throughput before it is bought")
    on_budget: str = "notify"
    budget: BudgetAnswer | None = Field(None, description="null: no MonthlyBudget, or nothing is taken of it")


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
    answer.state = priced.deployment.shown
    for told, entry in zip(answer.history, priced.deployment.history, strict=True):
        told.state = entry.shown
    answer.hourly_cost, answer.cost_so_far = priced.hourly_cost, priced.cost_so_far
    answer.currency, answer.last_called_at, answer.on_budget = (
        priced.currency,
        priced.last_called_at,
        priced.on_budget,
    )
    answer.second_unit = _unit(priced.beside) if priced.beside else None
    answer.acts = [
        ActAnswer(time=act.time, did=act.did, by=act.by, generation=generation, request_id=act.request_id)
        for generation, act in priced.acts
    ]
    if purchase := priced.purchase:
        answer.commitment, answer.term_cost = purchase.commitment, priced.term_cost
        answer.committed_until = purchase.committed_until
        answer.approval = ApprovalAnswer.of(purchase.approval) if purchase.approval else None
        answer.evaluation_id, answer.gate = _gate(purchase)
    return answer


def _gate(purchase: Purchase) -> tuple[str | None, str | None]:
    return (purchase.gate.evaluation_id, purchase.gate.outcome) if purchase.gate else (None, None)


def _unit(unit: PricedUnit) -> UnitAnswer:
    purchase = unit.purchase
    return UnitAnswer(
        generation=purchase.generation,
        state=purchase.state,
        job_id=purchase.job_id,
        serving=purchase.serving,
        model_units=purchase.model_units,
        arn=purchase.arn,
        expires_at=purchase.ends_at,
        hourly_cost=unit.hourly_cost,
        cost_so_far=unit.cost_so_far,
        evaluation_id=_gate(purchase)[0],
        gate=_gate(purchase)[1],
        approval=ApprovalAnswer.of(purchase.approval) if purchase.approval else None,
    )


def plan(planned: PlannedDeployment) -> DeploymentPlanAnswer:
    """The plan of a request."""
    checked, told = planned.checked, planned.checked.plan
    return DeploymentPlanAnswer(
        plan_id=told.plan_id,
        name=told.name,
        changes=list(told.changes),
        state=checked.before.shown if checked.before else None,
        serves_job_id=checked.standing.head.job_id if checked.standing else None,
        generation=told.generation,
        job_id=told.job_id,
        model=checked.served.name,
        model_arn=told.model_arn,
        arn=told.arn,
        base_model=checked.served.base_model,
        dataset=checked.served.dataset,
        version=checked.served.version,
        owner=checked.standing.head.owner if checked.standing else checked.served.owner,
        serving=told.serving,
        model_units=told.model_units,
        hours=told.hours,
        expires_at=planned.expires_at,
        idle_minutes=told.idle_minutes,
        commitment=told.commitment.term if told.commitment else None,
        evaluation=EvaluationPlanAnswer.of_gate(checked.gate) if checked.gate else None,
        cost=CapacityCostAnswer.of(planned.cost),
        hour_of_both=planned.hour_of_both,
        quotas=[QuotaAnswer.of(quota) for quota in planned.quotas],
        break_even=BreakEvenAnswer.of(planned.break_even) if planned.break_even else None,
        advice=list(planned.advice),
        on_budget=told.on_budget,
        budget=BudgetAnswer.of_share(planned.share),
    )


def release_plan(planned: PlannedRelease) -> ReleasePlanAnswer:
    """What a release would end."""
    return ReleasePlanAnswer(
        changes=["release"] if planned.ends_something else [],
        deployment=deployment(planned.priced),
        callers=[CallerAnswer.of(key) for key in planned.callers],
    )
