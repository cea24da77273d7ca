"""Streams out of bedrock-runtime: opened before anything is answered, closed whatever happens, errors translated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tunedrop.domain.messages import api_errors
from tunedrop.edges.bedrock import stream_failures

if TYPE_CHECKING:
    from botocore.eventstream import EventStream
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient


class ModelStream:
    """Events of one answer. Raises ApiError, and nothing else that the network or Bedrock can cause."""

    def __init__(self, stream: EventStream[Any]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        with stream_failures.of_bedrock():
            yield from self._stream

    def chunks(self) -> Iterator[bytes]:
        """The payloads of an InvokeModel stream."""
        for event in self:
            match event:
                case {"chunk": {"bytes": bytes(payload)}}:
                    yield payload
                case _:
                    raise api_errors.broken("Bedrock sent an event that is no chunk")

    def close(self) -> None:
        """Give the connection up; an answer that nobody reads must not be waited for."""
        self._stream.close()


def invoke(runtime: BedrockRuntimeClient, arn: str, body: bytes) -> ModelStream:
    """InvokeModelWithResponseStream."""
    with stream_failures.of_bedrock():
        answer: Mapping[str, Any] = runtime.invoke_model_with_response_stream(
            modelId=arn, body=body, contentType="application/json", accept="application/json"
        )
    return ModelStream(answer["body"])


def converse(runtime: BedrockRuntimeClient, arn: str, arguments: Mapping[str, Any]) -> ModelStream:
    """ConverseStream."""
    with stream_failures.of_bedrock():
        answer: Mapping[str, Any] = runtime.converse_stream(modelId=arn, **arguments)
    return ModelStream(answer["stream"])
