"""The runtime operations: the model behind an id, and InvokeModel, Converse and their streams."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bedrock_simulator import foundation_models
from bedrock_simulator.dialects import DIALECTS, Dialect, parse, read_turns
from bedrock_simulator.errors import ServiceError, invalid, not_found
from bedrock_simulator.event_stream import paced
from bedrock_simulator.exchange import Chunk
from bedrock_simulator.foundation_models import FoundationModel
from bedrock_simulator.prompts import DEFAULT_MAX_TOKENS, Answer, Prompt, answer
from bedrock_simulator.world import Call

LATENCY_MILLISECONDS = 120
INVALID_MODEL = "The provided model identifier is invalid."


@dataclass(frozen=True, slots=True)
class Reply:
    """A runtime answer: a whole body or chunks, and its own headers."""

    body: bytes | Iterable[Chunk]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Target:
    """The base model that answers and, if it was tuned, its packed memory."""

    base: FoundationModel
    memory: str | None

    @property
    def dialect(self) -> Dialect:
        return DIALECTS[self.base.publisher]


def _target(call: Call) -> _Target:
    model_id = call["modelId"]
    if ":custom-model/" in model_id:  # docs/facts.md#invoking-a-model: call what serves it instead
        raise invalid(INVALID_MODEL)
    if ":provisioned-model/" in model_id or ":custom-model-deployment/" in model_id:
        target = _served(call, model_id)
    else:
        base = foundation_models.find_for_inference(model_id)
        if base is None:
            raise invalid(INVALID_MODEL)
        target = _Target(base, None)
    lifecycle = call.world.lifecycle(target.base)
    if lifecycle.end_of_life and lifecycle.end_of_life <= call.now:
        raise ServiceError(
            call.world.configuration.end_of_life_code,
            "This model version has reached the end of its life.",
        )
    return target


def _served(call: Call, arn: str) -> _Target:
    world = call.world
    thing = world.throughputs.get(arn) or world.deployments.get(arn)
    if thing is None or not call.owns(thing):
        raise not_found("The provided model identifier could not be found.")
    if thing.status not in {"InService", "Active", "Updating"}:
        raise ServiceError("ModelNotReadyException", "The model is not ready for inference: it is still being created.")
    model = call.world.models.get(thing.model_arn)
    base = foundation_models.find(model.base_model_id if model else thing.model_arn)
    if base is None:
        raise not_found("The provided model identifier could not be found.")
    return _Target(base, model.memory if model else None)


def _usage_headers(answered: Answer) -> dict[str, str]:
    return {
        "x-amzn-bedrock-invocation-latency": str(LATENCY_MILLISECONDS),
        "x-amzn-bedrock-input-token-count": str(answered.input_tokens),
        "x-amzn-bedrock-output-token-count": str(answered.output_tokens),
    }


def invoke(call: Call) -> Reply:
    """InvokeModel: body and answer in the publisher's dialect."""
    target, body = _target(call), parse(call["body"] or b"")
    answered = answer(target.dialect.prompt(body), target.base, target.memory)
    document = target.dialect.answer(answered, target.base.id)
    content = json.dumps(document, ensure_ascii=False).encode()
    return Reply(content, {"content-type": "application/json"} | _usage_headers(answered))


def invoke_stream(call: Call) -> Reply:
    """InvokeModelWithResponseStream: every chunk has one event in base64; the last one adds the metrics."""
    target, body = _target(call), parse(call["body"] or b"")
    answered = answer(target.dialect.prompt(body), target.base, target.memory)
    events = list(target.dialect.events(answered, target.base.id))
    events[-1]["amazon-bedrock-invocationMetrics"] = {
        "inputTokenCount": answered.input_tokens,
        "outputTokenCount": answered.output_tokens,
        "invocationLatency": LATENCY_MILLISECONDS,
        "firstByteLatency": LATENCY_MILLISECONDS // 2,
    }
    wrapped = (("chunk", {"bytes": _base64(event)}) for event in events)
    return _streamed(call, wrapped, {"x-amzn-bedrock-content-type": "application/json"})


def _base64(document: Mapping[str, Any]) -> str:
    return base64.b64encode(json.dumps(document, ensure_ascii=False).encode()).decode()


def _streamed(call: Call, events: Iterable[tuple[str, Mapping[str, Any]]], headers: Mapping[str, str]) -> Reply:
    speed = call.world.configuration.tokens_per_second
    delay = 1 / speed if speed else 0.0
    content_type = {"content-type": "application/vnd.amazon.eventstream"}
    return Reply(paced(events, delay), content_type | dict(headers))


def _conversation(parameters: Mapping[str, Any]) -> Prompt:
    limits = parameters.get("inferenceConfig") or {}
    return Prompt(
        system="\n".join(block.get("text", "") for block in parameters.get("system") or ()),
        turns=read_turns(parameters.get("messages")),
        max_tokens=limits.get("maxTokens", DEFAULT_MAX_TOKENS),
        stop_sequences=tuple(limits.get("stopSequences") or ()),
    )


def _converse_usage(answered: Answer) -> dict[str, Any]:
    usage = {
        "inputTokens": answered.input_tokens,
        "outputTokens": answered.output_tokens,
        "totalTokens": answered.input_tokens + answered.output_tokens,
    }
    return {"usage": usage, "metrics": {"latencyMs": LATENCY_MILLISECONDS}}


def converse(call: Call) -> Reply:
    """Converse: the same shapes for all models."""
    target = _target(call)
    answered = answer(_conversation(call.parameters), target.base, target.memory)
    message = {"role": "assistant", "content": [{"text": answered.text}]}
    document = {"output": {"message": message}, "stopReason": answered.stop_reason}
    content = json.dumps(document | _converse_usage(answered), ensure_ascii=False).encode()
    return Reply(content, {"content-type": "application/json"})


def converse_stream(call: Call) -> Reply:
    """ConverseStream: messageStart, contentBlockDelta, contentBlockStop, messageStop, metadata."""
    target = _target(call)
    answered = answer(_conversation(call.parameters), target.base, target.memory)
    return _streamed(call, _converse_events(answered), {})


def _converse_events(answered: Answer) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "messageStart", {"role": "assistant"}
    for piece in answered.pieces:
        yield "contentBlockDelta", {"delta": {"text": piece}, "contentBlockIndex": 0}
    yield "contentBlockStop", {"contentBlockIndex": 0}
    yield "messageStop", {"stopReason": answered.stop_reason}
    yield "metadata", _converse_usage(answered)


def count_tokens(call: Call) -> Reply:
    """CountTokens: foundation models only (docs/facts.md#invoking-a-model)."""
    base = foundation_models.find_for_inference(call["modelId"])
    if base is None:
        raise invalid("The provided model doesn't support counting tokens.")
    wanted = call["input"]
    if "invokeModel" in wanted:
        prompt = DIALECTS[base.publisher].prompt(parse(wanted["invokeModel"]["body"]))
    else:
        prompt = _conversation(wanted.get("converse", {}))
    content = json.dumps({"inputTokens": prompt.tokens}).encode()
    return Reply(content, {"content-type": "application/json"})
