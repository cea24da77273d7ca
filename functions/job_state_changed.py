"""JobEventQueue: Bedrock's job events, reconcile's requests to check a job, and evaluations of its model that ended."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from tunedrop.actions.jobs import follow_job
from tunedrop.edges import queues
from tunedrop.edges.cloud import cloud
from tunedrop.edges.observability import logger, metrics, without_words


@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics
@without_words
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Update the job that each message names from what Bedrock reports now."""
    here = cloud()
    return queues.work_through(event, partial(follow_job.follow, cloud=here), here.job_event_queue)
