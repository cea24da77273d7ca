"""Seam: streams responses through API Gateway and InvokeWithResponseStream, which MiniStack answers in one piece.

Requests take MiniStack's own path: its routing, IAM, throttling and logs. A context variable carries a sink down to
the function host, and chunks come back through it while the function runs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from typing import Any

from ministack.core.responses import StreamingResponse
from ministack.services import apigateway_v1, lambda_svc

from tunedrop_local.adapter import seams
from tunedrop_local.adapter.functions import response_sink

STREAM_SUFFIX, BUFFERED_SUFFIX = "/response-streaming-invocations", "/invocations"
DELIMITER = b"\0" * 8
PRELUDE_LIMIT = 16 * 1024  # bytes
HOP_BY_HOP = {"connection", "content-length", "keep-alive", "transfer-encoding"}

Answer = tuple[int, dict[str, Any], Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Coroutine[Any, Any, dict[str, Any]]]


def install() -> None:
    """Takes over streaming routes and InvokeWithResponseStream; MiniStack keeps buffered routes."""
    arguments = (
        "integration", "api_id", "stage_name", "stage", "resource", "request_path", "method",
        "headers", "body", "query_params", "path_params",
    )  # fmt: skip
    buffered = seams.original(apigateway_v1, "_invoke_lambda_proxy_v1", *arguments)
    seams.original(apigateway_v1, "_build_lambda_event_v1", *arguments[1:])
    seams.original(apigateway_v1, "_call_lambda_raw", "function_ref", "event")
    seams.original(apigateway_v1, "_extract_lambda_ref_from_integration_uri", "uri")
    seams.original(apigateway_v1, "_gw_error", "response_type", "message")
    seams.original(lambda_svc, "_invoke", "name", "event", "headers")
    seams.original(lambda_svc, "_es_encode_message", "headers", "payload")

    async def proxy(integration: Mapping[str, Any], *rest: Any, **options: Any) -> Any:
        streaming = integration.get("uri", "").endswith(STREAM_SUFFIX)
        return await (_stream_proxy if streaming else buffered)(integration, *rest, **options)

    seams.replace(apigateway_v1, "_invoke_lambda_proxy_v1", proxy)
    invoke = "_invoke_with_response_stream"
    seams.replace(lambda_svc, invoke, _invoke_with_response_stream, "name", "event", "headers")


class Running:
    """A running invocation: its chunks as they arrive, then its result."""

    def __init__(self, invoke: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        loop = asyncio.get_running_loop()
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        token = response_sink.set(lambda chunk: _deliver(loop, self._chunks, chunk))
        self.task = loop.create_task(invoke())  # copies the context, with the sink, as does MiniStack's thread
        response_sink.reset(token)
        self.task.add_done_callback(lambda _: self._chunks.put_nowait(None))

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yields chunks as they arrive, until the invocation ends."""
        while (chunk := await self._chunks.get()) is not None:
            yield chunk


def _deliver(loop: asyncio.AbstractEventLoop, chunks: asyncio.Queue[bytes | None], chunk: bytes) -> None:
    loop.call_soon_threadsafe(chunks.put_nowait, chunk)


async def _stream_proxy(integration: Mapping[str, Any], *request: Any, **options: Any) -> Any:
    """Replaces apigateway_v1._invoke_lambda_proxy_v1 on streaming routes."""
    owner = {"account_id": options.pop("owner_account_id", None), "region": options.pop("owner_region", None)}
    event = apigateway_v1._build_lambda_event_v1(*request, **options)
    uri = integration["uri"].removesuffix(STREAM_SUFFIX) + BUFFERED_SUFFIX
    function = apigateway_v1._extract_lambda_ref_from_integration_uri(uri)
    running = Running(lambda: apigateway_v1._call_lambda_raw(function, event, **owner))
    chunks = running.chunks()
    prelude, rest = await _split_prelude(chunks)
    if prelude is None:
        return _without_prelude(*await running.task)

    async def send_body(send: Send, receive: Receive) -> None:
        await _send_body(running, rest, chunks, send, receive)

    return prelude["status"], prelude["headers"], StreamingResponse(send_body)


