"""UploadQueue: an object arrived under `incoming/` (an S3 event of EventBridge), or work for it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tunedrop.actions.datasets import erase_data, take_upload
from tunedrop.actions.jobs import prepare_on_demand, start_on_accept
from tunedrop.domain.training.on_accept import OnAccept
from tunedrop.domain.versions.versioning import Version
from tunedrop.edges import clients, clock, queues
from tunedrop.edges.observability import logger, metrics
from tunedrop.edges.rows.table import Table
from tunedrop.edges.settings import settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Carry out each message; transient faults come again by the queue."""
    return queues.work_through(event, _take, sqs=clients.sqs(), queue_url=settings().upload_queue_url)


def _take(message: Mapping[str, Any]) -> None:
    reach: Any = {
        "table": Table(clients.dynamodb(), settings().state_table),
        "s3": clients.s3(),
        "settings": settings(),
    }
    match message.get("kind"):
        case None:
            take_upload.arrived(message, bus=clients.events(), clock=clock.now, start=_start, **reach)
        case "join_parts":
            take_upload.requested(message, bus=clients.events(), clock=clock.now, start=_start, **reach)
        case "prepare_version":
            prepare_on_demand.prepare(message, sqs=clients.sqs(), **reach)
        case erase_data.MESSAGE:
            erase_data.erase(message, bus=clients.events(), clock=clock.now, **reach)
        case kind:
            raise ValueError(f"UploadQueue carries no messages of kind {kind!r}")


def _start(version: Version) -> OnAccept | None:
    reach = start_on_accept.Reach(
        table=Table(clients.dynamodb(), settings().state_table),
        s3=clients.s3(),
        sqs=clients.sqs(),
        bedrock=clients.bedrock(),
        service_quotas=clients.service_quotas(),
        settings=settings(),
        clock=clock.now,
        new_id=clock.new_id,
    )
    return start_on_accept.accepted(version, reach)
