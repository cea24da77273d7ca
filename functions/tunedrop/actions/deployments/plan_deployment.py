"""Say what a request about a deployment would do and cost. Nothing is written, sent or spent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from tunedrop.actions.charges import reserve_budget
from tunedrop.actions.deployments import find_model, plan_adoption, replace_unit
from tunedrop.actions.deployments.plan_adoption import Adoption
from tunedrop.actions.evaluations import plan_gate
from tunedrop.actions.evaluations.plan_gate import JudgedModel, PlannedGate
from tunedrop.actions.jobs import check_job, read_jobs
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.charges.monthly_budget import BudgetShare
from tunedrop.domain.evaluation.evaluation_request import EvaluationWish
from tunedrop.domain.serving import (
    adoption_plan,
    capacity_costs,
    commitments,
    deployment_plan,
    deployment_states,
    plan_advice,
    put_request,
    second_units,
    served_models,
)
from tunedrop.domain.serving.capacity_costs import Cost
from tunedrop.domain.serving.deployment_plan import DeploymentPlan, StandingDeployment
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.generation_drafts import Trained
from tunedrop.domain.serving.plan_advice import BreakEven
from tunedrop.domain.serving.put_request import PutDeployment
from tunedrop.domain.serving.terms import Term
from tunedrop.domain.training import account_quotas, lifecycle
from tunedrop.domain.training.account_quotas import Quota
from tunedrop.domain.training.job_states import Job
from tunedrop.edges import faults
from tunedrop.edges.bedrock import observed_lifecycle, quotas
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, job_rows
from tunedrop.edges.rows.deployment_rows import UnitsSpokenFor
from tunedrop.errors import InvalidInput, Unavailable


@dataclass(frozen=True, slots=True)
class CheckedDeployment:
    """A request with its defaults filled in, and what it refers to."""

    plan: DeploymentPlan
    served: Trained
    """Whose custom model is served afterwards."""
    job: Job | None
    """The same, if a model is put behind a deployment."""
    base_model: BaseModel
    before: Deployment | None
    """The deployment of that name as it is, ended or not."""
    standing: StandingDeployment | None
    """The same if it has not ended."""
    spoken_for: UnitsSpokenFor | None
    """The model units that others have, if it needs new ones."""
    adoption: Adoption | None = None
    """The capacity that it gets, if that exists already."""
    gate: PlannedGate | None = None
    """What decides whether that which is bought goes live."""


@dataclass(frozen=True, slots=True)
class PlannedDeployment:
    """What a request would do."""

    checked: CheckedDeployment
    expires_at: datetime | None
    """When it would be released; what is not bought yet counts from now. None: when somebody releases it."""
    cost: Cost
    hour_of_both: float | None
    """What an hour costs while a second unit and the one before it are billed; None if none is asked for."""
    quotas: tuple[Quota, ...]
    """Those of the account that it needs."""
    break_even: BreakEven | None
    """Against on demand, where Provisioned Throughput would be bought; None also where a price is not set."""
    advice: tuple[str, ...]
    """What to know before it is bought."""
    share: BudgetShare | None
    """What it would take of the month's budget; None: there is none, or it takes nothing."""


def plan(asked: PutDeployment, cloud: Cloud) -> PlannedDeployment:
    """What the request would do. Raises what the request itself would raise."""
    checked = check(asked, cloud)
    needed = ask_aws(checked, cloud)
    now, planned = cloud.now(), checked.plan
    before = checked.standing.purchase if checked.standing else None
    expires_at = planned.ends_at(before if before and before.generation == planned.generation else None, now)
    hour = capacity_costs.hourly(planned.model_units, checked.base_model.name, cloud.settings.prices, _term(checked))
    cost = capacity_costs.ahead(hour, expires_at - now if expires_at else None, cloud.settings.currency)
    both = None
    if before and "replace" in planned.changes:
        both = capacity_costs.hourly(
            before.model_units + planned.model_units, checked.base_model.name, cloud.settings.prices
        )
    bought = bool({"create", "replace"} & set(planned.changes)) and planned.model_units > 0
    even = _break_even(checked, cost.day, cloud) if bought else None
    idle = planned.idle_minutes if planned.commitment is None else 0
    told = plan_advice.advice(checked.base_model, idle, even) if bought else ()
    told += commitments.advice(planned, cloud.settings.currency)
    return PlannedDeployment(checked, expires_at, cost, both, needed, even, told, share(asked, checked, cloud))


