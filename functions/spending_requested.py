"""SpendQueue: brings jobs and purchases to Bedrock. The only function that may spend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from tunedrop import purchases, spending
from tunedrop.edges import aws, batches, clock
from tunedrop.edges.observability import logger, metrics
from tunedrop.edges.settings import settings
from tunedrop.edges.table import Table


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Carry out each message; it is only a hint, the row says what is next."""
    return batches.work_through(event, _advance, sqs=aws.sqs(), queue_url=settings().spend_queue_url)


def _advance(message: Mapping[str, Any]) -> None:
    reach: Any = {
        "table": Table(aws.dynamodb(), settings().state_table),
        "bedrock": aws.bedrock(),
        "spending": aws.bedrock_spending(),
        "bus": aws.events(),
        "settings": settings(),
        "now": clock.now(),
    }
    match message.get("kind"):
        case "advance_job":
            spending.advance_job(message["job_id"], sqs=aws.sqs(), **reach)
        case "advance_purchase":
            purchases.advance_purchase(message["deployment"], message["generation"], **reach)
        case kind:
            raise ValueError(f"SpendQueue carries no messages of kind {kind!r}")
