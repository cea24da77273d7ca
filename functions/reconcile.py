"""Every few minutes: finds what is due and what was missed, and puts it on the queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from tunedrop import reconciliation
from tunedrop.edges import aws, clock
from tunedrop.edges.observability import logger, metrics
from tunedrop.edges.settings import settings
from tunedrop.edges.table import Table


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Look once; the answer is for a person who invokes it by hand."""
    found = reconciliation.reconcile(
        table=Table(aws.dynamodb(), settings().state_table),
        bedrock=aws.bedrock(),
        sqs=aws.sqs(),
        bus=aws.events(),
        settings=settings(),
        now=clock.now(),
    )
    return {"open_jobs": found.open_jobs, "open_purchases": found.open_purchases, "enqueued": dict(found.enqueued)}
