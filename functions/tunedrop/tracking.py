"""Following a job: the event is a hint, Get is the truth, and what the truth brings is stored before it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tunedrop import announcements, job_changes
from tunedrop.edges import bedrock as bedrock_edge
from tunedrop.edges import deployment_rows, job_rows, outputs, queues
from tunedrop.edges.observability import logger
from tunedrop.edges.settings import Settings
from tunedrop.edges.table import Table
from tunedrop.errors import Unavailable
from tunedrop.training import jobs, metrics, names
from tunedrop.training.jobs import ENDED, Job, JobTruth, Source
from tunedrop.training.metrics import MetricSplit, UnreadableMetrics

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class _Reach:
    table: Table
    bedrock: BedrockClient
    s3: S3Client
    settings: Settings
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
    a person started. Raises Unavailable when others keep changing the job.
    """
    reach = _Reach(table, bedrock, s3, settings, now)
    source: Source = "reconcile" if message.get("kind") == "check_job" else "event"
    for _ in range(MOST_TRIES):
        job = _named(message, table)
        if job is None:
            logger.info("a job that is not ours", extra={"source": source})
            return None
        followed = _follow(job, message, source, reach)
        if followed is not None:
            _pass_on(followed, table, sqs, settings)
            announcements.announce_job(followed, table=table, bus=bus, settings=settings, now=now)
            return followed
    raise Unavailable("busy", "The job is being changed by others.", job_id=str(message.get("job_id", "")))


def _named(message: Mapping[str, Any], table: Table) -> Job | None:
    if message.get("kind") == "check_job":
        return job_rows.load(table, str(message["job_id"]))
    name = _detail(message).get("jobName")
    return job_rows.find(table, name) if isinstance(name, str) and 0 < len(name) <= names.MAX_NAME else None


def _detail(message: Mapping[str, Any]) -> Mapping[str, Any]:
    detail = message.get("detail")
    return detail if isinstance(detail, Mapping) else {}


def _follow(job: Job, message: Mapping[str, Any], source: Source, reach: _Reach) -> Job | None:
    """The job as it stands in the table afterwards; None when the write lost a race."""
    arn = job.arn or _detail(message).get("jobArn")
    if job.status in ENDED or not isinstance(arn, str):
        return job
    truth = bedrock_edge.get_job(reach.bedrock, arn)
    if truth is None or truth.token != job.token:
        logger.warning("Bedrock shows no such job of ours", extra={"job_id": job.id})
        return job
    if truth.status == "Completed" and truth.model_arn is None:
        logger.warning("completed, but its model has no ARN yet", extra={"job_id": job.id})
        return job
    followed = jobs.follow(job, truth, source, reach.now)
    if followed == job:
        return job
    if followed.status in ENDED:
        followed = _with_results(followed, truth, reach)
    if not job_changes.save(reach.table, followed, reach.now):
        return None
    return replace(followed, revision=followed.revision + 1)


def _with_results(job: Job, truth: JobTruth, reach: _Reach) -> Job:
    """Store every metric point before the status that promises them; a file that can't be read is noted, no more."""
    bucket = reach.settings.data_bucket
    prefix = names.output_prefix(job.dataset, job.version, job.id) + "/"
    files = metrics.find(outputs.keys(reach.s3, bucket, prefix))
    losses: dict[str, float | None] = {"training": truth.training_loss, "validation": truth.validation_loss}
    counts: dict[str, int] = {"training": 0, "validation": 0}
    for split, key in files.items():
        count, last = _store(job, split, key, reach)
        counts[split] = count
        losses[split] = last if losses[split] is None else losses[split]
    return replace(
        job, metric_counts=counts, metric_files={str(split): key for split, key in files.items()}, final_losses=losses
    )


def _store(job: Job, split: MetricSplit, key: str, reach: _Reach) -> tuple[int, float | None]:
    lines = outputs.lines(reach.s3, reach.settings.data_bucket, key)
    try:
        return job_rows.put_chunks(reach.table, job.id, split, metrics.chunks(metrics.parse(lines, split)))
    except UnreadableMetrics as error:
        logger.error("metrics that can't be read", extra={"job_id": job.id, "key": key, "reason": str(error)})
        return 0, None


def _pass_on(job: Job, table: Table, sqs: SQSClient, settings: Settings) -> None:
    """A completed job's purchase is due: say so, as often as we are asked; the purchase knows what it did."""
    if job.status not in ENDED or job.deployment is None or job.deployment_generation is None:
        return
    purchase = deployment_rows.load_purchase(table, job.deployment.name, job.deployment_generation)
    if purchase and purchase.state == "requested":
        queues.send(
            sqs,
            settings.spend_queue_url,
            "advance_purchase",
            deployment=purchase.deployment,
            generation=purchase.generation,
        )
