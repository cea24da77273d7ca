"""Prepare a version on demand: a job for a base model that its version was not prepared for waits until it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tunedrop.actions.charges import reserve_budget
from tunedrop.actions.datasets import erase_data, prepare_version, read_datasets
from tunedrop.actions.jobs import draft_intent
from tunedrop.domain.charges.monthly_budget import BudgetShare
from tunedrop.domain.training import job_steps
from tunedrop.domain.training.job_plan import UnpreparedVersion
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.versions.versioning import JUDGED, Preparation, Version
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import dataset_rows
from tunedrop.errors import CapExceeded, Conflict, InvalidInput, NotFound, Unavailable

if TYPE_CHECKING:
    from datetime import datetime


MOST_RACES = 10
"""Far more than the number of jobs that can have one version prepared at the same time."""


def ask(job: Job, cloud: Cloud) -> None:
    """Request that the job's version be prepared for its base model. If the message gets lost, the job asks again."""
    cloud.upload_queue.send(
        "prepare_version",
        dataset=job.dataset,
        version=job.version,
        base_model=job.base_model,
        job_id=job.id,
    )


def prepare(message: Mapping[str, Any], cloud: Cloud) -> None:
    """Carry out a `prepare_version` message, then enqueue its job. Repeating the message prepares nothing twice.

    S3's transient faults are raised as botocore's errors; Unavailable if other writers keep changing the version.
    """
    dataset, number, base_model = message["dataset"], message["version"], message["base_model"]
    version = dataset_rows.load_version(cloud.state, dataset, number)
    if version is not None and version.status in JUDGED and not version.prepared_for(base_model):
        outcome = prepare_version.prepare(version, cloud, base_models=(base_model,))
        _add(version, outcome.preparations, cloud)
        version = dataset_rows.load_version(cloud.state, dataset, number)
    if version is None or version.status not in JUDGED:
        logger.warning("no version to prepare", extra={"dataset": dataset, "version": number})
        erase_data.sweep(dataset, number, cloud)  # what this or an earlier, crashed delivery wrote for it
    cloud.spend_queue.send("advance_job", job_id=message["job_id"])


def _add(version: Version, preparations: tuple[Preparation, ...], cloud: Cloud) -> None:
    """Add the preparations to the version as it is now: others may be adding this or another base model."""
    base_model = preparations[0].base_model
    current: Version | None = version
    for _ in range(MOST_RACES):
        if current is None or current.status not in JUDGED or current.prepared_for(base_model):
            return
        if dataset_rows.add_preparations(cloud.state, current, preparations):
            logger.info("prepared on demand", extra={"version": f"{version.dataset}@{version.number}"})
            return
        current = dataset_rows.load_version(cloud.state, version.dataset, version.number)
    raise Unavailable("version_busy", f"{version.dataset}@{version.number} is being changed by others.")


def go_on(job: Job, cloud: Cloud, now: datetime) -> tuple[Job, BudgetShare | None] | None:
    """The job with its plan, and what it takes of the month's budget now that this is known.

    Failed if a request would now be refused; None while its data is not prepared.
    """
    try:
        data = read_datasets.accepted(job.dataset, job.version, job.base_model, cloud)
        if isinstance(data, UnpreparedVersion):
            return None
        ordered = draft_intent.ordered(job, data, cloud.settings, now)
        return ordered, reserve_budget.of_job(ordered, None, cloud)
    except (InvalidInput, NotFound, Conflict, CapExceeded) as refusal:
        return job_steps.fail(job, refusal, now), None
