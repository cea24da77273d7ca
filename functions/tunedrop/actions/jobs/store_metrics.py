"""Storing what a job's metrics files hold: before its end is told, yet without holding its end up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from tunedrop.domain.training import bedrock_names, job_states, metrics
from tunedrop.domain.training.job_states import ENDED, Job, StatusSource
from tunedrop.domain.training.metrics import MetricSplit, UnreadableMetrics
from tunedrop.edges import faults
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import job_rows
from tunedrop.edges.rows.table import Table
from tunedrop.edges.s3 import objects
from tunedrop.edges.settings import Settings
from tunedrop.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST_TRIES = 4
"""Then the job goes without: the files are still Bedrock's, under the job's output."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What measuring touches."""

    table: Table
    s3: S3Client
    settings: Settings
    source: StatusSource
    now: datetime


def is_due(job: Job) -> bool:
    """Whether the job has ended with metrics that are neither stored nor given up."""
    return job.status in ENDED and job.arn is not None and not job.metrics_settled


def measure(job: Job, reach: Reach) -> Job | None:
    """The job with what its files hold, or, until the last try, as it was; not written yet.

    The try is counted before it begins: None where that write lost a race.
    """
    if not reach.table.update(job_rows.count_metrics_try(job)).done:
        return None
    counted = replace(job, metrics_tries=job.metrics_tries + 1, revision=job.revision + 1)
    try:
        return _with_results(counted, reach)
    except faults.FAULTS as fault:
        reason = faults.code_of(fault)
    logger.warning("metrics that can't be reached", extra={"job_id": job.id, "tries": counted.metrics_tries})
    return _given_up(counted, reason, reach) if counted.metrics_tries >= MOST_TRIES else counted


def settle(job: Job, reach: Reach) -> Job | None:
    """Measure the ended job and write it; None where a write lost a race. Raises Unavailable: try again later."""
    measured = measure(job, reach)
    if measured is None:
        return None
    if not measured.metrics_settled:
        raise Unavailable("metrics_unread", f"The metrics of job {job.id} can't be read yet.", job_id=job.id)
    written = reach.table.put(job_rows.put_job(measured)).done
    return replace(measured, revision=measured.revision + 1) if written else None


def _given_up(job: Job, reason: str, reach: Reach) -> Job:
    words = f"its metrics files could not be read ({reason})"
    return job_states.note(replace(job, metrics_settled=True), reach.source, reach.now, words)


def _with_results(job: Job, reach: Reach) -> Job:
    bucket = reach.settings.data_bucket
    prefix = bedrock_names.output_prefix(job.dataset, job.version, job.id) + "/"
    files = metrics.find(objects.list_keys(reach.s3, bucket, prefix))
    losses, counts = dict(job.final_losses), {"training": 0, "validation": 0}
    measured = replace(job, metric_files={str(split): key for split, key in files.items()}, metrics_settled=True)
    for split, key in files.items():
        try:
            counts[split], last = _store(job, split, key, reach)
        except UnreadableMetrics as error:
            logger.error("metrics that can't be read", extra={"job_id": job.id, "key": key, "reason": str(error)})
            measured = job_states.note(measured, reach.source, reach.now, f"its {split} metrics can't be read: {error}")
        else:
            losses[split] = last if losses.get(split) is None else losses[split]
    return replace(measured, metric_counts=counts, final_losses=losses)


def _store(job: Job, split: MetricSplit, key: str, reach: Reach) -> tuple[int, float | None]:
    lines = objects.lines(reach.s3, reach.settings.data_bucket, key)
    return job_rows.put_chunks(reach.table, job.id, split, metrics.chunks(metrics.parse(lines, split)))
