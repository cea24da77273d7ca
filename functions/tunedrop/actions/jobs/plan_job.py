"""Say what a request to start a job would do and cost. Nothing is written, sent or spent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tunedrop.actions.charges import reserve_budget
from tunedrop.actions.datasets import read_datasets
from tunedrop.actions.jobs import check_job, read_jobs
from tunedrop.actions.jobs.check_job import AccountToday, CheckedJob
from tunedrop.domain.base_models.catalogue import Serving
from tunedrop.domain.charges.monthly_budget import BudgetShare
from tunedrop.domain.serving import capacity_costs, plan_advice
from tunedrop.domain.training import durations, job_plan
from tunedrop.domain.training.durations import Estimate
from tunedrop.domain.training.job_filter import JobFilter
from tunedrop.domain.training.job_plan import JobPlan, UnpreparedVersion
from tunedrop.domain.training.start_request import StartJob
from tunedrop.domain.versions.versioning import Version
from tunedrop.edges.cloud import Cloud

EARLIER_JOBS = 20


@dataclass(frozen=True, slots=True)
class WayToServe:
    """One way to serve the custom model; the price of a model unit and hour is None where it is not set or not due."""

    serving: Serving
    model_unit_hour: float | None
    currency: str


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """What a request would do. `plan` and `duration` are None for a version that must be prepared first."""

    checked: CheckedJob
    plan: JobPlan | None
    must_be_confirmed: bool
    """Whether it is above MaxTrainedTokensPerJob, and needs the plan's id."""
    records: Mapping[str, int]
    """By split, as prepared for the base model."""
    duration: Estimate | None
    serving: tuple[WayToServe, ...]
    warnings: tuple[Mapping[str, Any], ...]
    today: AccountToday
    advice: tuple[str, ...]
    """What to know of its deployment before it is bought."""
    share: BudgetShare | None
    """What it would take of the month's budget; None: the stack has none."""


def plan(request: StartJob, cloud: Cloud) -> PlannedJob:
    """What the request would do. Raises what the request itself would raise, but for `plan_confirmation_required`."""
    checked = check_job.check(request, cloud)
    version = read_datasets.get_version(checked.data.name, checked.data.version, cloud)
    planned = _planned(checked, cloud)
    settings = cloud.settings
    if planned and request.plan_id is not None:
        job_plan.confirm(planned, request.plan_id, settings.max_trained_tokens_per_job)
    records: dict[str, int] = {item.split: item.records for item in version.prepared_for(checked.base_model.name)}
    return PlannedJob(
        checked=checked,
        plan=planned,
        must_be_confirmed=planned is not None and planned.trained_tokens > settings.max_trained_tokens_per_job,
        records=records,
        duration=_duration(planned, cloud) if planned else None,
        serving=tuple(_ways(checked, cloud)),
        warnings=tuple(_warnings(version, checked.base_model.name)),
        share=_share(checked, planned, cloud),
        today=check_job.ask_aws(checked, cloud),
        advice=_advice(checked, planned, records, cloud),
    )


def _advice(checked: CheckedJob, planned: JobPlan | None, records: Mapping[str, int], cloud: Cloud) -> tuple[str, ...]:
    wish = checked.deployment
    if wish is None or not wish.model_units:
        return ()
    prices, base_model = cloud.settings.prices, checked.base_model
    hour = capacity_costs.hourly(wish.model_units, base_model.name, prices)
    tokens = planned.tokens_per_epoch / records["train"] if planned and records.get("train") else None
    even = plan_advice.break_even(None if hour is None else hour * 24, base_model, prices, tokens)
    return plan_advice.advice(base_model, wish.idle_minutes, even)


def _share(checked: CheckedJob, planned: JobPlan | None, cloud: Cloud) -> BudgetShare | None:
    return reserve_budget.of_wish(
        checked.base_model.name,
        planned.trained_tokens if planned else None,
        checked.deployment,
        checked.gate.planned.plan if checked.gate else None,
        cloud,
        accepted=checked.request.accept_unknown_price,
    )


def _planned(checked: CheckedJob, cloud: Cloud) -> JobPlan | None:
    if isinstance(checked.data, UnpreparedVersion):
        return None
    return job_plan.make(
        checked.data,
        checked.base_model,
        checked.hyperparameters,
        checked.deployment,
        prices=cloud.settings.prices,
        currency=cloud.settings.currency,
        from_job=checked.request.from_job,
        gate_plan_id=checked.gate.planned.plan.plan_id if checked.gate else None,
    )


def _duration(planned: JobPlan, cloud: Cloud) -> Estimate | None:
    wanted = JobFilter(status="Completed", base_model=planned.base_model)
    earlier = read_jobs.list_jobs(EARLIER_JOBS, None, cloud, wanted).jobs
    lasted = [
        (job.trained_tokens, job.ended_at - job.started_at)
        for job in earlier
        if job.trained_tokens and job.ended_at and job.started_at
    ]
    return durations.estimate(planned.trained_tokens, lasted)


def _ways(checked: CheckedJob, cloud: Cloud) -> Iterator[WayToServe]:
    settings = cloud.settings
    for way in checked.base_model.serving:
        price = settings.prices.get(f"{checked.base_model.name}.model_unit_hour")
        yield WayToServe(way, price if way == "provisioned_throughput" else None, settings.currency)


def _warnings(version: Version, base_model: str) -> Iterator[Mapping[str, Any]]:
    return (row for row in version.top_findings if row["severity"] == "warning" and row["base_model"] == base_model)
