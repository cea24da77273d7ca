"""Store a job's metrics, what they show, and its report before its end is announced, but never hold that back long."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from tunedrop.actions.jobs import write_job_report
from tunedrop.domain.training import diagnosis, job_states, metrics, names_tokens_tags
from tunedrop.domain.training.job_states import Job, StatusSource
from tunedrop.domain.training.metrics import MetricPoint, MetricSplit, UnreadableMetrics
from tunedrop.domain.training.training_run import TrainingRun
from tunedrop.edges import faults
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import job_rows, metric_rows
from tunedrop.edges.s3 import objects
from tunedrop.errors import Unavailable

MOST_TRIES = 4
"""After this many tries the job ends without metrics; Bedrock's files stay under the job's output."""


class _Measured(NamedTuple):
    job: Job
    run: TrainingRun


def measure(job: Job, source: StatusSource, cloud: Cloud) -> Job | None:
    """The job with its metrics and report, its row not written; unchanged if that is not possible and tries are left.

    The try is counted in the row before it begins; None if that write lost a race.
    """
    if not cloud.state.update(job_rows.count_metrics_try(job)).done:
        return None
    counted = replace(job, metrics_tries=job.metrics_tries + 1, revision=job.revision + 1)
    try:
        return _with_report(_with_results(counted, source, cloud), source, cloud)
    except faults.FAULTS as fault:
        reason = faults.code_of(fault)
    logger.warning("metrics that can't be reached", extra={"job_id": job.id, "tries": counted.metrics_tries})
    return _given_up(counted, reason, source, cloud) if counted.metrics_tries >= MOST_TRIES else counted


def settle(job: Job, source: StatusSource, cloud: Cloud) -> Job | None:
    """Measure the ended job and write it; None if a write lost a race.

    Raises Unavailable `metrics_unread` if the files can't be read now and tries are left.
    """
    measured = measure(job, source, cloud)
    if measured is None:
        return None
    if not measured.metrics_settled:
        raise Unavailable("metrics_unread", f"The metrics of job {job.id} can't be read yet.", job_id=job.id)
    written = cloud.state.put(job_rows.put_job(measured)).done
    return replace(measured, revision=measured.revision + 1) if written else None


def _given_up(job: Job, reason: str, source: StatusSource, cloud: Cloud) -> Job:
    words = f"its metrics files could not be read ({reason})"
    return job_states.note(replace(job, metrics_settled=True), source, cloud.now(), words)


def _with_report(measured: _Measured, source: StatusSource, cloud: Cloud) -> Job:
    """The job with its report; without one, and with a note, if writing it fails at the last try."""
    job, run = measured
    try:
        return replace(job, report_key=write_job_report.write(job, run, cloud))
    except faults.FAULTS as fault:
        if job.metrics_tries < MOST_TRIES:
            raise
        reason = faults.code_of(fault)
    return job_states.note(job, source, cloud.now(), f"its report could not be written ({reason})")


def _with_results(job: Job, source: StatusSource, cloud: Cloud) -> _Measured:
    prefix = names_tokens_tags.output_prefix(job.dataset, job.version, job.id) + "/"
    files = metrics.find(objects.list_keys(cloud.bucket, prefix))
    losses = dict(job.final_losses)
    points: dict[MetricSplit, list[MetricPoint]] = {}
    measured = replace(job, metric_files={str(split): key for split, key in files.items()}, metrics_settled=True)
    for split, key in files.items():
        try:
            points[split] = list(metrics.parse(objects.lines(cloud.bucket, key), split))
        except UnreadableMetrics as error:
            logger.error("metrics that can't be read", extra={"job_id": job.id, "key": key, "reason": str(error)})
            measured = job_states.note(measured, source, cloud.now(), f"its {split} metrics can't be read: {error}")
        else:
            last = metric_rows.put_chunks(cloud.state, job.id, split, metrics.chunks(points[split]))
            losses[split] = last if losses.get(split) is None else losses[split]
    counts = {str(split): len(points.get(split, ())) for split in metrics.SUFFIXES}
    run = diagnosis.run_of(job, points.get("training", ()), points.get("validation", ()))
    found = diagnosis.diagnose(run) if points.keys() == files.keys() else None
    return _Measured(replace(measured, metric_counts=counts, final_losses=losses, diagnosis=found), run)
