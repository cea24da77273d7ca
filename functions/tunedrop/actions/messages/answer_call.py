"""Answer calls to the Messages API: check the key, find the deployment, invoke its model, send the answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from tunedrop.actions.messages import manage_keys, record_call
from tunedrop.domain.base_models.catalogue import BaseModel, catalogue, find
from tunedrop.domain.messages import chat_request, claude_mapping, converse_mapping, message_events, messages_request
from tunedrop.domain.messages.answer_usage import Tally
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.api_key import ApiKey
from tunedrop.domain.messages.api_routes import Operation
from tunedrop.domain.messages.chat_answer import ChatForm
from tunedrop.domain.messages.http_call import Call
from tunedrop.domain.messages.message_events import Event
from tunedrop.domain.messages.messages_answer import AnswerForm, MessagesForm
from tunedrop.domain.messages.messages_request import MessagesRequest
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.edges import usage_metrics
from tunedrop.edges.bedrock import caught_errors, model_streams
from tunedrop.edges.bedrock.model_streams import ModelStream
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows
from tunedrop.edges.streamed_response import StreamedResponse, json_response
from tunedrop.edges.usage_metrics import Caller

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

WAIT_SECONDS = 30
"""The `retry-after` for a deployment that is not ready yet."""


def answer(
    call: Call,
    operation: Operation,
    cloud: Cloud,
    runtime: BedrockRuntimeClient,
    *,
    remaining_ms: Callable[[], int],
    request_id: str,
) -> StreamedResponse:
    """The model's answer, streamed or whole. Raises whatever failed before its first event."""
    asked, form, key = _authenticated(call, operation, cloud)
    target = _ready(asked.model, cloud)
    answer = _Answer(Caller(key.id, asked.model, asked.stream), form, request_id)
    try:
        source = _ask(asked, target, runtime, request_id)
    finally:  # while the model works on its first word; a call that Bedrock refuses is one too
        record_call.record(asked.model, cloud)
    stages = answer.observed(source, remaining_ms)
    return answer.streamed(stages) if asked.stream else answer.whole(stages)


def _read(call: Call, operation: Operation, cloud: Cloud) -> tuple[MessagesRequest, AnswerForm]:
    """The request, and how its answer is told."""
    if operation == "messages":
        return messages_request.parse(call.body()), MessagesForm()
    chat = chat_request.parse(call.body())
    created = int(cloud.now().timestamp())
    return chat.core, ChatForm(chat.core.model, created, chat.include_usage, chat.answer_tool)


def _authenticated(call: Call, operation: Operation, cloud: Cloud) -> tuple[MessagesRequest, AnswerForm, ApiKey]:
    """The request, its answer's form and its key. A wrong key is refused before a wrong body."""
    try:
        asked, form = _read(call, operation, cloud)
    except ApiError:
        manage_keys.authenticate(call.secret, None, cloud)
        raise
    scope = None if asked.model in catalogue() else asked.model
    key = manage_keys.authenticate(call.secret, scope, cloud)
    if scope is None:
        words = f"model: {asked.model!r} is a base model; name a deployment of a model tuned from it."
        raise ApiError("not_found_error", "base_model_named", words)
    if asked.max_tokens > key.max_tokens:
        words = f"max_tokens: this API key may ask for at most {key.max_tokens:,} in one call."
        raise ApiError("invalid_request_error", "key_max_tokens", words)
    return asked, form, key


def visible(name: str, cloud: Cloud) -> Deployment:
    """The deployment of that name, whatever its state. Raises ApiError if callers are to see none."""
    deployment = deployment_rows.load(cloud.state, name)
    if deployment is None or deployment.hidden:
        raise ApiError("not_found_error", "unknown_deployment", f"model: there is no deployment {name!r}.")
    return deployment


def _ready(name: str, cloud: Cloud) -> _Target:
    deployment = visible(name, cloud)
    if deployment.state in {"Ready", "Updating"} and deployment.arn is not None:
        return _Target(deployment.arn, find(deployment.base_model))
    raise _not_ready(deployment)


def _not_ready(deployment: Deployment) -> ApiError:
    name, state = deployment.name, deployment.state
    if state in ("Creating", "Updating", "Ready"):
        return ApiError(
            "overloaded_error",
            "deployment_not_ready",
            f"Deployment {name!r} is {state}; call it when it is Ready.",
            again=True,
            retry_after=WAIT_SECONDS,
        )
    why = f": {deployment.failure}" if deployment.failure else ""
    return ApiError("not_found_error", f"deployment_{state.lower()}", f"Deployment {name!r} is {state}{why}.")


@dataclass(frozen=True, slots=True)
class _Target:
    """The ARN to invoke, and the base model behind it, which says how and with what."""

    arn: str
    base_model: BaseModel


@dataclass(frozen=True, slots=True)
class _Source:
    """An open stream from Bedrock, and its events translated to the contract."""

    stream: ModelStream
    events: Iterator[Event]


def _ask(asked: MessagesRequest, target: _Target, runtime: BedrockRuntimeClient, request_id: str) -> _Source:
    if target.base_model.runtime == "invoke_model":
        stream = model_streams.invoke(runtime, target.arn, claude_mapping.body(asked))
        return _Source(stream, claude_mapping.events(stream.chunks(), model=asked.model))
    stream = model_streams.converse(runtime, target.arn, converse_mapping.arguments(asked, target.base_model.takes))
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
    form: AnswerForm
    request_id: str
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
            raise failure from error
        finally:
            source.stream.close()
            self.tally.end("abandoned")
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
