"""SpendQueue: moves jobs and purchases forward in Bedrock. The only function that may spend."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from tunedrop.actions.charges import tell_budget
from tunedrop.actions.deployments import adopt_capacity, advance_purchase
from tunedrop.actions.jobs import advance_job
from tunedrop.domain.training.job_states import StatusSource
from tunedrop.edges import clients, queues
from tunedrop.edges.cloud import Cloud, cloud
from tunedrop.edges.observability import logger, metrics, without_words


@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics
@without_words
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Process each message. A message is only a hint: the row decides the next step."""
    here = cloud()
    return queues.work_through(event, partial(_advance, here), here.spend_queue)


def _advance(here: Cloud, message: Mapping[str, Any]) -> None:
    match message.get("kind"):
        case "advance_job":
            source: StatusSource = "event" if message.get("source") == "event" else "reconcile"
            advance_job.advance(message["job_id"], here, clients.spender(), source)
        case "advance_purchase" if "arn" in message:
            adopt_capacity.take(message["arn"], here, clients.spender())
        case "advance_purchase":
            advance_purchase.advance(message["deployment"], message["generation"], here, clients.spender())
        case kind:
            raise ValueError(f"SpendQueue carries no messages of kind {kind!r}")
    tell_budget.tell(here)
