"""JobEventQueue: events of Bedrock about jobs, and reconcile's requests to look at one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from tunedrop import tracking
from tunedrop.edges import aws, batches, clock
from tunedrop.edges.observability import logger, metrics
from tunedrop.edges.settings import settings
from tunedrop.edges.table import Table


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Bring the job of each message up to Bedrock's truth."""
    return batches.work_through(event, _follow, sqs=aws.sqs(), queue_url=settings().job_event_queue_url)


def _follow(message: Mapping[str, Any]) -> None:
    tracking.job_changed(
        message,
        table=Table(aws.dynamodb(), settings().state_table),
        bedrock=aws.bedrock(),
        s3=aws.s3(),
        sqs=aws.sqs(),
        bus=aws.events(),
        settings=settings(),
        now=clock.now(),
    )
