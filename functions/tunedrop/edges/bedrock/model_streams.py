"""Streams from bedrock-runtime, with errors translated. Open one before answering the caller, and always close it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tunedrop.domain.messages import api_errors
from tunedrop.edges.bedrock import caught_errors

if TYPE_CHECKING:
    from botocore.eventstream import EventStream
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient


class ModelStream:
    """The events of one answer. Whatever the network or Bedrock causes is raised as ApiError."""

    def __init__(self, stream: EventStream[Any]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        with caught_errors.of_bedrock():
            yield from self._stream

    def chunks(self) -> Iterator[bytes]:
        """The payloads of an InvokeModel stream."""
        for event in self:
            match event:
                case {"chunk": {"bytes": bytes(payload)}}:
                    yield payload
                case _:
                    raise api_errors.broken("Bedrock sent an event that is not a chunk")

    def close(self) -> None:
        """Drop the connection, without waiting for the rest of an answer that nobody reads."""
        self._stream.close()


def invoke(runtime: BedrockRuntimeClient, arn: str, body: bytes) -> ModelStream:
    """Call InvokeModelWithResponseStream and return its open stream. Raises ApiError."""
    with caught_errors.of_bedrock():
        answer: Mapping[str, Any] = runtime.invoke_model_with_response_stream(
            modelId=arn, body=body, contentType="application/json", accept="application/json"
        )
    return ModelStream(answer["body"])


def converse_whole(runtime: BedrockRuntimeClient, arn: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Call Converse and return its answer. Raises ApiError."""
    with caught_errors.of_bedrock():
        answer: Mapping[str, Any] = runtime.converse(modelId=arn, **arguments)
    return answer


def converse(runtime: BedrockRuntimeClient, arn: str, arguments: Mapping[str, Any]) -> ModelStream:
    """Call ConverseStream and return its open stream. Raises ApiError."""
    with caught_errors.of_bedrock():
        answer: Mapping[str, Any] = runtime.converse_stream(modelId=arn, **arguments)
    return ModelStream(answer["stream"])
