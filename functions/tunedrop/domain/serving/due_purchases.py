"""Which purchases reconcile should enqueue: a pure function of their rows and of the time."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime

from tunedrop.domain.serving import brake, purchase_facts
from tunedrop.domain.serving.purchase_states import Purchase


def is_due(purchase: Purchase, now: datetime) -> bool:
    """Whether reconcile should enqueue the purchase. Reads the row only, so no failure of Bedrock delays an expiry."""
    match purchase.state:
        case "planned":
            return purchase.approval is not None and not purchase.approval.waits(now)
        case "requested" | "unknown" | "releasing":
            return True
        case "live":
            over = purchase.ends_at is not None and now >= purchase.ends_at
            asked = purchase.release_requested is not None or purchase.swap is not None or purchase.has_new_end
            due = purchase.ready_at is None or asked or over
            return due or bool(brake.wanted(purchase, now)) or bool(purchase_facts.due(purchase, now))
        case _:
            return bool(purchase_facts.due(purchase, now))


def has_vanished(purchase: Purchase, arns: Container[str]) -> bool:
    """Whether the purchase is live in our table but not among the `arns` that Bedrock lists."""
    return purchase.state == "live" and purchase.arn not in arns
