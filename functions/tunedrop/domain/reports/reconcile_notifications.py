"""The words of what a reconcile found. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tunedrop.domain.reports.notifications import Notification, fact_id
from tunedrop.domain.serving.purchase_states import Capacity


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What is open, what was put on the queues by kind of message, and what nobody here asked for."""

    open_jobs: int
    open_purchases: int
    enqueued: Mapping[str, int]
    orphans: tuple[Capacity, ...]
    """With this stack's tag or mark, but in no row."""
    foreign: tuple[Capacity, ...]
    """Of other stacks and of people: listed, never touched."""


def notification(found: Reconciled, stack: str, now: datetime) -> Notification:
    """One event for the run, with the ARNs of what nobody here asked for; an alarm tells people of orphans."""
    return Notification(
        type="ReconcileCompleted",
        id=fact_id(stack, "reconcile", now.isoformat()),
        stack=stack,
        time=now,
        summary=f"{found.open_jobs} jobs and {found.open_purchases} purchases are open; "
        f"{sum(found.enqueued.values())} messages sent; {len(found.orphans)} orphans.",
        next_command="GET /deployments",
        facts={
            "open_jobs": found.open_jobs,
            "open_purchases": found.open_purchases,
            "enqueued": dict(found.enqueued),
            "orphans": [item.arn for item in found.orphans],
            "foreign": [item.arn for item in found.foreign],
        },
    )
