"""JobEventQueue: events of Bedrock about jobs, and reconcile's requests to look at one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from tunedrop.actions.jobs import follow_job
from tunedrop.edges import clients, clock, queues
from tunedrop.edges.observability import logger, metrics
from tunedrop.edges.rows.table import Table
from tunedrop.edges.settings import settings


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Bring the job of each message up to Bedrock's truth."""
    return queues.work_through(event, _follow, sqs=clients.sqs(), queue_url=settings().job_event_queue_url)


def _follow(message: Mapping[str, Any]) -> None:
    follow_job.job_changed(
        message,
        table=Table(clients.dynamodb(), settings().state_table),
        bedrock=clients.bedrock(),
        s3=clients.s3(),
        sqs=clients.sqs(),
        bus=clients.events(),
        settings=settings(),
        now=clock.now(),
    )
