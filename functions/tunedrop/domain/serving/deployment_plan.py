"""What a request would change of a deployment, before anything is written, sent or spent. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from tunedrop.domain.base_models.catalogue import BaseModel, OnBudget, Serving
from tunedrop.domain.serving import deployment_ends, deployment_wish
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.serving.put_request import PutDeployment
from tunedrop.domain.serving.terms import Term
from tunedrop.domain.texts.counted import counted
from tunedrop.domain.training.job_states import DeploymentWish, Job
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.errors import Conflict

Change = Literal["create", "adopt", "swap", "replace", "withdraw", "renew", "shorten", "idle", "adjust"]


@dataclass(frozen=True, slots=True)
class StandingDeployment:
    """A deployment that has not ended, as its rows have it."""

    head: Deployment
    purchase: Purchase


@dataclass(frozen=True, slots=True)
class Commitment:
    """A term that capacity is bought for."""

    term: Term
    cost: float | None
    """Of the whole term, at most, in the stack's currency; None: its price is not configured."""


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """What would be done. `plan_id` is a digest of all other fields: a different plan has another id."""

    name: str
    changes: tuple[Change, ...]
    """None: it is already as it should be."""
    generation: int
    job_id: str
    model_arn: str
    serving: Serving
    model_units: int
    hours: int | None
    """From the purchase to the release; None: see `until`, or until somebody releases it."""
    until: datetime | None
    idle_minutes: int | None
    """Released once nobody has called it for so long; None: only at its end."""
    on_budget: OnBudget = "notify"
    arn: str | None = None
    """Of the capacity that exists already and is adopted."""
    commitment: Commitment | None = None
    """What is bought for a whole term, if it is."""
    plan_id: str = ""

    @property
    def wish(self) -> DeploymentWish:
        """The deployment with all defaults filled in."""
        return DeploymentWish(self.name, self.serving, self.model_units, self.hours, self.idle_minutes, self.on_budget)

    def ends_at(self, purchase: Purchase | None, now: datetime) -> datetime | None:
        """When it would be released; what is not bought yet counts from now. None: when somebody releases it."""
        if self.until or self.hours is None:
            return self.until
        return deployment_ends.bought_at(purchase, now) + timedelta(hours=self.hours)


def create(
    asked: PutDeployment,
    job: Job,
    base_model: BaseModel,
    *,
    generation: int,
    default_hours: int,
    now: datetime,
    does: Change = "create",
) -> DeploymentPlan:
    """The plan for a new deployment, for one that has ended, or for a second unit that `does` replace the first.

    Raises InvalidInput for what it can't be.
    """
    hours, until = asked.hours, asked.expires_at
    if until is not None:
        deployment_ends.check_end(until, now + timedelta(hours=1), now)
        hours = deployment_ends.hours_until(until, now)
    wish = deployment_wish.resolve(
        DeploymentRequest(asked.name, asked.serving, asked.model_units, hours, asked.idle_minutes, asked.on_budget),
        base_model,
        default_hours=default_hours,
        within="",
    )
    deployment_ends.check_endless(asked, wish.serving)
    return make(wish, until, (does,), Served(generation, job.id, job.model_arn or ""))


def change(asked: PutDeployment, job: Job | None, standing: StandingDeployment, now: datetime) -> DeploymentPlan:
    """The plan for a deployment that stands. `job`: the one that is asked for, if any.

    Raises Conflict for what can't change while it stands, InvalidInput for an end that can't be.
    """
    head, purchase = standing.head, standing.purchase
    _check_unchanged(asked, head)
    (hours, until), moved = deployment_ends.wanted(asked, purchase, now)
    deployment_ends.check_commitment(until if moved else None, purchase.committed_until, now)
    changes: tuple[Change, ...] = moved
    if head.state == "Releasing" or purchase.release_requested:
        raise Conflict(
            "deployment_releasing",
            f"Deployment {head.name} is being released. Once it is Released, the same request makes it anew.",
            state=head.state,
        )
    idle = purchase.idle_minutes
    if asked.idle_minutes is not None:
        idle = deployment_wish.resolve_idle(asked.idle_minutes, within="")
    if idle != purchase.idle_minutes:
        changes = (*changes, "idle")
    deployment_wish.check_on_budget(asked.on_budget, head.serving, within="")
    on_budget = asked.on_budget or purchase.on_budget
    changes += ("adjust",) if on_budget != purchase.on_budget else ()
    wish = DeploymentWish(head.name, head.serving, head.model_units, hours, idle, on_budget)
    served = Served(head.generation, head.job_id, head.model_arn or "")
    if purchase.swap:
        served = Served(head.generation, purchase.swap.job_id, purchase.swap.model_arn)
    if job is None or job.id == served.job_id:
        return make(wish, until, changes, served)
    check_swap(job, standing)
    return make(wish, until, ("swap", *changes), Served(head.generation, job.id, job.model_arn or ""))


