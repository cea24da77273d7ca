"""Trace what was made from a dataset: running jobs, custom models, and what still bills."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tunedrop.actions.deployments import read_deployments
from tunedrop.domain.reports import next_commands
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.training import job_states, missed_models
from tunedrop.domain.training.job_states import ENDED, Job
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import job_rows
from tunedrop.edges.rows.attributes import Row


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A custom model that was trained on a version, and its deployments that have not ended."""

    job_id: str
    version: int
    """Of the dataset that its job trained on: another one, if only an earlier model of its line was trained on this."""
    base_model: str
    name: str
    model_arn: str
    deployments: tuple[Deployment, ...]


@dataclass(frozen=True, slots=True)
class StillBilling:
    """Something that costs money until somebody ends it, even after the data is deleted."""

    what: Literal["provisioned_throughput", "on_demand_deployment", "custom_model"]
    name: str
    arn: str | None
    until: datetime | None
    how_to_end: str


def running_jobs(dataset: str, version: int | None, cloud: Cloud) -> tuple[Job, ...]:
    """Jobs on the dataset, or on one version, that have not ended or lack their report; their data must stay."""
    # Not the listing index, which lags: a job missed here would lose its data (docs/facts.md#dynamodb).
    rows = cloud.state.query("OPEN", "JOB#").rows
    found = (job_rows.load(cloud.state, row["job_id"]) for row in rows)
    return tuple(job for job in found if job and _is_at_work(job) and _on(job, dataset, version))


def _is_at_work(job: Job) -> bool:
    return job.status not in ENDED or job_states.awaits_results(job)


def trained_on(dataset: str, version: int | None, cloud: Cloud) -> tuple[TrainedModel, ...]:
    """Custom models trained on the dataset, or on one version, or tuned further from such; newest first."""
    live = read_deployments.standing_by_job(cloud)
    rows = cloud.state.listing(job_rows.KIND).rows
    learned: set[str] = set()
    for row in reversed(rows):  # oldest first: a model is older than those tuned further from it
        if _row_on(row, dataset, version) or row.get("from_job") in learned:
            learned.add(row["id"])
    jobs = (job_rows.job_from(row) for row in rows if row["id"] in learned)
    return tuple(
        TrainedModel(job.id, job.version, job.base_model, job.name, job.model_arn, tuple(live.get(job.id, ())))
        for job in jobs
        if job.model_arn and missed_models.gone_at(job) is None
    )


def still_billing(models: tuple[TrainedModel, ...]) -> tuple[StillBilling, ...]:
    """What costs money: each deployment, and the storage of each custom model (docs/facts.md#prices)."""
    served = [_billed(deployment) for model in models for deployment in model.deployments]
    kept = [
        StillBilling(
            "custom_model",
            model.name,
            model.model_arn,
            None,
            next_commands.delete_model(model.name),
        )
        for model in models
    ]
    return (*served, *kept)


def _billed(deployment: Deployment) -> StillBilling:
    return StillBilling(
        "provisioned_throughput" if deployment.model_units else "on_demand_deployment",
        deployment.name,
        deployment.arn,
        deployment.expires_at,
        next_commands.delete_deployment(deployment.name),
    )


def _row_on(row: Row, dataset: str, version: int | None) -> bool:
    return row["dataset"] == dataset and version in {None, row["version"]}


def _on(job: Job, dataset: str, version: int | None) -> bool:
    return job.dataset == dataset and version in {None, job.version}
