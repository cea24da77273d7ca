"""Deployments of other models: the request in Converse's format, and ConverseStream's events as Messages events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tunedrop.domain.base_models.catalogue import Answerable
from tunedrop.domain.messages import converse_blocks
from tunedrop.domain.messages.api_errors import ApiError, broken, invalid
from tunedrop.domain.messages.message_events import Event
from tunedrop.domain.messages.messages_request import MessageBlock, MessagesRequest

# Converse's stop reasons (docs/facts.md#converse). Its two for malformed output are missing here: they become errors.
STOP_REASONS: Mapping[str, str] = {
    "end_turn": "end_turn",
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_use",
    "guardrail_intervened": "refusal",
    "content_filtered": "refusal",
    "model_context_window_exceeded": "model_context_window_exceeded",
}
_STOP_SEQUENCES = 2_500  # docs/facts.md#converse


def arguments(request: MessagesRequest, takes: frozenset[Answerable] = frozenset()) -> dict[str, Any]:
    """The keyword arguments for ConverseStream, without `modelId`. `takes`: what the base model does besides text.

    Raises ApiError for fields that Converse has no place for: nothing a caller asked for is dropped silently.
    """
    _refuse_unmapped(request)
    inference = {
        "maxTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": list(request.stop_sequences) or None,
    }
    answer: dict[str, Any] = {
        "messages": _messages(request, takes),
        "inferenceConfig": {name: value for name, value in inference.items() if value is not None},
    }
    if request.system is not None:
        answer["system"] = _system(request.system)
    if (tools := converse_blocks.tool_config(request, takes)) is not None:
        answer["toolConfig"] = tools
    return answer


def _messages(request: MessagesRequest, takes: frozenset[Answerable]) -> list[dict[str, Any]]:
    """The turns, those of the same role that follow each other as one."""
    messages: list[dict[str, Any]] = []
    for number, turn in enumerate(request.turns):
        place = f"messages.{number}.content"
        content = [converse_blocks.block(each, f"{place}.{n}", takes) for n, each in enumerate(turn.blocks)]
        if messages and messages[-1]["role"] == turn.role:
            messages[-1]["content"] += content
        else:
            messages.append({"role": turn.role, "content": content})
    return messages


def _system(given: str | tuple[MessageBlock, ...]) -> list[dict[str, Any]]:
    if isinstance(given, str):
        return [{"text": given}]
    return [converse_blocks.block(each, f"system.{number}", frozenset()) for number, each in enumerate(given)]


def _refuse_unmapped(request: MessagesRequest) -> None:
    if request.top_k is not None:
        raise invalid("top_k", f"the base model of deployment {request.model!r} does not take it; leave it out")
    if len(request.stop_sequences) > _STOP_SEQUENCES:
        raise invalid("stop_sequences", f"at most {_STOP_SEQUENCES} for this deployment")


def events(stream: Iterable[Mapping[str, Any]], *, asked: MessagesRequest, message_id: str) -> Iterator[Event]:
    """Translate ConverseStream's events into those of one message by `asked.model`. Raises ApiError."""
    answer = _Translation(asked, message_id)
    for event in stream:
        yield from answer.take(event)


@dataclass(slots=True)
class _Translation:
    """State between events: Converse announces no text blocks, and sends usage last (docs/facts.md#converse)."""

    asked: MessagesRequest
    message_id: str
    open: dict[int, int] = field(default_factory=dict)
    """Maps Converse's index of the open block to ours, which does not count reasoning blocks."""
    blocks: int = 0
    stop_reason: str | None = None

    def take(self, event: Mapping[str, Any]) -> Iterator[Event]:
        match event:
            case {"messageStart": _}:
                yield self._start()
            case {"contentBlockStart": {"contentBlockIndex": int(index), "start": {"toolUse": dict(call)}}}:
                yield from self._call(index, call)
            case {"contentBlockDelta": {"contentBlockIndex": int(index), "delta": dict(delta)}}:
                yield from self._delta(index, delta)
            case {"contentBlockStop": {"contentBlockIndex": int(index)}} if index in self.open:
                yield from self._close()
            case {"messageStop": {"stopReason": str(reason)}}:
                yield from self._close()
                self.stop_reason = _stop_reason(reason)
            case {"metadata": {"usage": {"inputTokens": int(read), "outputTokens": int(written)}}}:
                yield from self._end(read, written)
            case {"contentBlockStart": _} | {"contentBlockStop": _}:
                pass  # of reasoning, which is not part of the message's text
            case _:
                raise broken("Bedrock sent an event that ConverseStream does not know")

    def _start(self) -> Event:
        return {
            "type": "message_start",
            "message": {
                "id": self.message_id,
                "type": "message",
                "role": "assistant",
                "model": self.asked.model,
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": 0, "output_tokens": 0},
            },
        }

    def _delta(self, index: int, delta: Mapping[str, Any]) -> Iterator[Event]:
        match delta:
            case {"text": str(text)}:
                yield from self._text(index, text)
            case {"toolUse": {"input": str(piece)}}:
                yield self._arguments(index, piece)

    def _text(self, index: int, text: str) -> Iterator[Event]:
        if index not in self.open:
            yield from self._begin(index, {"type": "text", "text": ""})
        delta = {"type": "text_delta", "text": text}
        yield {"type": "content_block_delta", "index": self.open[index], "delta": delta}

    def _call(self, index: int, call: Mapping[str, Any]) -> Iterator[Event]:
        match call:
            case {"toolUseId": str(call_id), "name": str(name)}:
                yield from self._begin(index, {"type": "tool_use", "id": call_id, "name": name, "input": {}})
            case _:
                raise broken("a call has no id or no name")

    def _arguments(self, index: int, piece: str) -> Event:
        if index not in self.open:
            raise broken("a call's arguments came before it began")
        delta = {"type": "input_json_delta", "partial_json": piece}
        return {"type": "content_block_delta", "index": self.open[index], "delta": delta}

    def _begin(self, index: int, block: Event) -> Iterator[Event]:
        yield from self._close()
        self.open[index] = self.blocks
        self.blocks += 1
        yield {"type": "content_block_start", "index": self.open[index], "content_block": block}

    def _close(self) -> Iterator[Event]:
        for index in self.open.values():
            yield {"type": "content_block_stop", "index": index}
        self.open.clear()

    def _end(self, read: int, written: int) -> Iterator[Event]:
        if self.stop_reason is None:
            raise broken("its usage came before its end")
        delta = {"stop_reason": self.stop_reason, "stop_sequence": self._stop_sequence()}
        usage = {"input_tokens": read, "output_tokens": written}
        yield {"type": "message_delta", "delta": delta, "usage": usage}
        yield {"type": "message_stop"}

    def _stop_sequence(self) -> str | None:
        """The stop sequence, if the request had exactly one: Converse does not say which one ended the answer."""
        one = len(self.asked.stop_sequences) == 1 and self.stop_reason == "stop_sequence"
        return self.asked.stop_sequences[0] if one else None


def _stop_reason(reason: str) -> str:
    known = STOP_REASONS.get(reason)
    if known is None:
        raise ApiError("api_error", "model_error", f"The model ended its answer for an unknown reason: {reason}.")
    return known
