"""Streams out of bedrock-runtime: opened before anything is answered, closed whatever happens, errors translated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import urllib3.exceptions
from botocore.eventstream import EventStream, ParserError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
)

from tunedrop.messages import errors

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

_UNREACHED = (EndpointConnectionError, ConnectTimeoutError)
_SILENT = (ReadTimeoutError, urllib3.exceptions.ReadTimeoutError)
_CUT = (BotoCoreError, urllib3.exceptions.HTTPError, ParserError, OSError)


class ModelStream:
    """Events of one answer. Raises ApiError, and nothing else that the network or Bedrock can cause."""

    def __init__(self, stream: EventStream[Any]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        with _translated():
            yield from self._stream

    def chunks(self) -> Iterator[bytes]:
        """The payloads of an InvokeModel stream."""
        for event in self:
            match event:
                case {"chunk": {"bytes": bytes(payload)}}:
                    yield payload
                case _:
                    raise errors.broken("Bedrock sent an event that is no chunk")

    def close(self) -> None:
        """Give the connection up; an answer that nobody reads must not be waited for."""
        self._stream.close()


def invoke(runtime: BedrockRuntimeClient, arn: str, body: bytes) -> ModelStream:
    """InvokeModelWithResponseStream."""
    with _translated():
        answer: Mapping[str, Any] = runtime.invoke_model_with_response_stream(
            modelId=arn, body=body, contentType="application/json", accept="application/json"
        )
    return ModelStream(answer["body"])


def converse(runtime: BedrockRuntimeClient, arn: str, arguments: Mapping[str, Any]) -> ModelStream:
    """ConverseStream."""
    with _translated():
        answer: Mapping[str, Any] = runtime.converse_stream(modelId=arn, **arguments)
    return ModelStream(answer["stream"])


@contextmanager
def _translated() -> Iterator[None]:
    """Only names of errors are passed on for the log: their words may quote the prompt."""
    try:
        yield
    except ClientError as error:
        raise errors.of_bedrock(error.response["Error"]["Code"], error.response["Error"].get("Message", "")) from error
    except ParamValidationError as error:
        raise errors.invalid("", "Bedrock's own limits do not allow a value of this request") from error
    except _UNREACHED as error:
        raise errors.unreachable(type(error).__name__) from error
    except _SILENT as error:
        raise errors.no_answer(type(error).__name__) from error
    except _CUT as error:
        raise errors.disconnected(type(error).__name__) from error
