"""Follow custom models in Bedrock, where a person may delete one by hand: then its row says so, and its charge ends.

A list that lacks a model, and Get that does not show it, are two proofs; a reading that failed is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tunedrop.domain.training import missed_models, names_tokens_tags
from tunedrop.domain.training.job_states import Job
from tunedrop.edges.bedrock import observed_models
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import job_rows
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.stored import UnreadableRow


def due(cloud: Cloud) -> Iterator[Job]:
    """The jobs whose custom model is in Bedrock's list or not otherwise than their rows say. Raises botocore's errors.

    Only reads.
    """
    now, shown = cloud.now(), listed(cloud)
    for row in cloud.state.listing(job_rows.KIND).rows:
        job = _readable(row)
        if job and missed_models.is_news(job, now, shown=job.name in shown):
            yield job


def look(job: Job, cloud: Cloud, now: datetime) -> None:
    """Ask Bedrock for the job's custom model, and write what that changes. Raises botocore's errors."""
    if not missed_models.is_followed(job, now):
        return
    seen = missed_models.after_look(job, now, shown=is_shown(job, cloud))
    if seen != job and cloud.state.write_all(job_rows.put_job(seen)):
        words = "a custom model is gone" if seen.model_missed_at else "a custom model is there again"
        logger.warning(words, extra={"job_id": job.id, "model": job.name})


def is_gone(job: Job, cloud: Cloud) -> bool:
    """Whether Bedrock has the job's custom model no more; one that may be too new to be shown is not gone."""
    return missed_models.is_old(job, cloud.now()) and not is_shown(job, cloud)


def is_shown(job: Job, cloud: Cloud) -> bool:
    """Whether Bedrock has the job's custom model. Get hides one that lost its tags, which lists show all the same."""
    return observed_models.name_of(cloud.bedrock, job.model_arn or "") is not None or job.name in listed(cloud)


def listed(cloud: Cloud) -> frozenset[str]:
    """The names of custom models in Bedrock that hold this stack's mark. Raises botocore's errors."""
    mark = names_tokens_tags.stack_mark(cloud.settings.stack_uid)
    return frozenset(observed_models.names(cloud.bedrock, mark))


def _readable(row: Row) -> Job | None:
    try:
        return job_rows.job_from(row)
    except UnreadableRow:  # logged there; it must not keep the others from being followed
        return None
