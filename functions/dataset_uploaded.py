"""UploadQueue: an object arrived under `incoming/` (an S3 event from EventBridge), or other work on data is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from tunedrop.actions.datasets import erase_data, take_upload
from tunedrop.actions.jobs import prepare_for_job, start_on_accept
from tunedrop.edges import queues
from tunedrop.edges.cloud import Cloud, cloud
from tunedrop.edges.observability import logger, metrics, without_words

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

DENIED_AT = 3
"""The delivery, 90 seconds after the first, at which S3's denial of a read is believed: before, the policies of a new
stack may not have reached S3 yet (docs/facts.md#iam)."""


@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics
@without_words
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Process each message; SQS redelivers the ones that fail."""
    here = replace(cloud(), denials_may_pass=queues.deliveries(event) < DENIED_AT)
    return queues.work_through(event, partial(_take, here), here.upload_queue)


def _take(here: Cloud, message: Mapping[str, Any]) -> None:
    start = partial(start_on_accept.start, cloud=here)
    match message.get("kind"):
        case None:  # EventBridge's own S3 event; our messages always carry a kind
            take_upload.arrived(message, here, start)
        case "join_parts":
            take_upload.requested(message, here, start)
        case "prepare_version":
            prepare_for_job.prepare(message, here)
        case erase_data.MESSAGE:
            erase_data.erase(message, here)
        case kind:
            raise ValueError(f"UploadQueue carries no messages of kind {kind!r}")
