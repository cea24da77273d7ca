"""Following a job: the event is a hint, Get is the truth, and what the truth brings is stored before it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tunedrop.actions import announce
from tunedrop.actions.jobs import save_job, store_metrics
from tunedrop.domain.training import bedrock_names, job_states
from tunedrop.domain.training.job_states import ENDED, Job, JobTruth, StatusSource
from tunedrop.edges import queues
from tunedrop.edges.bedrock import job_calls as bedrock_edge
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import deployment_rows, job_rows
from tunedrop.edges.rows.table import Table
from tunedrop.edges.settings import Settings
from tunedrop.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

MOST_TRIES = 5
FIRST_MINUTES = timedelta(minutes=5)
"""In which the tags that let us see a new job may be missing."""


@dataclass(frozen=True, slots=True)
class _Reach:
    table: Table
    bedrock: BedrockClient
    sqs: SQSClient
    settings: Settings
    metrics: store_metrics.Reach
    now: datetime


def job_changed(
    message: Mapping[str, Any],
    *,
    table: Table,
    bedrock: BedrockClient,
    s3: S3Client,
    sqs: SQSClient,
    bus: EventBridgeClient,
    settings: Settings,
    now: datetime,
) -> Job | None:
    """Bring the job of an event of Bedrock, or of a `check_job` message, up to Bedrock's truth.

    Repeats, late events and events out of order change nothing. Returns the job; None for a job that another stack or
    a person started. Raises Unavailable when others keep changing the job, Bedrock hides it or its metrics can't be
    read: the message shall come again.
    """
    source: StatusSource = "reconcile" if message.get("kind") == "check_job" else "event"
    reach = _Reach(table, bedrock, sqs, settings, store_metrics.Reach(table, s3, settings, source, now), now)
    for _ in range(MOST_TRIES):
        job = _named(message, table)
        if job is None:
            logger.info("a job that is not ours", extra={"source": source})
            return None
        followed = _follow(job, message, source, reach)
        settled = _settle(followed, message, reach) if followed else None
        if settled is not None:
            announce.announce_job(settled, table=table, bus=bus, settings=settings, now=now)
            return settled
    raise Unavailable("busy", "The job is being changed by others.", job_id=str(message.get("job_id", "")))


def _named(message: Mapping[str, Any], table: Table) -> Job | None:
    if message.get("kind") == "check_job":
        return job_rows.load(table, str(message["job_id"]))
    name = _detail(message).get("jobName")
    return job_rows.find(table, name) if isinstance(name, str) and 0 < len(name) <= bedrock_names.MAX_NAME else None


def _detail(message: Mapping[str, Any]) -> Mapping[str, Any]:
    detail = message.get("detail")
    return detail if isinstance(detail, Mapping) else {}


def _follow(job: Job, message: Mapping[str, Any], source: StatusSource, reach: _Reach) -> Job | None:
    """The job as it stands in the table afterwards; None when the write lost a race."""
    arn = job.arn or _detail(message).get("jobArn")
    if job.status in ENDED or not isinstance(arn, str):
        return job
    truth = _truth(job, arn, reach)
    if truth is None:
        return job
    followed = job_states.follow(job, truth, source, reach.now)
    if followed == job:
        return job
    measured = _first_measured(followed, reach)
    if measured is None or not save_job.save(reach.table, measured, reach.now):
        return None
    return replace(measured, revision=measured.revision + 1)


def _truth(job: Job, arn: str, reach: _Reach) -> JobTruth | None:
    """What Bedrock says of our own job; None where it says nothing that can be used. Raises Unavailable for good."""
    truth = bedrock_edge.get_job(reach.bedrock, arn)
    if truth is None and job.arn and reach.now - (job.started_at or job.created_at) >= FIRST_MINUTES:
        raise Unavailable("job_out_of_sight", f"Bedrock does not show job {job.id} any more.", job_id=job.id)
    shown_as_ours = truth and (truth.token == job.token or (truth.token is None and truth.arn == job.arn))
    if truth is None or not shown_as_ours:
        logger.warning("Bedrock shows no such job of ours", extra={"job_id": job.id})
        return None
    if truth.status == "Completed" and truth.model_arn is None:
        logger.warning("completed, but its model has no ARN yet", extra={"job_id": job.id})
        return None
    return truth


def _first_measured(job: Job, reach: _Reach) -> Job | None:
    """A status that promises metrics is written with them, unless a first try failed or died: the end goes first."""
    if not store_metrics.is_due(job) or job.metrics_tries:
        return job
    return store_metrics.measure(job, reach.metrics)


def _settle(job: Job, message: Mapping[str, Any], reach: _Reach) -> Job | None:
    """Pass on what the job's end allows, then store what is still missing; None where a write lost a race."""
    _pass_on(job, reach)
    arn = _detail(message).get("jobArn")
    if job.status in ENDED and job.arn is None and job.attempted_at and isinstance(arn, str):
        queues.send(reach.sqs, reach.settings.spend_queue_url, "advance_job", job_id=job.id)
    return store_metrics.settle(job, reach.metrics) if store_metrics.is_due(job) else job


def _pass_on(job: Job, reach: _Reach) -> None:
    """A completed job's purchase is due: say so, as often as we are asked; the purchase knows what it did."""
    if job.status not in ENDED or job.deployment is None or job.deployment_generation is None:
        return
    purchase = deployment_rows.load_purchase(reach.table, job.deployment.name, job.deployment_generation)
    if purchase and purchase.state == "requested":
        queues.send(
            reach.sqs,
            reach.settings.spend_queue_url,
            "advance_purchase",
            deployment=purchase.deployment,
            generation=purchase.generation,
        )
