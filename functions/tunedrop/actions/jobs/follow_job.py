"""Following a job: the event is a hint, Get is the truth, and what the truth brings is stored before it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tunedrop.actions import announce
from tunedrop.actions.jobs import save_job, store_metrics
from tunedrop.domain.training import job_states, names_tokens_tags
from tunedrop.domain.training.job_states import ENDED, Job, JobTruth, StatusSource
from tunedrop.edges.bedrock import observed_jobs
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import deployment_rows, job_rows
from tunedrop.errors import Unavailable

MOST_TRIES = 5
FIRST_MINUTES = timedelta(minutes=5)
"""In which the tags that let us see a new job may be missing."""


def follow(message: Mapping[str, Any], cloud: Cloud) -> Job | None:
    """Bring the job of an event of Bedrock, or of a `check_job` message, up to Bedrock's truth.

    Repeats, late events and events out of order change nothing. Returns the job; None for a job that another stack or
    a person started. Raises Unavailable when others keep changing the job, Bedrock hides it or its metrics can't be
    read: the message shall come again.
    """
    source: StatusSource = "reconcile" if message.get("kind") == "check_job" else "event"
    for _ in range(MOST_TRIES):
        job = _named(message, cloud)
        if job is None:
            logger.info("a job that is not ours", extra={"source": source})
            return None
        followed = _follow(job, message, source, cloud)
        settled = _settle(followed, message, source, cloud) if followed else None
        if settled is not None:
            announce.announce_job(settled, cloud)
            return settled
    raise Unavailable("busy", "The job is being changed by others.", job_id=str(message.get("job_id", "")))


def _named(message: Mapping[str, Any], cloud: Cloud) -> Job | None:
    if message.get("kind") == "check_job":
        return job_rows.load(cloud.state, str(message["job_id"]))
    name = _detail(message).get("jobName")
    if not isinstance(name, str) or not 0 < len(name) <= names_tokens_tags.MAX_NAME:
        return None
    return job_rows.find(cloud.state, name)


def _detail(message: Mapping[str, Any]) -> Mapping[str, Any]:
    detail = message.get("detail")
    return detail if isinstance(detail, Mapping) else {}


def _follow(job: Job, message: Mapping[str, Any], source: StatusSource, cloud: Cloud) -> Job | None:
    """The job as it stands in the table afterwards; None when the write lost a race."""
    arn = job.arn or _detail(message).get("jobArn")
    if job.status in ENDED or not isinstance(arn, str):
        return job
    now = cloud.now()
    truth = _truth(job, arn, cloud)
    if truth is None:
        return job
    followed = job_states.follow(job, truth, source, now)
    if followed == job:
        return job
    measured = _first_measured(followed, source, cloud)
    if measured is None or not save_job.save(measured, cloud, now):
        return None
    return replace(measured, revision=measured.revision + 1)


def _truth(job: Job, arn: str, cloud: Cloud) -> JobTruth | None:
    """What Bedrock says of our own job; None where it says nothing that can be used. Raises Unavailable for good."""
    truth = observed_jobs.get_job(cloud.bedrock, arn)
    if truth is None and job.arn and cloud.now() - (job.started_at or job.created_at) >= FIRST_MINUTES:
        raise Unavailable("job_out_of_sight", f"Bedrock does not show job {job.id} any more.", job_id=job.id)
    shown_as_ours = truth and (truth.token == job.token or (truth.token is None and truth.arn == job.arn))
    if truth is None or not shown_as_ours:
        logger.warning("Bedrock shows no such job of ours", extra={"job_id": job.id})
        return None
    if truth.status == "Completed" and truth.model_arn is None:
        logger.warning("completed, but its model has no ARN yet", extra={"job_id": job.id})
        return None
    return truth


def _first_measured(job: Job, source: StatusSource, cloud: Cloud) -> Job | None:
    """A status that promises metrics is written with them, unless a first try failed or died: the end goes first."""
    if not store_metrics.is_due(job) or job.metrics_tries:
        return job
    return store_metrics.measure(job, source, cloud)


def _settle(job: Job, message: Mapping[str, Any], source: StatusSource, cloud: Cloud) -> Job | None:
    """Pass on what the job's end allows, then store what is still missing; None where a write lost a race."""
    _pass_on(job, cloud)
    arn = _detail(message).get("jobArn")
    if job.status in ENDED and job.arn is None and job.attempted_at and isinstance(arn, str):
        cloud.spend_queue.send("advance_job", job_id=job.id)
    return store_metrics.settle(job, source, cloud) if store_metrics.is_due(job) else job


def _pass_on(job: Job, cloud: Cloud) -> None:
    """A completed job's purchase is due: say so, as often as we are asked; the purchase knows what it did."""
    if job.status not in ENDED or job.deployment is None or job.deployment_generation is None:
        return
    purchase = deployment_rows.load_purchase(cloud.state, job.deployment.name, job.deployment_generation)
    if purchase and purchase.state == "requested":
        cloud.spend_queue.send("advance_purchase", deployment=purchase.deployment, generation=purchase.generation)
