"""Find what is due, what was missed and what no row accounts for; put it on the queues, and report it.

What the rows alone decide is sent before we look at Bedrock, so no failure of Bedrock can delay an expiry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tunedrop.actions.charges import tell_budget
from tunedrop.actions.datasets import erase_data
from tunedrop.actions.deployments import bill_capacity, find_dead_stacks, inspect_capacity, watch_calls
from tunedrop.actions.evaluations import read_evaluations, start_evaluation
from tunedrop.actions.jobs import follow_models, tell_retirements
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.reports import reconcile_notifications
from tunedrop.domain.reports.reconcile_notifications import Reconciled
from tunedrop.domain.serving import due_purchases
from tunedrop.domain.serving.purchase_states import Capacity, Purchase
from tunedrop.domain.training import job_steps
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.versions.deletions import Deletion
from tunedrop.edges import event_bus, faults, observability
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger, traced
from tunedrop.edges.rows import job_rows
from tunedrop.edges.rows.stored import UnreadableRow


@dataclass(frozen=True, slots=True, order=True)
class _Due:
    kind: str
    ids: tuple[tuple[str, str | int], ...]


_BUDGET_MESSAGE = _Due("advance_purchase", (("deployment", "-"), ("generation", 0)))
"""Of no purchase: whatever came of its own work, the function that spends looks at the month's budget."""


def reconcile(cloud: Cloud) -> Reconciled:
    """Enqueue everything that is due, and publish what was found. Running it twice only sends hints twice.

    Raises the last row of open work that could not be read, or else the first fault met while looking at Bedrock, but
    only after everything else was done.
    """
    now = cloud.now()
    jobs, purchases, unreadable = open_work(cloud)
    due = {_job_message(kind, job) for job in jobs for kind in job_steps.due(job)}
    due |= {_purchase_message(item) for item in purchases if due_purchases.is_due(item, now)}
    _send(due, cloud)
    seen = inspect_capacity.inspect(purchases, cloud)
    more = {_purchase_message(item) for item in (*seen.vanished, *seen.late)} - due
    more |= {_orphan_message(item) for item in seen.orphans}
    _send(more, cloud)
    looked_for, unseen = _looked_for(purchases, cloud)
    others = looked_for - due - more
    _send(others, cloud)
    observability.show_orphans(len(seen.orphans))
    dead = find_dead_stacks.find(seen.foreign, cloud)
    observability.show_dead_stacks(dead.throughputs)
    lost = {_erasing_message(deletion) for deletion in erase_data.due(cloud)}
    _send(lost, cloud)
    left = read_evaluations.stalled(cloud)
    stalled = {_evaluation_message(evaluation) for evaluation in left.evaluations}
    _send(stalled, cloud)
    news = tell_budget.due(cloud)
    budget = {_purchase_message(purchase) for purchase in news.purchases} - due - more - others
    budget |= {_BUDGET_MESSAGE} if news.is_news else set()
    _send(budget, cloud)
    observability.show_standing(bill_capacity.standing(purchases, cloud))
    fault = unreadable or left.unreadable or seen.fault or unseen or dead.fault or news.fault
    if fault:  # unpublished, so the alarm on a missing ReconcileCompleted rings if it lasts
        raise fault
    enqueued = Counter(message.kind for message in due | more | others | lost | stalled | budget)
    found = Reconciled(
        len(jobs), len(purchases), dict(enqueued), tuple(seen.orphans), tuple(seen.foreign), dead.throughputs
    )
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


def _looked_for(purchases: list[Purchase], cloud: Cloud) -> tuple[set[_Due], Exception | None]:
    """What takes more than the rows of open work to find, and the last fault: one search must not hide the other's."""
    found: set[_Due] = set()
    fault: Exception | None = None
    searches: tuple[Callable[[], set[_Due]], ...] = (
        lambda: {_purchase_message(item) for item in watch_calls.due(purchases, cloud)},
        lambda: {_job_message("advance_job", job) for job in tell_retirements.due(cloud)},
        lambda: {_job_message("advance_job", job) for job in follow_models.due(cloud)},
    )
    for search in searches:
        try:
            found |= search()
        except (*faults.FAULTS, UnreadableRow) as error:
            logger.error("not all that is due could be looked for", extra=traced(error))
            fault = error
    return found, fault


def open_work(cloud: Cloud) -> tuple[list[Job], list[Purchase], UnreadableRow | None]:
    """All open jobs and purchases that can be read, and the last fault: one bad row must not delay other releases."""
    jobs: list[Job] = []
    purchases, unreadable = bill_capacity.open_purchases(cloud)
    for row in cloud.state.query("OPEN", "JOB#").rows:
        try:
            job = job_rows.load(cloud.state, row["job_id"])
            jobs += [job] if job else []
        except UnreadableRow as error:
            unreadable = error
    return jobs, purchases, unreadable


def _job_message(kind: str, job: Job) -> _Due:
    return _Due(kind, (("job_id", job.id),))


def _purchase_message(purchase: Purchase) -> _Due:
    ids = (("deployment", purchase.deployment), ("generation", purchase.generation))
    return _Due("advance_purchase", ids)


def _orphan_message(item: Capacity) -> _Due:
    """About what has no row to name. A release that does not know `arn` finds no such purchase, and leaves it."""
    return _Due("advance_purchase", (("deployment", "-"), ("generation", 0), ("arn", item.arn)))


def _erasing_message(deletion: Deletion) -> _Due:
    return _Due(erase_data.MESSAGE, (("dataset", deletion.dataset), ("deletion", deletion.id)))


def _evaluation_message(evaluation: Evaluation) -> _Due:
    return _Due(start_evaluation.ADVANCE, (("evaluation_id", evaluation.id),))
