"""Find what is due, what was missed and what no row accounts for; put it on the queues, and report it.

What the rows alone decide is sent before we look at Bedrock, so no failure of Bedrock can delay an expiry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tunedrop.actions.datasets import erase_data
from tunedrop.actions.deployments import inspect_capacity
from tunedrop.actions.evaluations import read_evaluations, start_evaluation
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.reports import reconcile_notifications
from tunedrop.domain.reports.reconcile_notifications import Reconciled
from tunedrop.domain.serving import capacity_totals, due_purchases
from tunedrop.domain.serving.capacity_totals import Standing
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.training import job_steps
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.versions.deletions import Deletion
from tunedrop.edges import event_bus, observability
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, job_rows
from tunedrop.edges.rows.stored import UnreadableRow


@dataclass(frozen=True, slots=True, order=True)
class _Due:
    kind: str
    ids: tuple[tuple[str, str | int], ...]


def reconcile(cloud: Cloud) -> Reconciled:
    """Enqueue everything that is due, and publish what was found. Running it twice only sends hints twice.

    Raises the last row of open work that could not be read, or else the first fault met while looking at Bedrock, but
    only after everything else was done.
    """
    now = cloud.now()
    jobs, purchases, unreadable = _open_work(cloud)
    due = {_job_message(kind, job) for job in jobs for kind in job_steps.due(job)}
    due |= {_purchase_message(item) for item in purchases if due_purchases.is_due(item, now)}
    _send(due, cloud)
    seen = inspect_capacity.inspect(purchases, cloud)
    more = {_purchase_message(item) for item in (*seen.vanished, *seen.late)} - due
    _send(more, cloud)
    observability.show_orphans(len(seen.orphans))
    lost = {_erasing_message(deletion) for deletion in erase_data.due(cloud)}
    _send(lost, cloud)
    left = read_evaluations.stalled(cloud)
    stalled = {_evaluation_message(evaluation) for evaluation in left.evaluations}
    _send(stalled, cloud)
    observability.show_standing(_standing(purchases, cloud, now))
    if (
        fault := unreadable or left.unreadable or seen.fault
    ):  # unpublished, so the alarm on a missing ReconcileCompleted rings if it lasts
        raise fault
    enqueued = Counter(message.kind for message in due | more | lost | stalled)
    found = Reconciled(len(jobs), len(purchases), dict(enqueued), tuple(seen.orphans), tuple(seen.foreign))
    event_bus.publish(cloud.bus, reconcile_notifications.notification(found, cloud.settings.stack_id, now))
    return found


def _send(messages: Iterable[_Due], cloud: Cloud) -> None:
    for message in sorted(messages):
        others = {
            "check_job": cloud.job_event_queue,
            erase_data.MESSAGE: cloud.upload_queue,
            start_evaluation.ADVANCE: cloud.evaluation_queue,
        }
        others.get(message.kind, cloud.spend_queue).send(message.kind, **dict(message.ids))


def _standing(purchases: list[Purchase], cloud: Cloud, now: datetime) -> Standing:
    heads = {item.deployment: deployment_rows.load(cloud.state, item.deployment) for item in purchases}
    named = [(item, head.base_model) for item in purchases if (head := heads[item.deployment])]
    return capacity_totals.of(named, cloud.settings.prices, now)


def _open_work(cloud: Cloud) -> tuple[list[Job], list[Purchase], UnreadableRow | None]:
    """All open jobs and purchases that can be read, and the last fault: one bad row must not delay other releases."""
    jobs: list[Job] = []
    purchases: list[Purchase] = []
    unreadable: UnreadableRow | None = None
    for row in cloud.state.query("OPEN").rows:
        try:
            if row["sk"].startswith("JOB#"):
                job = job_rows.load(cloud.state, row["job_id"])
                jobs += [job] if job else []
            else:
                purchase = deployment_rows.load_purchase(cloud.state, row["deployment"], row["generation"])
                purchases += [purchase] if purchase else []
        except UnreadableRow as error:
            unreadable = error
    return jobs, purchases, unreadable


def _job_message(kind: str, job: Job) -> _Due:
    return _Due(kind, (("job_id", job.id),))


def _purchase_message(purchase: Purchase) -> _Due:
    ids = (("deployment", purchase.deployment), ("generation", purchase.generation))
    return _Due("advance_purchase", ids)


def _erasing_message(deletion: Deletion) -> _Due:
    return _Due(erase_data.MESSAGE, (("dataset", deletion.dataset), ("deletion", deletion.id)))


def _evaluation_message(evaluation: Evaluation) -> _Due:
    return _Due(start_evaluation.ADVANCE, (("evaluation_id", evaluation.id),))
