"""The words of what a reconcile found. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tunedrop.reports.notifications import Notification, fact_id
from tunedrop.serving.purchases import Capacity


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What is open, what was put on the queues by kind of message, and what nobody here asked for."""

    open_jobs: int
    open_purchases: int
    enqueued: Mapping[str, int]
    orphans: tuple[Capacity, ...]
    """With this stack's tag, but in no row."""
    foreign: tuple[Capacity, ...]
    """Of other stacks and of people: listed, never touched."""


def notifications(found: Reconciled, stack: str, now: datetime) -> list[Notification]:
    """One event for the run, and one for each orphan: the same one however often it is seen."""
    run = Notification(
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
    return [run, *(_orphan(item, stack, now) for item in found.orphans)]


def _orphan(item: Capacity, stack: str, now: datetime) -> Notification:
    return Notification(
        type="OrphanFound",
        id=fact_id(stack, "orphan", item.arn),
        stack=stack,
        time=now,
        summary=f"{item.arn} carries this stack's tag and may be billed, but no deployment here owns it.",
        next_command=f"Look at it in the Bedrock console, and delete it there if nobody needs it: {item.name}",
        facts={"arn": item.arn, "name": item.name, "model_arn": item.model_arn, "status": item.status},
        resources=(item.arn,),
    )
