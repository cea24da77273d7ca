"""CloudWatch Logs Insights queries for people. Pure."""

from __future__ import annotations

from tunedrop.domain.training.job_states import Job


def of_job(job: Job) -> str:
    """Finds every line that tells of the job or of what it bought, oldest first, in the log groups of the functions."""
    marks = [job.id]
    if job.deployment and job.deployment_generation:
        marks.append(f"{job.deployment.name}#{job.deployment_generation}")
    wanted = " or ".join(f'@message like "{mark}"' for mark in marks)
    return f"fields @timestamp, service, level, message | filter {wanted} | sort @timestamp asc"
