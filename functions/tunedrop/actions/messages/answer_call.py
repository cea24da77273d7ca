"""Answer calls to the Messages API: check the key, find the deployment, invoke its model, send the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from tunedrop.actions.messages import admit_call, find_target, record_call, settle_call
from tunedrop.actions.messages.admit_call import CallWanted
from tunedrop.actions.messages.settle_call import Hold
from tunedrop.domain.base_models.catalogue import Runtime, catalogue, find
from tunedrop.domain.messages import (
    claude_mapping,
    converse_mapping,
    message_events,
    messages_request,
    server_sent_events,
    whole_message,
)
from tunedrop.domain.messages.answer_usage import Tally
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.http_call import Call
from tunedrop.domain.messages.message_events import Event
from tunedrop.domain.messages.messages_request import MessagesRequest
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.edges import usage_metrics
from tunedrop.edges.bedrock import caught_errors, model_streams
from tunedrop.edges.bedrock.model_streams import ModelStream
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.streamed_response import StreamedResponse
from tunedrop.edges.usage_metrics import Caller

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

ROUTE = "/v1/messages"


def respond(
    call: Call,
    cloud: Cloud,
    runtime: BedrockRuntimeClient,
    *,
    remaining_ms: Callable[[], int],
    request_id: str,
) -> StreamedResponse:
    """The HTTP answer to any call; never raises.

    Waits for the model's first event before it returns, so that errors up to then still get their own HTTP status.
    """
    hold: Hold | None = None
    try:
        _route(call)
        asked, hold = _admitted(call, cloud)
        target = _ready(asked.model, hold.deployment)
        answer = _Answer(Caller(hold.key.id, asked.model, asked.stream), request_id, hold, cloud)
        try:
            source = _ask(asked, target, runtime, request_id)
        finally:  # while the model works on its first word; a call that Bedrock refuses is one too
            record_call.record(asked.model, cloud)
        stages = answer.observed(source, remaining_ms)
        return answer.streamed(stages) if asked.stream else answer.whole(stages)
    except Exception as error:  # noqa: BLE001 - every failure has an answer in this contract
        failure = _api_error(error)
        if hold:
            find_target.reconsider(hold.deployment, failure)
            settle_call.unused(hold, failure, cloud)
        return _refusal(failure, request_id)


def _route(call: Call) -> None:
    if call.path.rstrip("/") != ROUTE:
        raise ApiError("not_found_error", "unknown_route", f"There is only POST {ROUTE} here.")
    if call.method != "POST":
        raise ApiError("invalid_request_error", "method_not_allowed", f"{ROUTE} takes POST only.", status=405)


def _admitted(call: Call, cloud: Cloud) -> tuple[MessagesRequest, Hold]:
    """The request, and what it holds of its key. A wrong key is refused first: strangers learn nothing."""
    try:
        asked = messages_request.parse(call.body())
    except ApiError:
        admit_call.admit(call.secret, CallWanted(), cloud)
        raise
    if asked.model in catalogue():
        admit_call.admit(call.secret, CallWanted(), cloud)
        words = f"model: {asked.model!r} is a base model; name a deployment of a model tuned from it."
        raise ApiError("not_found_error", "base_model_named", words)
    deployment = admit_call.target(call.secret, asked.model, cloud)
    return asked, admit_call.admit(call.secret, CallWanted(asked.model, asked, deployment), cloud)


def _ready(name: str, deployment: Deployment | None) -> _Target:
    if deployment and deployment.arn and find_target.answers(deployment):
        return _Target(deployment.arn, find(deployment.base_model).runtime)
    raise find_target.refusal(name, deployment)


@dataclass(frozen=True, slots=True)
class _Target:
    """The ARN to invoke, and the operation for it."""

    arn: str
    runtime: Runtime


@dataclass(frozen=True, slots=True)
class _Source:
    """An open stream from Bedrock, and its events translated to the contract."""

    stream: ModelStream
    events: Iterator[Event]


def _ask(asked: MessagesRequest, target: _Target, runtime: BedrockRuntimeClient, request_id: str) -> _Source:
    if target.runtime == "invoke_model":
        stream = model_streams.invoke(runtime, target.arn, claude_mapping.body(asked))
        return _Source(stream, claude_mapping.events(stream.chunks(), model=asked.model))
    stream = model_streams.converse(runtime, target.arn, converse_mapping.arguments(asked))
    message_id = f"msg_{request_id.replace('-', '')}"
    return _Source(stream, converse_mapping.events(stream, asked=asked, message_id=message_id))


@dataclass(frozen=True, slots=True)
class _Body:
    """A streamed body; closing it closes Bedrock's stream, even in the middle of an answer."""

    pieces: Iterator[bytes]
    source: Generator[Event]

    def __iter__(self) -> Iterator[bytes]:
        return self.pieces

    def close(self) -> None:
        self.source.close()


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer, which can be sent streamed or whole."""

    caller: Caller
    request_id: str
    hold: Hold
    cloud: Cloud
    tally: Tally = field(default_factory=lambda: Tally(time.monotonic))

    def observed(self, source: _Source, remaining_ms: Callable[[], int]) -> Generator[Event]:
        """Yield the answer's checked events. However it ends, close Bedrock's stream and record the usage."""
        try:
            yield from self.tally.watch(
                message_events.checked(message_events.until_deadline(source.events, remaining_ms))
            )
        except GeneratorExit:  # the caller left: the tally stays `abandoned`
            raise
        except Exception as error:
            failure = _api_error(error)
            self.tally.end(failure.code)
            settle_call.unused(self.hold, failure, self.cloud)
            raise failure from error
        finally:
            source.stream.close()
            self.tally.end("abandoned")
            settle_call.answered(self.hold, self.tally, self.cloud)
            usage_metrics.answered(self.caller, self.tally)

    def streamed(self, source: Generator[Event]) -> StreamedResponse:
        """The answer as server-sent events. Waits for the first event: until then, an error still gets its status."""
        pieces = server_sent_events.frames(chain([next(source)], source), self.request_id)
        return StreamedResponse(
            _Body(pieces, source),
            headers={
                "content-type": "text/event-stream; charset=utf-8",
                "cache-control": "no-cache",
                "request-id": self.request_id,
            },
        )

    def whole(self, source: Generator[Event]) -> StreamedResponse:
        """The answer as one JSON message, folded from the same events."""
        return _json(200, whole_message.folded(source), {"request-id": self.request_id})


def _api_error(error: Exception) -> ApiError:
    failure = caught_errors.in_contract(error)
    if failure.code == "internal_error":
        usage_metrics.failed(error)
    return failure


def _refusal(error: ApiError, request_id: str) -> StreamedResponse:
    usage_metrics.refused(error)
    return _json(error.status, error.body(request_id), {**error.headers(), "request-id": request_id})


def _json(status: int, content: Mapping[str, Any], headers: Mapping[str, str]) -> StreamedResponse:
    return StreamedResponse([message_events.to_json(content)], status, {"content-type": "application/json", **headers})
