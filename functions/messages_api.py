"""POST /v1/messages: the Anthropic Messages contract in front of this stack's deployments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tunedrop.actions.messages import answer_call
from tunedrop.domain.messages import http_call
from tunedrop.edges import clients, clock
from tunedrop.edges.observability import logger
from tunedrop.edges.rows.table import Table
from tunedrop.edges.settings import settings
from tunedrop.edges.streaming import StreamedResponse

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

BUFFERED_READ_SECONDS = 25.0
"""Less than the 28 seconds that the function has on a buffered route, whose gateway gives up after 29."""


@logger.inject_lambda_context(log_event=False)
def handler(event: Mapping[str, Any], context: LambdaContext) -> StreamedResponse | dict[str, Any]:
    """The answer in the form that the route is deployed with: a wrong one is a 502."""
    stack = settings()
    response = answer_call.respond(
        http_call.from_event(event),
        access=Table(clients.dynamodb(), stack.access_table),
        state=Table(clients.dynamodb(), stack.state_table),
        runtime=clients.bedrock_runtime()
        if stack.response_streaming
        else clients.bedrock_runtime(read_seconds=BUFFERED_READ_SECONDS),
        remaining_ms=context.get_remaining_time_in_millis,
        request_id=context.aws_request_id,
        now=clock.now(),
    )
    return response if stack.response_streaming else response.buffered()
