"""SpendQueue: brings jobs and purchases to Bedrock. The only function that may spend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from tunedrop.actions.deployments import advance_purchase
from tunedrop.actions.jobs import advance_job
from tunedrop.edges import clients, clock, queues
from tunedrop.edges.observability import logger, metrics
from tunedrop.edges.rows.table import Table
from tunedrop.edges.settings import settings


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Carry out each message; it is only a hint, the row says what is next."""
    return queues.work_through(event, _advance, sqs=clients.sqs(), queue_url=settings().spend_queue_url)


def _advance(message: Mapping[str, Any]) -> None:
    reach: Any = {
        "table": Table(clients.dynamodb(), settings().state_table),
        "bedrock": clients.bedrock(),
        "spending": clients.bedrock_spending(),
        "bus": clients.events(),
        "settings": settings(),
        "now": clock.now(),
    }
    match message.get("kind"):
        case "advance_job":
            advance_job.advance_job(message["job_id"], sqs=clients.sqs(), **reach)
        case "advance_purchase":
            advance_purchase.advance_purchase(message["deployment"], message["generation"], **reach)
        case kind:
            raise ValueError(f"SpendQueue carries no messages of kind {kind!r}")
