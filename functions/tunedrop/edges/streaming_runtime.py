"""Run a handler under awslambdaric with streaming: `python -m tunedrop.edges.streaming_runtime module.handler`.

awslambdaric 4.2 cannot stream, but the Runtime API can (docs/facts.md#response-streaming). Only the step that posts a
result is replaced; awslambdaric still does the polling, context, logging, errors and X-Ray.
"""

from __future__ import annotations

import base64
import json
import logging
import socket
import sys
from http.client import HTTPConnection
from typing import Any

# awslambdaric ships no types, so its classes are Any to mypy.
from awslambdaric import bootstrap  # type: ignore[import-untyped]
from awslambdaric.lambda_config import LambdaConfigProvider  # type: ignore[import-untyped]
from awslambdaric.lambda_runtime_client import LambdaRuntimeClient  # type: ignore[import-untyped]
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller  # type: ignore[import-untyped]

from tunedrop.edges.streamed_response import StreamedResponse

_CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
_ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
_ERROR_BODY = "Lambda-Runtime-Function-Error-Body"

_logger = logging.getLogger(__name__)


class StreamingMarshaller(LambdaMarshaller):  # type: ignore[misc]
    """Passes a streamed answer through; everything else becomes JSON."""

    def marshal_response(self, response: Any) -> tuple[Any, str]:
        """The handler's result, ready to post, and its content type."""
        if isinstance(response, StreamedResponse):
            return response, _CONTENT_TYPE
        marshalled: tuple[Any, str] = super().marshal_response(response)
        return marshalled


class StreamingRuntimeClient(LambdaRuntimeClient):  # type: ignore[misc]
    """Posts a streamed answer piece by piece; awslambdaric posts everything else."""

    marshaller = StreamingMarshaller()

    def post_invocation_result(
        self, invoke_id: str, result_data: Any, content_type: str = "application/json", invocation_id: str | None = None
    ) -> None:
        """Post an answer to the Runtime API. Raises RuntimeError, and ends the process, if it refuses the stream."""
        if not isinstance(result_data, StreamedResponse):
            super().post_invocation_result(invoke_id, result_data, content_type, invocation_id)
            return
        connection = HTTPConnection(self.lambda_runtime_address)
        try:
            _open(connection, invoke_id, invocation_id)
            _send(connection, result_data)
            answer = connection.getresponse()
            answer.read()
        finally:
            result_data.close()
            connection.close()
        if answer.status != 202:
            raise RuntimeError(f"The Runtime API refused the streamed answer: {answer.status}")


def _open(connection: HTTPConnection, invoke_id: str, invocation_id: str | None) -> None:
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # send each piece without delay
    connection.putrequest("POST", f"/2018-06-01/runtime/invocation/{invoke_id}/response")
    connection.putheader("Content-Type", _CONTENT_TYPE)
    connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.putheader("Trailer", f"{_ERROR_TYPE}, {_ERROR_BODY}")
    if invocation_id:  # awslambdaric 4.2 echoes it with every answer
        connection.putheader("Lambda-Runtime-Invocation-Id", invocation_id)
    connection.endheaders()


def _send(connection: HTTPConnection, response: StreamedResponse) -> None:
    """Send the whole answer. The body's exceptions go into the trailers; the connection's end the process."""
    connection.send(_chunk(response.prelude()))
    pieces = iter(response.body)
    trailers: dict[str, str] = {}
    while not trailers:
        try:
            piece = next(pieces)
        except StopIteration:
            break
        except Exception as error:  # noqa: BLE001 - the status is sent, so only the trailers can report a fault
            trailers = _trailers(error)
        else:
            if piece:  # an empty chunk would end the HTTP body
                connection.send(_chunk(piece))
    connection.send(b"0\r\n" + b"".join(f"{name}: {value}\r\n".encode() for name, value in trailers.items()) + b"\r\n")


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _trailers(error: Exception) -> dict[str, str]:
    kind = type(error).__name__
    _logger.error("The streamed answer broke off: %s", kind)
    body = {"errorType": kind, "errorMessage": "The answer broke off.", "stackTrace": []}
    return {_ERROR_TYPE: kind, _ERROR_BODY: base64.b64encode(json.dumps(body).encode()).decode()}


def main() -> None:
    """Serve invocations until Lambda ends the process."""
    config = LambdaConfigProvider(sys.argv)
    bootstrap.run(config.handler, StreamingRuntimeClient(config.api_address, config.use_thread_polling))


if __name__ == "__main__":
    main()
