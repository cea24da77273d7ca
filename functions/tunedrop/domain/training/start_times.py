"""Since when a job could start, since when it stands in line, and until when it may. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from tunedrop.domain.training.job_states import Job


def in_line_since(job: Job) -> datetime | None:
    """Since when it has its place among the jobs that want to start; None if it is not one of them."""
    waits = job.status in {"Requested", "WaitingForCapacity"} and job.arn is None
    return sendable_since(job) if waits else None


def latest_start(job: Job, longest: timedelta) -> datetime:
    """The moment after which it is not started any more; `longest`: the stack's JobDeadlineHours."""
    stacks = sendable_since(job) + longest
    return min(stacks, job.deadline) if job.deadline else stacks


def sendable_since(job: Job) -> datetime:
    """When the job could first be sent to Bedrock: when it was requested, or its data was prepared."""
    times = (entry.time for entry in job.timeline if entry.status in {"Requested", "WaitingForCapacity"})
    return next(times, job.created_at)