def _term(checked: CheckedDeployment) -> Term | None:
    """The term by whose price it costs what it does; None: by the hour."""
    if checked.plan.commitment:
        return checked.plan.commitment.term
    if checked.adoption:
        return checked.adoption.lost.item.commitment
    is_same = checked.standing is not None and checked.standing.purchase.generation == checked.plan.generation
    return checked.standing.purchase.commitment if checked.standing and is_same else None


def _break_even(checked: CheckedDeployment, day: float | None, cloud: Cloud) -> BreakEven | None:
    tokens = plan_advice.tokens_per_record(checked.job) if checked.job else None
    return plan_advice.break_even(day, checked.base_model, cloud.settings.prices, tokens)


def check(asked: PutDeployment, cloud: Cloud) -> CheckedDeployment:
    """Check a request against the catalogue, the stack's caps and its rows. AWS is asked for a model's ARN at most.

    Raises InvalidInput, NotFound, Conflict, CapExceeded and Unavailable.
    """
    check_shape(asked)
    job = find_model.find(asked, cloud)
    before = deployment_rows.load(cloud.state, asked.name)
    if before and before.state not in deployment_states.ENDED:
        checked = _standing(asked, job, before, cloud)
    elif asked.arn:
        checked = _adopting(asked, asked.arn, before, cloud)
    else:
        checked = _new(asked, job, before, cloud)
    if asked.evaluation and {"create", "replace"} & set(checked.plan.changes):
        checked = _gated(checked, asked.evaluation, cloud, accepted=_accepts(asked, checked))
    standing = checked.standing.purchase.approval if checked.standing else None
    if checked.plan.changes or standing is None or standing.plan_id != asked.plan_id:
        deployment_plan.confirm(checked.plan, asked.plan_id)
    return checked


def _gated(checked: CheckedDeployment, wish: EvaluationWish, cloud: Cloud, *, accepted: bool) -> CheckedDeployment:
    """The same with what decides whether it goes live; where a model serves, also judged against that."""
    planned, served = checked.plan, checked.served
    successor = planned.generation if "replace" in planned.changes else None
    hourly = planned.serving == "provisioned_throughput"
    model = JudgedModel(
        planned.name, served.base_model, served.dataset, served.version, hourly, successor, planned.job_id
    )
    gate = plan_gate.plan(wish, model, cloud, accept_unknown_price=accepted)
    gated = deployment_plan.identified(replace(planned, gate_plan_id=gate.planned.plan.plan_id))
    return replace(checked, plan=gated, gate=gate)


def check_shape(asked: PutDeployment) -> None:
    """Raises InvalidInput for what needs no row to be refused."""
    deployment_states.check_name(asked.name, catalogue.catalogue(), field="name")
    put_request.check(asked)


def _new(asked: PutDeployment, job: Job | None, before: Deployment | None, cloud: Cloud) -> CheckedDeployment:
    if job is None:
        state = f"is {before.shown}" if before else "does not exist"
        words = (
            f"Deployment {asked.name} {state}. To make it, say whose model it serves, by its job or by its own name."
        )
        raise InvalidInput("model_required", words, field="job_id")
    if asked.commitment:
        commitments.check_allowed(allowed=cloud.settings.allow_commitments)
    find_model.check(job, cloud)
    base_model = catalogue.find(job.base_model)
    planned = deployment_plan.create(
        asked,
        job,
        base_model,
        generation=deployment_rows.next_generation(cloud.state, before),
        default_hours=cloud.settings.deployment_hours,
        now=cloud.now(),
    )
    planned = commitments.plan(planned, asked, base_model.name, cloud.settings.prices)
    return CheckedDeployment(planned, job, job, base_model, before, None, units_beside(planned, cloud))


def _adopting(asked: PutDeployment, arn: str, before: Deployment | None, cloud: Cloud) -> CheckedDeployment:
    adoption = plan_adoption.check(asked, arn, deployment_rows.next_generation(cloud.state, before), cloud)
    served = adoption_plan.check_model(adoption.lost)
    beside = units_beside(adoption.plan, cloud)
    return CheckedDeployment(
        adoption.plan, served, None, catalogue.find(served.base_model), before, None, beside, adoption
    )


