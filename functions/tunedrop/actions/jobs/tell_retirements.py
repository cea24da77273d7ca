"""Tell the owners of custom models in time that the base model retires. Only reads, and publishes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from tunedrop.actions.deployments import bill_capacity
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.reports import retirement_notifications
from tunedrop.domain.reports.retirement_notifications import Affected
from tunedrop.domain.serving import purchase_states
from tunedrop.domain.training import missed_models, model_deletion, retirement
from tunedrop.domain.training.job_states import Job
from tunedrop.edges import event_bus
from tunedrop.edges.bedrock import observed_lifecycle, observed_models
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import job_rows
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.stored import UnreadableRow

FIRST_MINUTES = 5
"""Of an hour: reconcile comes every five minutes, and dates that are days ahead need no closer look."""


def due(cloud: Cloud) -> Iterator[Job]:
    """Jobs with a custom model whose base model's retirement is to be told, looked for once an hour.

    Bedrock is asked once; jobs are listed only when something retires. Raises botocore's errors.
    """
    now = cloud.now()
    if now.minute >= FIRST_MINUTES:
        return
    listed = observed_lifecycle.all_today(cloud.bedrock)
    found = {name: retirement.of(model, listed) for name, model in catalogue.catalogue().items()}
    retiring = {name: each for name, each in found.items() if each and retirement.due(each, (), now)}
    if not retiring:
        return
    for row in cloud.state.listing(job_rows.KIND).rows:
        job = _readable(row)
        today = retiring.get(job.base_model) if job and _is_kept(job) else None
        if job and today and retirement.due(today, job.retirements_told, now):
            yield job


def announce(job: Job, cloud: Cloud, now: datetime) -> None:
    """Publish what is due for the job's custom model, if Bedrock still has it.

    Raises botocore's errors and PublishFailed.
    """
    if not _is_kept(job):
        return
    listed, base_model = observed_lifecycle.all_today(cloud.bedrock), catalogue.catalogue().get(job.base_model)
    today = retirement.of(base_model, listed) if base_model else None
    steps = retirement.due(today, job.retirements_told, now) if today else ()
    if not steps or base_model is None:
        return
    if observed_models.name_of(cloud.bedrock, job.model_arn or "") is not None:
        affected = Affected(
            job, _served_by(job, cloud), retirement.instead(base_model, cloud.settings.region, listed, now)
        )
        for step in steps:
            event_bus.publish(
                cloud.bus, retirement_notifications.notification(affected, step, cloud.settings.stack_id, now)
            )
    told = replace(job, retirements_told=(*job.retirements_told, *(step.mark for step in steps)))
    cloud.state.write_all(job_rows.put_job(told))


def _is_kept(job: Job) -> bool:
    kept = model_deletion.is_kept(job.model_deletion) and missed_models.gone_at(job) is None
    return kept and job.status == "Completed" and job.model_arn is not None


def _served_by(job: Job, cloud: Cloud) -> list[str]:
    purchases, _ = bill_capacity.open_purchases(cloud)
    return [each.deployment for each in purchases if each.job_id == job.id and each.state not in purchase_states.ENDED]


def _readable(row: Row) -> Job | None:
    try:
        return job_rows.job_from(row)
    except UnreadableRow:  # logged there; it must not keep the others from being told
        return None
