"""Look at calls: whether a deployment is idle, and whether one that is released may still be answering.

What could not be read is never taken for idle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tunedrop.domain.serving import calls_seen
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.edges import faults
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import call_rows


def due(purchases: Iterable[Purchase], cloud: Cloud) -> Iterator[Purchase]:
    """The purchases that look idle, or whose calls nobody watches yet. Raises botocore's errors."""
    asked = [purchase for purchase in purchases if calls_seen.may_stop(purchase)]
    seen = call_rows.load_all(cloud.access) if asked else {}
    for purchase in asked:
        calls = seen.get(purchase.deployment)
        if not calls_seen.is_watched(calls) or calls_seen.is_idle(purchase, calls, cloud.now()):
            yield purchase


def idle_reason(purchase: Purchase, cloud: Cloud) -> str | None:
    """Why the purchase is to be released, if nobody has called it for as long as it may be idle; else None."""
    if not calls_seen.may_stop(purchase):
        return None
    try:
        calls = call_rows.load(cloud.access, purchase.deployment)
        if not calls_seen.is_watched(calls):
            call_rows.watch(cloud.access, purchase.deployment, cloud.now())
            return None
    except faults.FAULTS as fault:
        logger.error("calls could not be read", extra={"purchase": purchase.id, "reason": faults.code_of(fault)})
        return None
    if not calls_seen.is_idle(purchase, calls, cloud.now()):
        return None
    return f"nobody called it for {purchase.idle_minutes} minutes"


def is_answering(purchase: Purchase, cloud: Cloud) -> bool:
    """Whether calls that it took may still be going on. Where that can't be read, they may."""
    if not calls_seen.may_be_answering(purchase, cloud.now()):
        return False
    try:
        return calls_seen.is_answering(call_rows.load(cloud.access, purchase.deployment), cloud.now())
    except faults.FAULTS as fault:
        logger.warning("calls could not be read", extra={"purchase": purchase.id, "reason": faults.code_of(fault)})
        return True
