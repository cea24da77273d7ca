"""The Messages API as a caller meets it: the handler behind a gateway in this process, and doors to Bedrock."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import httpx2
import messages_api
from bedrock_simulator.event_stream import event, frame
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ReadTimeoutError
from tunedrop.actions.messages import manage_keys
from tunedrop.domain.messages import api_key
from tunedrop.domain.messages.api_key import KeyLimits
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.edges import clients
from tunedrop.edges.rows import deployment_rows
from tunedrop.edges.streamed_response import StreamedResponse

from tests import builders

if TYPE_CHECKING:
    import anthropic

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ASK: dict[str, Any] = {
    "model": "support-bot",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "How do I return a lamp?"}],
}


@dataclass(frozen=True)
class Context(builders.LambdaContext):
    """A Lambda context whose time runs as a test wants."""

    remaining: list[int] = field(default_factory=list)

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining.pop(0) if self.remaining else 300_000


@dataclass(slots=True)
class Caller:
    """A program with an API key."""

    secret: str | None
    context: Any = field(default_factory=builders.LambdaContext)

    def call(self, body: Any = ASK, *, path: str = "/v1/messages", method: str = "POST", **headers: str) -> Any:
        """What the handler returns; `body` is sent as it is when it is text."""
        key = {"x-api-key": self.secret} if self.secret else {}
        request = builders.event("messages_api_request") | {
            "path": path,
            "httpMethod": method,
            "headers": {**key, **headers},
            "body": body if isinstance(body, str) else json.dumps(body),
        }
        return messages_api.handler(request, self.context)

    def refusal(self, body: Any = ASK, **options: Any) -> tuple[int, Mapping[str, str], Mapping[str, Any]]:
        """Status, headers and the `error` of an answer that must be one; its shape is the contract's."""
        response = self.call(body, **options)
        content = json.loads(b"".join(response.body))
        assert content["type"] == "error"
        assert content["request_id"] == response.headers["request-id"] == self.context.aws_request_id
        return response.status, response.headers, content["error"]

    def sdk(self, **options: Any) -> anthropic.Anthropic:
        """Anthropic's SDK, with this key, talking to the handler."""
        import anthropic  # takes two seconds, and every process of the tests collects all of them

        transport = httpx2.MockTransport(self._gateway)
        options = {"api_key": self.secret or "none", "max_retries": 0, **options}
        return anthropic.Anthropic(
            base_url="http://api.test", http_client=httpx2.Client(transport=transport), **options
        )

    def _gateway(self, request: httpx2.Request) -> httpx2.Response:
        event = builders.event("messages_api_request") | {
            "path": request.url.path,
            "httpMethod": request.method,
            "queryStringParameters": dict(request.url.params) or None,
            "headers": dict(request.headers),
            "body": request.content.decode(),
        }
        return as_http(messages_api.handler(event, self.context))


def as_http(answer: StreamedResponse | Mapping[str, Any]) -> httpx2.Response:
    """An answer as API Gateway puts it on the wire, from a streaming or from a buffered route."""
    if isinstance(answer, StreamedResponse):
        prelude, _, nothing = answer.prelude().partition(b"\0" * 8)
        assert not nothing
        head = json.loads(prelude)
        return httpx2.Response(head["statusCode"], headers=head["headers"], content=b"".join(answer.body))
    return httpx2.Response(answer["statusCode"], headers=answer["headers"], content=answer["body"].encode())


def make_caller(
    stack,
    deployments: list[str] | None = None,
    limits: KeyLimits = api_key.DEFAULT_LIMITS,
    key_id: str = "01jd3k5m7n9p1q3r5s7t9v1w3x",
    **options: Any,
) -> Caller:
    """A caller with a new key. Each deployment that it names and that there is not is made, if only as a row."""
    for name in deployments or ():
        if deployment_rows.load(stack.table, name) is None:
            put_deployment(stack, None, name=name)
    _, secret = manage_keys.create(
        stack.cloud,  # by the handler's own clock: a key expires
        key_id=key_id,
        name="test",
        deployments=deployments or "*",
        created_by=builders.CALLER,
        limits=limits,
    )
    return Caller(secret, **options)