def wish_of(purchase: Purchase) -> DeploymentWish:
    """What was asked for with the purchase."""
    return DeploymentWish(
        purchase.deployment,
        purchase.serving,
        purchase.model_units,
        purchase.hours,
        purchase.idle_minutes,
        purchase.on_budget,
    )


def confirm(plan: DeploymentPlan, plan_id: str | None) -> None:
    """Accept the plan if `plan_id` names it, or if there is none. Raises Conflict `plan_changed`, with the plan."""
    if plan_id in {None, plan.plan_id}:
        return
    raise Conflict(
        "plan_changed",
        f"plan_id confirms a different plan. This request's plan has plan_id {plan.plan_id}.",
        field="plan_id",
        plan=_content(plan),
    )


def check_swap(job: Job, standing: StandingDeployment) -> None:
    """Raises Conflict for a model that can't take over now.

    Bedrock swaps between custom models of one base model (docs/facts.md#provisioned-throughput).
    """
    head, purchase = standing.head, standing.purchase
    if job.base_model != head.base_model:
        raise Conflict(
            "other_base_model",
            f"Deployment {head.name} serves a model of {head.base_model}; job {job.id} tuned {job.base_model}. "
            "Release it first, or choose another name.",
            base_model=head.base_model,
        )
    if purchase.swap:
        raise Conflict(
            "deployment_updating",
            f"Deployment {head.name} is being given the model of job {purchase.swap.job_id}. Once it is Ready, ask "
            "again.",
            state=head.state,
            job_id=purchase.swap.job_id,
        )
    if purchase.state != "live" or purchase.ready_at is None:
        raise Conflict(
            "deployment_not_ready",
            f"Deployment {head.name} is {head.state}. Its model can be swapped once it is Ready; or release it first.",
            state=head.state,
            job_id=head.job_id,
        )


def _check_unchanged(asked: PutDeployment, head: Deployment) -> None:
    if asked.arn not in {None, head.arn}:
        raise _fixed("capacity_fixed", "arn", head, "has other capacity")
    if asked.serving not in {None, head.serving}:
        raise _fixed("serving_fixed", "serving", head, f"is served as {head.serving}")
    if asked.model_units is not None and asked.model_units != head.model_units:
        raise _fixed(
            "model_units_fixed",
            "model_units",
            head,
            f"has {counted(head.model_units, 'model unit')}, which Bedrock never changes",
        )


def _fixed(code: str, field: str, head: Deployment, what: str) -> Conflict:
    return Conflict(
        code,
        f"Deployment {head.name} {what}. Ask for a second unit, delete it first, or choose another name.",
        field=field,
        state=head.state,
    )


@dataclass(frozen=True, slots=True)
class Served:
    """Which model, and which generation of the deployment serves it, by which capacity if that is adopted."""

    generation: int
    job_id: str
    model_arn: str
    arn: str | None = None


def make(wish: DeploymentWish, until: datetime | None, changes: tuple[Change, ...], served: Served) -> DeploymentPlan:
    """The plan with its id."""
    return identified(
        DeploymentPlan(
            name=wish.name,
            changes=changes,
            generation=served.generation,
            job_id=served.job_id,
            model_arn=served.model_arn,
            serving=wish.serving,
            model_units=wish.model_units,
            hours=wish.hours,
            until=until,
            idle_minutes=wish.idle_minutes,
            on_budget=wish.on_budget,
            arn=served.arn,
        )
    )


def identified(plan: DeploymentPlan) -> DeploymentPlan:
    """The plan with the id that follows from all else."""
    content = json.dumps(_content(replace(plan, plan_id="")), sort_keys=True, separators=(",", ":"))
    return replace(plan, plan_id=hashlib.sha256(content.encode()).hexdigest()[:32])


def _content(plan: DeploymentPlan) -> dict[str, object]:
    until = plan.until.isoformat() if plan.until else None
    # What an earlier release did not know keeps the id that somebody may have confirmed.
    unsaid = {"plan_id": "", "on_budget": "notify", "arn": None, "idle_minutes": None, "commitment": None}
    said = {name: value for name, value in asdict(plan).items() if name not in unsaid or value != unsaid[name]}
    return {**said, "until": until}
