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
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

STREAMED_READ_SECONDS = 120.0
WHOLE_READ_SECONDS = 285.0
"""Leaves time to answer: a streaming route's function has 300 s."""
BUFFERED_READ_SECONDS = 25.0
"""The same: a buffered route's function has 28 s, and API Gateway gives up after 29."""


@logger.inject_lambda_context(log_event=False)
@without_words
def handler(event: Mapping[str, Any], context: LambdaContext) -> StreamedResponse | dict[str, Any]:
    """Answer in the form the route was deployed for; API Gateway turns the other form into a 502."""
    here = cloud()
    streams = here.settings.response_streaming
    response = route_call.respond(
        http_call.from_event(event),
        here,
        _streaming if streams else _buffered,
        remaining_ms=context.get_remaining_time_in_millis,
        request_id=context.aws_request_id,
    )
    return response if streams else response.buffered()


def _streaming(whole: bool) -> BedrockRuntimeClient:
    return clients.bedrock_runtime(read_seconds=WHOLE_READ_SECONDS if whole else STREAMED_READ_SECONDS)


def _buffered(_: bool) -> BedrockRuntimeClient:
    return clients.bedrock_runtime(read_seconds=BUFFERED_READ_SECONDS)
