"""An object arrived under `incoming/` in the data bucket: one S3 event of EventBridge in each message."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tunedrop import uploads
from tunedrop.edges import aws, batches, clock
from tunedrop.edges.observability import logger, metrics
from tunedrop.edges.settings import settings
from tunedrop.edges.table import Table

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take in each upload; transient faults come again by the queue."""
    stack = settings()
    take = partial(
        uploads.arrived,
        table=Table(aws.dynamodb(), stack.state_table),
        s3=aws.s3(),
        bus=aws.events(),
        settings=stack,
        clock=clock.now,
    )
    return batches.work_through(event, take, sqs=aws.sqs(), queue_url=stack.upload_queue_url)
