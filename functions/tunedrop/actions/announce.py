"""Publish notifications at least once: first the event, then the mark on the row that it was published.

An ended job or purchase stays under `OPEN` until that mark is written, so reconcile repeats a lost notification.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tunedrop.actions.deployments import bill_capacity
from tunedrop.domain.charges import charge
from tunedrop.domain.reports import deployment_notifications, job_notifications
from tunedrop.domain.serving import purchase_facts, purchase_states
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.training import job_steps, start_times, wait_reasons
from tunedrop.domain.training.account_quotas import Quota
from tunedrop.domain.training.job_states import ENDED, Job, JobStatus, Wait
from tunedrop.edges import event_bus, faults
from tunedrop.edges.bedrock import quotas
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import deployment_rows, job_rows


def announce_job(job: Job, cloud: Cloud) -> None:
    """Publish the job's status, and the purchase that lapsed with it, unless that was done. Raises PublishFailed.

    If writing the mark loses a race, whoever won publishes again; the event's id lets receivers drop the repeat.
    """
    status = job_steps.announcement(job)
    if status:
        stack, bucket = cloud.settings.stack_id, cloud.bucket.name
        priced = replace(job, cost=charge.training_cost(job, cloud.settings.prices, cloud.settings.currency))
        event_bus.publish(cloud.bus, job_notifications.notification(priced, status, stack, cloud.now(), bucket=bucket))
        _mark(job, status, cloud)
    if job.status in ENDED and job.deployment and job.deployment_generation:
        purchase = deployment_rows.load_purchase(cloud.state, job.deployment.name, job.deployment_generation)
        if purchase and purchase.state == "lapsed":
            announce_purchase(purchase, cloud)


def announce_appearance(job: Job, cloud: Cloud) -> None:
    """Publish that an ended job appeared in Bedrock, and its end there; let go of one that nothing is left to do for.

    Raises PublishFailed.
    """
    seen = job_steps.appearance_to_announce(job)
    if seen:
        event_bus.publish(cloud.bus, job_notifications.of_appearance(job, cloud.settings.stack_id, cloud.now()))
        _keep(replace(job, appeared=replace(seen, announced=(*seen.announced, seen.status))), cloud)
    elif job_steps.is_finished(job, cloud.now()):
        cloud.state.write_all(job_rows.close_work(job))


def _mark(job: Job, mark: JobStatus, cloud: Cloud) -> None:
    told = replace(job, announced=(*job.announced, mark))
    _keep(told, cloud)


def _keep(told: Job, cloud: Cloud) -> None:
    closing = [job_rows.close_work(told)] if job_steps.is_finished(told, cloud.now()) else []
    cloud.state.write_all(job_rows.put_job(told), *closing)


def announce_wait(job: Job, cloud: Cloud) -> None:
    """Publish what a job in WaitingForCapacity waits for, once for each reason. Raises PublishFailed."""
    wait = job_steps.wait_to_announce(job)
    if wait is None:
        return
    until = start_times.latest_start(job, timedelta(hours=cloud.settings.job_deadline_hours))
    waiting = job_notifications.Waiting(wait, _quotas_behind(wait, cloud), until)
    event_bus.publish(cloud.bus, job_notifications.of_wait(job, waiting, cloud.settings.stack_id, cloud.now()))
    told = replace(job, wait=replace(wait, announced=(*wait.announced, wait.code)))
    cloud.state.write_all(job_rows.put_job(told))


def _quotas_behind(wait: Wait, cloud: Cloud) -> tuple[Quota, ...]:
    """The quotas with their values; none if Service Quotas does not answer, because people must hear of the wait."""
    if not wait_reasons.is_for_quota(wait):
        return ()
    try:
        return wait_reasons.quotas(wait, quotas.listed(cloud.quotas))
    except faults.FAULTS as fault:
        logger.warning("the account's quotas could not be read", extra={"reason": faults.code_of(fault)})
        return ()


def announce_purchase(purchase: Purchase, cloud: Cloud) -> None:
    """Publish what is due for the purchase, unless that was done. Raises PublishFailed."""
    now = cloud.now()
    due = purchase_facts.due(purchase, now)
    for fact in due:
        bill = bill_capacity.bill(purchase, cloud) if fact.is_about_money else None
        event = deployment_notifications.notification(purchase, fact, bill, cloud.settings.stack_id, now)
        event_bus.publish(cloud.bus, event)
    if due:
        closing = [deployment_rows.close_work(purchase)] if purchase.state in purchase_states.ENDED else []
        cloud.state.write_all(deployment_rows.put_purchase(purchase_facts.told(purchase, due)), *closing)
