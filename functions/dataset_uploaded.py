"""UploadQueue: an object arrived under `incoming/` (an S3 event of EventBridge), or work for it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tunedrop import erasing, preparing, starting, uploads
from tunedrop.edges import aws, batches, clock
from tunedrop.edges.observability import logger, metrics
from tunedrop.edges.settings import settings
from tunedrop.edges.table import Table
from tunedrop.training.on_accept import OnAccept
from tunedrop.versions.versions import Version

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Carry out each message; transient faults come again by the queue."""
    return batches.work_through(event, _take, sqs=aws.sqs(), queue_url=settings().upload_queue_url)


def _take(message: Mapping[str, Any]) -> None:
    reach: Any = {"table": Table(aws.dynamodb(), settings().state_table), "s3": aws.s3(), "settings": settings()}
    match message.get("kind"):
        case None:
            uploads.arrived(message, bus=aws.events(), clock=clock.now, start=_start, **reach)
        case "join_parts":
            uploads.requested(message, bus=aws.events(), clock=clock.now, start=_start, **reach)
        case "prepare_version":
            preparing.prepare(message, sqs=aws.sqs(), **reach)
        case erasing.MESSAGE:
            erasing.erase(message, bus=aws.events(), clock=clock.now, **reach)
        case kind:
            raise ValueError(f"UploadQueue carries no messages of kind {kind!r}")


def _start(version: Version) -> OnAccept | None:
    reach = starting.Reach(
        table=Table(aws.dynamodb(), settings().state_table),
        s3=aws.s3(),
        sqs=aws.sqs(),
        bedrock=aws.bedrock(),
        service_quotas=aws.service_quotas(),
        settings=settings(),
        clock=clock.now,
        new_id=clock.new_id,
    )
    return starting.accepted(version, reach)
