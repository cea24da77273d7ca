"""The runtime operations: InvokeModel, Converse and their streams, CountTokens."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bedrock_simulator import foundation_models, tools
from bedrock_simulator.dialects import DIALECTS, parse, read_turns
from bedrock_simulator.errors import invalid
from bedrock_simulator.event_stream import paced
from bedrock_simulator.exchange import Chunk
from bedrock_simulator.prompts import DEFAULT_MAX_TOKENS, Answer, Prompt, Speaker, answer
from bedrock_simulator.speakers import speaker
from bedrock_simulator.world import Call

LATENCY_MILLISECONDS = 120


@dataclass(frozen=True, slots=True)
class Reply:
    """A runtime answer: a whole body or chunks, and its own headers."""

    body: bytes | Iterable[Chunk]
    headers: Mapping[str, str]


def _answer(call: Call, model: Speaker, prompt: Prompt) -> Answer:
    return answer(prompt, model, call.world.configuration.knowledge, call.world.asked)


def _usage_headers(answered: Answer) -> dict[str, str]:
    return {
        "x-amzn-bedrock-invocation-latency": str(LATENCY_MILLISECONDS),
        "x-amzn-bedrock-input-token-count": str(answered.input_tokens),
        "x-amzn-bedrock-output-token-count": str(answered.output_tokens),
    }


def invoke(call: Call) -> Reply:
    """InvokeModel: body and answer in the publisher's dialect."""
    model, body = speaker(call), parse(call["body"] or b"")
    dialect = DIALECTS[model.base.publisher]
    answered = _answer(call, model, dialect.prompt(body))
    document = dialect.answer(answered, model.base.id)
    content = json.dumps(document, ensure_ascii=False).encode()
    return Reply(content, {"content-type": "application/json"} | _usage_headers(answered))


def invoke_stream(call: Call) -> Reply:
    """InvokeModelWithResponseStream: every chunk has one event in base64; the last one adds the metrics."""
    model, body = speaker(call), parse(call["body"] or b"")
    dialect = DIALECTS[model.base.publisher]
    answered = _answer(call, model, dialect.prompt(body))
    events = list(dialect.events(answered, model.base.id))
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
        temperature=limits.get("temperature", 0),
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
    prompt = _conversation(call.parameters)
    answered = _answer(call, speaker(call), prompt)
    blocks, stop_reason = tools.blocks(answered, call["toolConfig"], prompt.question)
    document = {"output": {"message": {"role": "assistant", "content": blocks}}, "stopReason": stop_reason}
    content = json.dumps(document | _converse_usage(answered), ensure_ascii=False).encode()
    return Reply(content, {"content-type": "application/json"})


def converse_stream(call: Call) -> Reply:
    """ConverseStream: messageStart, the blocks' events, messageStop, metadata."""
    prompt = _conversation(call.parameters)
    answered = _answer(call, speaker(call), prompt)
    blocks, stop_reason = tools.blocks(answered, call["toolConfig"], prompt.question)
    return _streamed(call, _converse_events(answered, blocks, stop_reason), {})


def _converse_events(
    answered: Answer, blocks: list[tools.Block], stop_reason: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "messageStart", {"role": "assistant"}
    yield from tools.events(blocks, answered.pieces)
    yield "messageStop", {"stopReason": stop_reason}
    yield "metadata", _converse_usage(answered)


def count_tokens(call: Call) -> Reply:
    """CountTokens: foundation models only (docs/facts.md#invoking-a-model)."""
    invoked = foundation_models.find_for_inference(call["modelId"], call.region)
    if invoked is None:
        raise invalid("The provided model doesn't support counting tokens.")
    wanted = call["input"]
    if "invokeModel" in wanted:
        prompt = DIALECTS[invoked.model.publisher].prompt(parse(wanted["invokeModel"]["body"]))
    else:
        prompt = _conversation(wanted.get("converse", {}))
    content = json.dumps({"inputTokens": prompt.tokens}).encode()
    return Reply(content, {"content-type": "application/json"})
