"""Finding what is due, what was missed and what nobody knows of, and putting it on the queues; nothing more.

What rows alone decide is sent before Bedrock is looked at: no answer of Bedrock can hold the brake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tunedrop.actions.datasets import erase_data
from tunedrop.actions.deployments import inspect_capacity
from tunedrop.domain.reports import reconcile_notifications
from tunedrop.domain.reports.reconcile_notifications import Reconciled
from tunedrop.domain.serving import purchase_steps as serving_steps
from tunedrop.domain.serving import standing
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.serving.standing import Standing
from tunedrop.domain.training import job_steps as training_steps
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.versions.deletions import Deletion
from tunedrop.edges import events, observability, queues
from tunedrop.edges.rows import deployment_rows, job_rows
from tunedrop.edges.rows.table import Table
from tunedrop.edges.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True, order=True)
class _Message:
    kind: str
    ids: tuple[tuple[str, str | int], ...]


def reconcile(
    *,
    table: Table,
    bedrock: BedrockClient,
    sqs: SQSClient,
    bus: EventBridgeClient,
    settings: Settings,
    now: datetime,
) -> Reconciled:
    """Enqueue all that is due and publish what was found. Running it twice only sends hints twice.

    Raises what kept it from looking through Bedrock, after all that did not need that was done.
    """
    jobs, purchases = _open_work(table)
    due = {_job_message(kind, job) for job in jobs for kind in training_steps.due(job)}
    due |= {_purchase_message(item) for item in purchases if serving_steps.is_due(item, now)}
    _send(due, sqs, settings)
    observability.show_standing(_standing(purchases, table, settings, now))
    seen = inspect_capacity.inspect(purchases, table=table, bedrock=bedrock, settings=settings)
    more = {_purchase_message(item) for item in (*seen.vanished, *seen.late)} - due
    _send(more, sqs, settings)
    observability.show_orphans(len(seen.orphans))
    lost = {_erasing_message(deletion) for deletion in erase_data.due(table, now)}
    _send(lost, sqs, settings)
    if seen.fault:
        raise seen.fault
    enqueued = Counter(message.kind for message in due | more | lost)
    found = Reconciled(len(jobs), len(purchases), dict(enqueued), tuple(seen.orphans), tuple(seen.foreign))
    events.publish(bus, reconcile_notifications.notification(found, settings.stack_id, now))
    return found


def _send(messages: Iterable[_Message], sqs: SQSClient, settings: Settings) -> None:
    for message in sorted(messages):
        urls = {"check_job": settings.job_event_queue_url, erase_data.MESSAGE: settings.upload_queue_url}
        queues.send(sqs, urls.get(message.kind, settings.spend_queue_url), message.kind, **dict(message.ids))


def _standing(purchases: list[Purchase], table: Table, settings: Settings, now: datetime) -> Standing:
    heads = {item.deployment: deployment_rows.load(table, item.deployment) for item in purchases}
    named = [(item, head.base_model) for item in purchases if (head := heads[item.deployment])]
    return standing.of(named, settings.prices, now)


def _open_work(table: Table) -> tuple[list[Job], list[Purchase]]:
    jobs: list[Job] = []
    purchases: list[Purchase] = []
    for row in table.query("OPEN").rows:
        if row["sk"].startswith("JOB#"):
            job = job_rows.load(table, row["job_id"])
            jobs += [job] if job else []
        else:
            purchase = deployment_rows.load_purchase(table, row["deployment"], row["generation"])
            purchases += [purchase] if purchase else []
    return jobs, purchases


def _job_message(kind: str, job: Job) -> _Message:
    return _Message(kind, (("job_id", job.id),))


def _purchase_message(purchase: Purchase) -> _Message:
    ids = (("deployment", purchase.deployment), ("generation", purchase.generation))
    return _Message("advance_purchase", ids)


def _erasing_message(deletion: Deletion) -> _Message:
    return _Message(erase_data.MESSAGE, (("dataset", deletion.dataset), ("deletion", deletion.id)))