def _standing(asked: PutDeployment, job: Job | None, before: Deployment, cloud: Cloud) -> CheckedDeployment:
    purchase = deployment_rows.load_purchase(cloud.state, before.name, before.generation)
    if purchase is None:  # both rows are written in one transaction, and never taken away
        raise Unavailable("busy", f"Deployment {before.name} is being changed. Send the request again.")
    standing = StandingDeployment(before, purchase)
    commitments.check_standing(asked, purchase)
    coming = replace_unit.beside(before, cloud) if second_units.is_coming(before) else None
    if coming:
        planned = second_units.while_coming(asked, job, standing, coming)
    elif (asked.second_unit or asked.evaluation) and second_units.differs(asked, job, before):
        return _second(asked, job or read_jobs.get(before.job_id, cloud), standing, cloud)
    else:
        planned = deployment_plan.change(asked, job, standing, cloud.now())
    if job and "swap" in planned.changes:
        find_model.check(job, cloud)
    served = job or job_rows.load(cloud.state, planned.job_id) or served_models.of_rows(before)
    return CheckedDeployment(planned, served, job, catalogue.find(before.base_model), before, standing, None)


def _second(asked: PutDeployment, job: Job, standing: StandingDeployment, cloud: Cloud) -> CheckedDeployment:
    """A second unit like the first, its end included, but for what is asked."""
    head = standing.head
    second_units.check_possible(job, standing)
    find_model.check(job, cloud)
    base_model = catalogue.find(job.base_model)
    commitments.check_release(standing.purchase, cloud.now())
    serving, was = asked.serving or head.serving, standing.purchase
    like = replace(
        asked,
        serving=serving,
        expires_at=second_units.end_of(asked, serving, was, cloud.now()),
        model_units=asked.model_units or (head.model_units if serving == head.serving else None),
        idle_minutes=was.idle_minutes if asked.idle_minutes is None else asked.idle_minutes,
        on_budget=asked.on_budget or (was.on_budget if serving == "provisioned_throughput" else None),
    )
    planned = deployment_plan.create(
        like,
        job,
        base_model,
        generation=deployment_rows.next_generation(cloud.state, head),
        default_hours=cloud.settings.deployment_hours,
        now=cloud.now(),
        does="replace",
    )
    return CheckedDeployment(planned, job, job, base_model, head, standing, units_beside(planned, cloud))


def units_beside(planned: DeploymentPlan, cloud: Cloud) -> UnitsSpokenFor | None:
    """The model units that others have, if it needs any. Raises CapExceeded if they leave too few for it."""
    return check_job.units_beside(planned.wish, cloud, within="")


def share(asked: PutDeployment, checked: CheckedDeployment, cloud: Cloud) -> BudgetShare | None:
    """What the request would take of the month's budget. Raises CapExceeded `monthly_budget`, Conflict `price_unknown`.

    None where it takes nothing, or the stack has no budget.
    """
    standing, accepted = checked.standing, _accepts(asked, checked)
    gate = checked.gate.planned.plan if checked.gate else None
    return reserve_budget.of_deployment(checked.plan, standing, checked.base_model.name, gate, cloud, accepted=accepted)


def _accepts(asked: PutDeployment, checked: CheckedDeployment) -> bool:
    standing = checked.standing
    return asked.accept_unknown_price or (standing is not None and standing.purchase.accept_unknown_price)


def ask_aws(checked: CheckedDeployment, cloud: Cloud) -> tuple[Quota, ...]:
    """Ask AWS whether what would be made can be: the model, its base model's lifecycle, the account's quotas.

    Raises Conflict, CapExceeded and Unavailable.
    """
    planned = checked.plan
    if checked.job is None or not {"create", "swap", "replace"} & set(planned.changes):
        return ()
    find_model.check_exists(checked.job, cloud)
    if "swap" in planned.changes:
        return ()
    with faults.asked_by_a_caller():
        today = observed_lifecycle.lifecycle(cloud.bedrock, checked.base_model, {})
        lifecycle.check_serving(checked.base_model, planned.serving, today, cloud.now())
        listed, beside = quotas.listed(cloud.quotas), checked.standing.head.model_units if checked.standing else 0
        term = planned.commitment.term if planned.commitment else None
        return account_quotas.check_serving(listed, checked.base_model, planned.wish, beside=beside, term=term)
