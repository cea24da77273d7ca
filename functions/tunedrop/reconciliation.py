"""Finding what is due, what was missed and what nobody knows of, and putting it on the queues; nothing more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tunedrop.base_models.catalogue import Serving
from tunedrop.edges import capacity, deployment_rows, events, gauges, job_rows, queues
from tunedrop.edges.observability import logger
from tunedrop.edges.settings import Settings
from tunedrop.edges.table import Table
from tunedrop.reports import reconcile_notifications
from tunedrop.reports.reconcile_notifications import Reconciled
from tunedrop.serving import standing
from tunedrop.serving import steps as serving_steps
from tunedrop.serving.purchases import Capacity, Purchase
from tunedrop.serving.standing import Standing
from tunedrop.training import steps as training_steps
from tunedrop.training.jobs import Job

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient

_WAYS: tuple[Serving, ...] = ("provisioned_throughput", "on_demand")


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
    """Enqueue all that is due and publish what was found. Running it twice only sends hints twice."""
    jobs, purchases = _open_work(table)
    existing = [item for way in _WAYS for item in capacity.listing(bedrock, way)]
    arns = {item.arn for item in existing}
    known = {purchase.arn for purchase in purchases}
    due = {_job_message(kind, job) for job in jobs for kind in training_steps.due(job)}
    due |= {_purchase_message(item) for item in purchases if serving_steps.is_due(item, arns, now)}
    late, orphans, foreign = _unknown((item for item in existing if item.arn not in known), table, bedrock, settings)
    due |= late
    for message in sorted(due):
        url = settings.job_event_queue_url if message.kind == "check_job" else settings.spend_queue_url
        queues.send(sqs, url, message.kind, **dict(message.ids))
    enqueued = Counter(message.kind for message in due)
    found = Reconciled(len(jobs), len(purchases), dict(enqueued), tuple(orphans), tuple(foreign))
    gauges.show(_standing(purchases, table, settings, now))
    events.publish(bus, *reconcile_notifications.notifications(found, settings.stack_id, now))
    return found


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


def _unknown(
    items: Iterable[Capacity], table: Table, bedrock: BedrockClient, settings: Settings
) -> tuple[set[_Message], list[Capacity], list[Capacity]]:
    """Capacity that no open purchase claims: late effects of ours, orphans with our tag, and what is foreign."""
    late: set[_Message] = set()
    orphans: list[Capacity] = []
    foreign: list[Capacity] = []
    for item in items:
        tags = capacity.tags(bedrock, item.arn)
        if tags.get("tunedrop:stack") != settings.stack_id:
            foreign.append(item)
            continue
        purchase = _intended(tags, table)
        if purchase:
            late.add(_purchase_message(purchase))
        else:
            logger.error("paid capacity with our tag that no row knows", extra={"arn": item.arn})
            orphans.append(item)
    return late, orphans, foreign


def _intended(tags: Mapping[str, str], table: Table) -> Purchase | None:
    """The purchase whose intent the tags name, found by its job."""
    job = job_rows.load(table, tags.get("tunedrop:job", "-"))
    if job is None or job.deployment is None or job.deployment_generation is None:
        return None
    purchase = deployment_rows.load_purchase(table, job.deployment.name, job.deployment_generation)
    return purchase if purchase and purchase.intent_id == tags.get("tunedrop:intent") else None


def _job_message(kind: str, job: Job) -> _Message:
    return _Message(kind, (("job_id", job.id),))


def _purchase_message(purchase: Purchase) -> _Message:
    ids = (("deployment", purchase.deployment), ("generation", purchase.generation))
    return _Message("advance_purchase", ids)