def put_deployment(stack, arn: str | None, *, state: Any = "Ready", base_model: str = "claude-3-haiku", **more: Any):
    """The row of deployment `support-bot`."""
    fields = {
        "name": "support-bot",
        "state": state,
        "serving": "provisioned_throughput",
        "base_model": base_model,
        "job_id": "01jd3k5m7n9p1q3r5s7t9v1w3j",
        "dataset": "support",
        "version": 1,
        "generation": 1,
        "owner": "ada",
        "model_units": 1,
        "created_at": NOW,
        "arn": arn,
        **more,
    }
    assert stack.table.put(deployment_rows.put_new(Deployment(**fields))).done


@dataclass(slots=True)
class ScriptedBedrock:
    """Answers every call of the application's own client: with pieces of an event stream, an error, or not at all."""

    pieces: list[bytes] = field(default_factory=list)
    status: int = 200
    error: str = ""
    lost: bool = False
    requests: list[AWSPreparedRequest] = field(default_factory=list)
    closed: int = 0

    def mounted(self) -> ScriptedBedrock:
        """This Bedrock behind the clients of a streaming route."""
        for seconds in (messages_api.STREAMED_READ_SECONDS, messages_api.WHOLE_READ_SECONDS):
            runtime = clients.bedrock_runtime(read_seconds=seconds)
            runtime.meta.events.register("before-send.bedrock-runtime", cast("Any", self.answer))
        return self

    def answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """One HTTP answer."""
        self.requests.append(request)
        if self.lost:
            raise ReadTimeoutError(endpoint_url=request.url)
        is_whole = request.url.endswith("/converse")
        kind = "application/json" if self.error or is_whole else "application/vnd.amazon.eventstream"
        headers = HeadersDict({"content-type": kind, "x-amzn-errortype": self.error})
        words = json.dumps({"message": f"words of {self.error}"}).encode()
        pieces = [words] if self.error else [_whole(self.pieces)] if is_whole else self.pieces
        return AWSResponse(request.url, self.status, cast("Any", headers), _Raw(self, pieces))


def _whole(pieces: list[bytes]) -> bytes:
    """Converse's answer that says the same as these events of ConverseStream."""
    buffer, content, end = EventStreamBuffer(), dict[int, dict[str, Any]](), dict[str, Any]()
    buffer.add_data(b"".join(pieces))
    for message in buffer:
        told = json.loads(message.payload)
        match told:
            case {"start": {"toolUse": use}, "contentBlockIndex": index}:
                content[index] = {"toolUse": {**use, "input": ""}}
            case {"delta": {"toolUse": {"input": piece}}, "contentBlockIndex": index}:
                content[index]["toolUse"]["input"] += piece
            case {"delta": {"text": piece}, "contentBlockIndex": index}:
                content.setdefault(index, {"text": ""})["text"] += piece
            case {"stopReason": _} | {"usage": _}:
                end |= told
    for block in content.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"] or "{}")
    said = {"message": {"role": "assistant", "content": [content[index] for index in sorted(content)]}}
    return json.dumps({"output": said, **end}).encode()


@dataclass(slots=True)
class _Raw:
    """The body of a connection that knows whether it was given back."""

    bedrock: ScriptedBedrock
    pieces: list[bytes]

    def stream(self, amt: int | None = None, decode_content: bool | None = None) -> Iterator[bytes]:
        yield from self.pieces

    def read(self, amt: int | None = None) -> bytes:
        return b"".join(self.pieces)

    def close(self) -> None:
        self.bedrock.closed += 1


def chunk(payload: Mapping[str, Any]) -> bytes:
    """One event of InvokeModelWithResponseStream."""
    return event("chunk", {"bytes": base64.b64encode(json.dumps(payload).encode()).decode()})


def exception(name: str) -> bytes:
    """An exception inside a stream."""
    headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, json.dumps({"message": f"words of {name}"}).encode())
