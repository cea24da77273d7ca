"""Answer calls to the Messages API: check the key, find the deployment, invoke its model, send the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from tunedrop.actions.messages import admit_call, find_target, record_call, settle_call
from tunedrop.actions.messages.admit_call import CallWanted
from tunedrop.actions.messages.settle_call import Hold
from tunedrop.domain.base_models.catalogue import BaseModel, catalogue, find
from tunedrop.domain.messages import (
    chat_request,
    claude_mapping,
    converse_answer,
    converse_request,
    message_events,
    messages_request,
)
from tunedrop.domain.messages.answer_usage import Tally
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.api_routes import Operation
from tunedrop.domain.messages.chat_answer import ChatForm
from tunedrop.domain.messages.http_call import Call
from tunedrop.domain.messages.message_events import Event
from tunedrop.domain.messages.messages_answer import AnswerForm, MessagesForm
from tunedrop.domain.messages.messages_request import MessagesRequest
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.edges import usage_metrics
from tunedrop.edges.bedrock import caught_errors, model_streams
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.streamed_response import StreamedResponse, json_response
from tunedrop.edges.usage_metrics import Caller

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient


def answer(
    call: Call,
    operation: Operation,
    cloud: Cloud,
    runtime: Callable[[bool], BedrockRuntimeClient],
    *,
    remaining_ms: Callable[[], int],
    request_id: str,
) -> StreamedResponse:
    """The model's answer, streamed or whole. Raises whatever failed before its first event.

    `runtime`: the client for a model's answer, whole (True) or streamed.
    """
    asked, form, hold = _admitted(call, operation, cloud)
    try:
        target = _ready(asked.model, hold.deployment)
        answer = _Answer(Caller(hold.key.id, asked.model, asked.stream), form, request_id, hold, cloud)
        try:
            source = _ask(asked, target, runtime, request_id)
        finally:  # while the model works on its first word; a call that Bedrock refuses is one too
            record_call.record(asked.model, cloud)
        stages = answer.observed(source, remaining_ms)
        return answer.streamed(stages) if asked.stream else answer.whole(stages)
    except Exception as error:
        failure = caught_errors.in_contract(error)
        find_target.reconsider(hold.deployment, failure)
        settle_call.unused(hold, failure, cloud)
        raise


def _read(call: Call, operation: Operation, cloud: Cloud) -> tuple[MessagesRequest, AnswerForm]:
    """The request, and how its answer is told."""
    if operation == "messages":
        return messages_request.parse(call.body()), MessagesForm()
    chat = chat_request.parse(call.body())
    created = int(cloud.now().timestamp())
    return chat.core, ChatForm(chat.core.model, created, chat.include_usage, chat.answer_tool)


def _admitted(call: Call, operation: Operation, cloud: Cloud) -> tuple[MessagesRequest, AnswerForm, Hold]:
    """The request, its answer's form, and what it holds of its key. A wrong key is refused before a wrong body."""
    try:
        asked, form = _read(call, operation, cloud)
    except ApiError:
        admit_call.admit(call.secret, CallWanted(), cloud)
        raise
    if asked.model in catalogue():
        admit_call.admit(call.secret, CallWanted(), cloud)
        words = f"model: {asked.model!r} is a base model; name a deployment of a model tuned from it."
        raise ApiError("not_found_error", "base_model_named", words)
    deployment = admit_call.target(call.secret, asked.model, cloud)
    return asked, form, admit_call.admit(call.secret, CallWanted(asked.model, asked, deployment), cloud)


def _ready(name: str, deployment: Deployment | None) -> _Target:
    if deployment and deployment.arn and find_target.answers(deployment):
        return _Target(deployment.arn, find(deployment.base_model))
    raise find_target.refusal(name, deployment)


@dataclass(frozen=True, slots=True)
class _Target:
    """The ARN to invoke, and the base model behind it."""

    arn: str
    base_model: BaseModel


@dataclass(frozen=True, slots=True)
class _Source:
    """An answer of Bedrock's as events of the contract, and how to leave it."""

    events: Iterator[Event]
    close: Callable[[], None]


def _ask(
    asked: MessagesRequest, target: _Target, runtime: Callable[[bool], BedrockRuntimeClient], request_id: str
) -> _Source:
    base_model = target.base_model
    if base_model.runtime == "invoke_model":
        stream = model_streams.invoke(runtime(False), target.arn, claude_mapping.body(asked))
        return _Source(claude_mapping.events(stream.chunks(), model=asked.model), stream.close)
    message_id = f"msg_{request_id.replace('-', '')}"
    arguments = converse_request.arguments(asked, base_model.answering)
    if not asked.stream or (asked.tools and not base_model.answering.streams_tools):
        whole = model_streams.converse_whole(runtime(True), target.arn, arguments)
        events = converse_answer.events(converse_answer.as_stream(whole), asked=asked, message_id=message_id)
        return _Source(events, lambda: None)
    stream = model_streams.converse(runtime(False), target.arn, arguments)
    return _Source(converse_answer.events(stream, asked=asked, message_id=message_id), stream.close)


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
    form: AnswerForm
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
            failure = api_error(error)
            self.tally.end(failure.code)
            settle_call.unused(self.hold, failure, self.cloud)
            raise failure from error
        finally:
            source.close()
            self.tally.end("abandoned")
            settle_call.answered(self.hold, self.tally, self.cloud)
            usage_metrics.answered(self.caller, self.tally)

    def streamed(self, source: Generator[Event]) -> StreamedResponse:
        """The answer as server-sent events. Waits for the first event: until then, an error still gets its status."""
        pieces = self.form.frames(chain([next(source)], source), self.request_id)
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
        return json_response(200, self.form.whole(source), {"request-id": self.request_id})


def api_error(error: Exception) -> ApiError:
    """The contract's error for any failure; a defect is logged."""
    failure = caught_errors.in_contract(error)
    if failure.code == "internal_error":
        usage_metrics.failed(error)
    return failure
