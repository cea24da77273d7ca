"""On a schedule: find what is due and what was missed, and put it on the queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from tunedrop.actions import reconcile
from tunedrop.edges.cloud import cloud
from tunedrop.edges.observability import logger, metrics, without_words


@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics
@without_words
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run once. The scheduler ignores the result; it is for people who invoke the function by hand."""
    found = reconcile.reconcile(cloud())
    return {"open_jobs": found.open_jobs, "open_purchases": found.open_purchases, "enqueued": dict(found.enqueued)}
