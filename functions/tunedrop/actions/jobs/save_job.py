"""Write a changed job; at its end, in the same transaction, release its slot and move its purchase on."""

from __future__ import annotations

from datetime import datetime

from tunedrop.domain.serving import planned_purchases
from tunedrop.domain.training.job_states import ENDED, Job
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, job_rows, running_job_slots
from tunedrop.edges.rows.writes import Write


def save(job: Job, cloud: Cloud, now: datetime, *also: Write) -> bool:
    """Write the job over the revision that was read, its place in line, and `also`, in one transaction.

    False if that did not go through: somebody else changed the job, or one of `also` was refused. An ended job stays
    under `OPEN` until its end was announced.
    """
    writes: list[Write] = [job_rows.put_job(job), job_rows.open_work(job), *also]
    if job.status in ENDED:
        writes += [running_job_slots.give_back(job), *_purchase_writes(job, cloud, now)]
    return cloud.state.write_all(*writes)


def _purchase_writes(job: Job, cloud: Cloud, now: datetime) -> list[Write]:
    if job.deployment is None or job.deployment_generation is None:
        return []
    purchase = deployment_rows.load_purchase(cloud.state, job.deployment.name, job.deployment_generation)
    head = deployment_rows.load(cloud.state, job.deployment.name)
    if purchase is None or head is None:
        return []
    outcome = planned_purchases.after_job(job, purchase, head, now)
    if outcome is None:
        return []
    return [deployment_rows.put_purchase(outcome[0]), deployment_rows.put_changed(outcome[1])]


def ask_for_advance(job: Job, cloud: Cloud) -> None:
    """Send a hint that the job may have a next step. If it gets lost, reconcile finds the row."""
    if job.status not in ENDED:
        cloud.spend_queue.send("advance_job", job_id=job.id)
