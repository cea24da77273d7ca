"""A custom model that Bedrock has no more, although this stack did not delete it. Pure.

Somebody deleted it by hand: in the console, or by `tunedrop cleanup`. What is missed is still asked for, and if it
shows again it was never gone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from tunedrop.domain.training import model_deletion
from tunedrop.domain.training.job_states import Job

SETTLES_IN = timedelta(minutes=20)
"""From a job's end until a list without its model proves anything (docs/facts.md#creating-a-job)."""


def gone_at(job: Job) -> datetime | None:
    """When the job's custom model was deleted, or first missed; None: Bedrock keeps it, as far as we know."""
    deleted_at = job.model_deletion.deleted_at if job.model_deletion else None
    return min((moment for moment in (deleted_at, job.model_missed_at) if moment), default=None)


def is_old(job: Job, now: datetime) -> bool:
    """Whether its custom model is old enough for Bedrock to show it."""
    is_made = job.status == "Completed" and job.model_arn is not None
    return is_made and job.ended_at is not None and now - job.ended_at >= SETTLES_IN


def is_followed(job: Job, now: datetime) -> bool:
    """Whether Bedrock should show its custom model by now, as far as this stack has done."""
    return is_old(job, now) and model_deletion.is_kept(job.model_deletion)


def is_news(job: Job, now: datetime, *, shown: bool) -> bool:
    """Whether what Bedrock shows is not what the row says."""
    return is_followed(job, now) and shown == (job.model_missed_at is not None)


def after_look(job: Job, now: datetime, *, shown: bool) -> Job:
    """The job after Bedrock was asked for its custom model."""
    return replace(job, model_missed_at=None if shown else now) if is_news(job, now, shown=shown) else job
