"""Follow a job in Bedrock: an event is a hint, Get is the truth, and results are stored before they are announced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tunedrop.actions import announce
from tunedrop.actions.jobs import save_job, store_metrics, write_job_report
from tunedrop.domain.training import job_states, names_tokens_tags
from tunedrop.domain.training.job_states import ENDED, Job, JobTruth, StatusSource
from tunedrop.edges.bedrock import observed_jobs
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import deployment_rows, job_rows
from tunedrop.errors import Unavailable

MOST_TRIES = 5
FIRST_MINUTES = timedelta(minutes=5)
"""For how long the tags that let us see a new job may be missing (docs/facts.md#creating-a-job)."""


def follow(message: Mapping[str, Any], cloud: Cloud) -> Job | None:
    """Update the job that a Bedrock event or a `check_job` message names to what Bedrock reports now.

    One that names an evaluation, too, which has ended, has the job's report written again.
    Repeated, late and reordered events change nothing. Returns the job; None for one that another stack or a person
    started. Raises Unavailable, so that the message is redelivered, if other writers keep changing the job, Bedrock
    hides it, or its metrics can't be read.
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
            if "evaluation_id" in message:
                write_job_report.renew(settled, cloud)
            return settled
    raise Unavailable("busy", "The job is being changed by others.", job_id=str(message.get("job_id", "")))


def _named(message: Mapping[str, Any], cloud: Cloud) -> Job | None:
    if message.get("kind") == "check_job":
        return job_rows.load(cloud.state, str(message["job_id"]))
    # Events about every job in the account arrive here; most names are not ours, and nothing has checked them.
    name = _detail(message).get("jobName")
    if not isinstance(name, str) or not 0 < len(name) <= names_tokens_tags.MAX_NAME:
        return None
    return job_rows.find(cloud.state, name)


def _detail(message: Mapping[str, Any]) -> Mapping[str, Any]:
    detail = message.get("detail")
    return detail if isinstance(detail, Mapping) else {}


def _follow(job: Job, message: Mapping[str, Any], source: StatusSource, cloud: Cloud) -> Job | None:
    """The job as the table has it afterwards; None if the write lost a race."""
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
    """What Bedrock reports about our own job; None if it is not usable.

    Raises Unavailable if Bedrock does not show the job although its tags should exist by now.
    """
    truth = observed_jobs.get_job(cloud.bedrock, arn)
    if truth is None and job.arn and cloud.now() - (job.started_at or job.created_at) >= FIRST_MINUTES:
        raise Unavailable("job_out_of_sight", f"Bedrock does not show job {job.id} any more.", job_id=job.id)
    # The token proves that the job is ours; if Bedrock does not return it, only an ARN that it gave us earlier does.
    shown_as_ours = truth and (truth.token == job.token or (truth.token is None and truth.arn == job.arn))
    if truth is None or not shown_as_ours:
        logger.warning("Bedrock shows no such job of ours", extra={"job_id": job.id})
        return None
    if truth.lacks_model:  # a purchase could not follow; look again later
        logger.warning("completed, but its model has no ARN yet", extra={"job_id": job.id})
        return None
    return truth


def _first_measured(job: Job, source: StatusSource, cloud: Cloud) -> Job | None:
    """The job with its metrics, so that both are written at once; without them if an earlier try failed or crashed.

    After that, the job's end must not wait for metrics any longer. None if the write that counts the try lost a race.
    """
    if not job_states.awaits_results(job) or job.metrics_tries:
        return job
    return store_metrics.measure(job, source, cloud)


def _settle(job: Job, message: Mapping[str, Any], source: StatusSource, cloud: Cloud) -> Job | None:
    """Enqueue what the job's end allows, then store what is still missing; None if a write lost a race."""
    _pass_on(job, cloud)
    arn = _detail(message).get("jobArn")
    # An event about a job that ended here without an ARN: an old send took effect late, and must be stopped.
    if job.status in ENDED and (job.arn is None or job.appeared) and isinstance(arn, str):
        cloud.spend_queue.send("advance_job", job_id=job.id, source=source)
    return store_metrics.settle(job, source, cloud) if job_states.awaits_results(job) else job


def _pass_on(job: Job, cloud: Cloud) -> None:
    """Enqueue what an ended job makes way for: the first job in line, and its purchase. Repeats do no harm."""
    if job.status not in ENDED:
        return
    line = job_rows.line(cloud.state)
    if line:
        cloud.spend_queue.send("advance_job", job_id=min(line).job_id)
    if job.deployment is None or job.deployment_generation is None:
        return
    purchase = deployment_rows.load_purchase(cloud.state, job.deployment.name, job.deployment_generation)
    if purchase and purchase.state == "requested":
        cloud.spend_queue.send("advance_purchase", deployment=purchase.deployment, generation=purchase.generation)
