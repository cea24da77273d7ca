"""Notification of what a reconcile run found. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tunedrop.domain.reports import next_commands
from tunedrop.domain.reports.notifications import Notification, fact_id
from tunedrop.domain.serving.dead_stacks import LeftThroughput
from tunedrop.domain.serving.purchase_states import Capacity


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Open jobs and purchases, messages enqueued by kind, and capacity without a purchase of this stack."""

    open_jobs: int
    open_purchases: int
    enqueued: Mapping[str, int]
    orphans: tuple[Capacity, ...]
    """Capacity with this stack's tag or mark, but in no row."""
    foreign: tuple[Capacity, ...]
    """Capacity of other stacks and of people: listed, never touched."""
    dead_stacks: tuple[LeftThroughput, ...] = ()
    """Of that, the throughputs of stacks that were deleted."""


def notification(found: Reconciled, stack: str, now: datetime) -> Notification:
    """The run's notification, with the ARNs of orphaned and foreign capacity; an alarm reports orphans to people."""
    return Notification(
        type="ReconcileCompleted",
        id=fact_id(stack, "reconcile", now.isoformat()),
        stack=stack,
        time=now,
        summary=f"{found.open_jobs} jobs and {found.open_purchases} purchases are open; "
        f"{sum(found.enqueued.values())} messages sent; {len(found.orphans)} orphans.",
        next_command=next_commands.list_deployments(),
        facts={
            "open_jobs": found.open_jobs,
            "open_purchases": found.open_purchases,
            "enqueued": dict(found.enqueued),
            "orphans": [item.arn for item in found.orphans],
            "foreign": [item.arn for item in found.foreign],
            "dead_stacks": [
                {"arn": each.arn, "stack": each.stack, "hourly_cost": each.hourly_cost} for each in found.dead_stacks
            ],
        },
    )
