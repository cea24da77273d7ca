"""/v1/messages and its neighbors: the Anthropic Messages contract in front of this stack's deployments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tunedrop.actions.messages import route_call
from tunedrop.domain.messages import http_call
from tunedrop.edges import clients
from tunedrop.edges.cloud import cloud
from tunedrop.edges.observability import logger, without_words
from tunedrop.edges.streamed_response import StreamedResponse

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

STREAMED_READ_SECONDS = 120.0
BUFFERED_READ_SECONDS = 25.0
"""Leaves time to answer: a buffered route's function has 28 s, and API Gateway gives up after 29."""


@logger.inject_lambda_context(log_event=False)
@without_words
def handler(event: Mapping[str, Any], context: LambdaContext) -> StreamedResponse | dict[str, Any]:
    """Answer in the form the route was deployed for; API Gateway turns the other form into a 502."""
    here = cloud()
    streams = here.settings.response_streaming
    response = route_call.respond(
        http_call.from_event(event),
        here,
        clients.bedrock_runtime(read_seconds=STREAMED_READ_SECONDS if streams else BUFFERED_READ_SECONDS),
        remaining_ms=context.get_remaining_time_in_millis,
        request_id=context.aws_request_id,
    )
    return response if streams else response.buffered()
