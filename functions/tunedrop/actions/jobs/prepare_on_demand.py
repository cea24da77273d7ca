"""Preparing on demand: a job may name a base model that its version was not prepared for, and waits until it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tunedrop.actions.datasets import erase_data, prepare_version, read_datasets
from tunedrop.actions.jobs import draft_intent
from tunedrop.domain.training import job_states
from tunedrop.domain.training.job_plan import UnpreparedVersion
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.versions.versioning import JUDGED, Preparation, Version
from tunedrop.edges import queues
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import dataset_rows
from tunedrop.edges.rows.table import Table
from tunedrop.edges.settings import Settings
from tunedrop.errors import Conflict, InvalidInput, NotFound, Unavailable

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

MOST_RACES = 10
"""One version is prepared on demand for one base model at a time by far fewer."""


def ask(job: Job, sqs: SQSClient, settings: Settings) -> None:
    """Have the job's version prepared for its base model. Only a hint: where it gets lost, the job asks again."""
    queues.send(
        sqs,
        settings.upload_queue_url,
        "prepare_version",
        dataset=job.dataset,
        version=job.version,
        base_model=job.base_model,
        job_id=job.id,
    )


def prepare(message: Mapping[str, Any], *, table: Table, s3: S3Client, sqs: SQSClient, settings: Settings) -> None:
    """Carry out a `prepare_version` message, and have its job go on. The same message again prepares nothing twice."""
    dataset, number, base_model = message["dataset"], message["version"], message["base_model"]
    version = dataset_rows.load_version(table, dataset, number)
    if version is not None and version.status in JUDGED and not version.prepared_for(base_model):
        outcome = prepare_version.prepare(version, s3=s3, settings=settings, base_models=(base_model,))
        _add(version, outcome.preparations, table)
        version = dataset_rows.load_version(table, dataset, number)
    if version is None or version.status not in JUDGED:
        logger.warning("no version to prepare", extra={"dataset": dataset, "version": number})
        erase_data.sweep(dataset, number, table=table, s3=s3, bucket=settings.data_bucket)  # also after one that died
    queues.send(sqs, settings.spend_queue_url, "advance_job", job_id=message["job_id"])


def _add(version: Version, preparations: tuple[Preparation, ...], table: Table) -> None:
    """To the version as it is now: others may add another base model at the same moment, or this one."""
    base_model = preparations[0].base_model
    current: Version | None = version
    for _ in range(MOST_RACES):
        if current is None or current.status not in JUDGED or current.prepared_for(base_model):
            return
        if dataset_rows.add_preparations(table, current, preparations):
            logger.info("prepared on demand", extra={"version": f"{version.dataset}@{version.number}"})
            return
        current = dataset_rows.load_version(table, version.dataset, version.number)
    raise Unavailable("version_busy", f"{version.dataset}@{version.number} is being changed by others.")


def go_on(job: Job, *, table: Table, settings: Settings, now: datetime) -> Job | None:
    """The job with its plan, or Failed where its request would have been refused; None while it has to wait."""
    try:
        data = read_datasets.accepted(job.dataset, job.version, job.base_model, table=table)
        return None if isinstance(data, UnpreparedVersion) else draft_intent.ordered(job, data, settings, now)
    except (InvalidInput, NotFound, Conflict) as refusal:
        return job_states.fail(job, refusal, now)
