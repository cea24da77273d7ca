"""CloudFormation, when the guard of the stack comes or goes: refuse a deletion that would leave something billing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from tunedrop.actions.deployments import guard_deletion
from tunedrop.domain.reports import refused_deletion
from tunedrop.edges import custom_resource
from tunedrop.edges.cloud import cloud
from tunedrop.edges.custom_resource import ResourceRequest
from tunedrop.edges.observability import logger, metrics, traced, without_words


@logger.inject_lambda_context(log_event=False)
@metrics.log_metrics
@without_words
def handler(event: Mapping[str, Any], context: LambdaContext) -> None:
    """Answer one request. CloudFormation would wait for an answer that never comes."""
    asked = custom_resource.request_from(event)
    custom_resource.answer(asked, guard_deletion.GUARD, _refusal(asked))


def _refusal(asked: ResourceRequest) -> str | None:
    try:
        return guard_deletion.refusal(asked, cloud())
    except Exception as fault:  # noqa: BLE001 - a defect of ours must not keep CloudFormation waiting
        logger.error("the guard failed", extra=traced(fault))
        return f"The guard failed ({type(fault).__name__}); its log says where. {refused_deletion.ESCAPE}"