async def _send_body(running: Running, rest: bytes, chunks: AsyncIterator[bytes], send: Send, receive: Receive) -> None:
    client_left = asyncio.create_task(receive())  # the request is read, so only a disconnect can follow
    if rest:
        await send(_body(rest))
    async for chunk in chunks:  # to the end even if the client left: Lambda does not stop then, either
        if not client_left.done():
            await send(_body(chunk))
    client_left.cancel()
    result, _ = await running.task
    if not result.get("error"):  # without the final frame, the client sees the body break off
        await send(_body(b"", more=False))


def _body(data: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def _without_prelude(result: Mapping[str, Any] | None, error: str | None) -> Any:
    """Answers for a missing function, a throttle, a failure before the first byte, or an answer in one piece."""
    if error or result is None:
        return apigateway_v1._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
    status, message = (429, "Too Many Requests") if result.get("throttle") else (502, "Internal server error")
    return status, {"Content-Type": "application/json"}, json.dumps({"message": message}).encode()


async def _split_prelude(chunks: AsyncIterator[bytes]) -> tuple[dict[str, Any] | None, bytes]:
    head = b""
    async for chunk in chunks:
        head += chunk
        if DELIMITER in head[:PRELUDE_LIMIT]:
            metadata, _, rest = head.partition(DELIMITER)
            return _prelude(json.loads(metadata or b"{}")), rest
        if len(head) >= PRELUDE_LIMIT:
            break
    return None, b""


def _prelude(fields: Mapping[str, Any]) -> dict[str, Any]:
    sent = {**(fields.get("headers") or {}), **(fields.get("multiValueHeaders") or {})}
    headers = {name: value for name, value in sent.items() if name.lower() not in HOP_BY_HOP}
    if cookies := fields.get("cookies"):
        headers["Set-Cookie"] = list(cookies)
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    return {"status": int(fields.get("statusCode", 200)), "headers": headers}


async def _invoke_with_response_stream(
    name: str,
    event: Any,
    headers: Mapping[str, str],
    path_qualifier: str | None = None,
    query_params: Mapping[str, Any] | None = None,
) -> Answer:
    """Replaces lambda_svc._invoke_with_response_stream: sends PayloadChunk events while the function runs."""
    running = Running(lambda: lambda_svc._invoke(name, event, headers, path_qualifier, query_params))
    chunks = running.chunks()
    first = await anext(chunks, None)
    if first is None:  # not a stream: refused, failed, or a handler that answers in one piece
        status, answer_headers, body = await running.task
        if status != 200:
            return status, answer_headers, body
        first = body or b""

    async def send_events(send: Send, receive: Receive) -> None:
        await send(_body(_event("PayloadChunk", first, "application/octet-stream")))
        async for chunk in chunks:
            await send(_body(_event("PayloadChunk", chunk, "application/octet-stream")))
        await send(_body(_complete(*await running.task), more=False))

    content = {"Content-Type": "application/vnd.amazon.eventstream", "X-Amzn-Lambda-Response-Streamed": "true"}
    return 200, content, StreamingResponse(send_events)


def _complete(status: int, headers: Mapping[str, str], body: bytes | None) -> bytes:
    failed = headers.get("X-Amz-Function-Error")
    details = {"ErrorCode": failed, "ErrorDetails": (body or b"").decode()} if failed else {}
    return _event("InvokeComplete", json.dumps(details).encode(), "application/json")


def _event(kind: str, payload: bytes, content_type: str) -> bytes:
    headers = {":message-type": "event", ":event-type": kind, ":content-type": content_type}
    return bytes(lambda_svc._es_encode_message(headers, payload))
