"""ControlApi, the REST API signed with SigV4: API Gateway passes every request here."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from tunedrop.edges.cloud import cloud
from tunedrop.edges.observability import logger, without_words
from tunedrop.routes.application import answer


@logger.inject_lambda_context(log_event=False)
@without_words
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one Lambda proxy event with one Lambda proxy response."""
    return answer(event, context, cloud())
