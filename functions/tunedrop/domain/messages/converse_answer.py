"""Deployments of other models: Converse's answers, streamed or whole, as the events of one message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tunedrop.domain.messages.api_errors import ApiError, broken
from tunedrop.domain.messages.message_events import Event, to_json
from tunedrop.domain.messages.messages_request import MessagesRequest

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


def events(stream: Iterable[Mapping[str, Any]], *, asked: MessagesRequest, message_id: str) -> Iterator[Event]:
    """Translate ConverseStream's events into those of one message by `asked.model`. Raises ApiError."""
    answer = _Translation(asked, message_id)
    for event in stream:
        yield from answer.take(event)


def as_stream(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Converse's whole answer as the events that ConverseStream would have sent. Raises ApiError if it is malformed."""
    match answer:
        case {"output": {"message": {"content": list(blocks)}}, "stopReason": str(reason), "usage": Mapping() as usage}:
            yield {"messageStart": {"role": "assistant"}}
            for index, block in enumerate(blocks):
                yield from _of_block(block, index)
            yield {"messageStop": {"stopReason": reason}}
            yield {"metadata": {"usage": usage}}
        case _:
            raise broken("Bedrock sent an answer that Converse does not know")


def _of_block(block: Mapping[str, Any], index: int) -> Iterator[Mapping[str, Any]]:
    place = {"contentBlockIndex": index}
    match block:
        case {"toolUse": {"toolUseId": str(use), "name": str(name), "input": given}}:
            yield {"contentBlockStart": {**place, "start": {"toolUse": {"toolUseId": use, "name": name}}}}
            yield {"contentBlockDelta": {**place, "delta": {"toolUse": {"input": to_json(given).decode()}}}}
        case {"text": str(text)} if text:
            yield {"contentBlockDelta": {**place, "delta": {"text": text}}}
        case _:
            return  # reasoning, which is not part of the message's text
    yield {"contentBlockStop": place}


@dataclass(slots=True)
class _Translation:
    """State between events: Converse does not announce text blocks, and sends usage last (docs/facts.md#converse)."""

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
            case {"contentBlockStart": {"contentBlockIndex": int(index), "start": {"toolUse": Mapping() as use}}}:
                yield from self._begin_call(index, use)
            case {"contentBlockDelta": {"contentBlockIndex": int(index), "delta": Mapping() as delta}}:
                yield from self._delta(index, delta)
            case {"contentBlockStop": {"contentBlockIndex": int(index)}}:
                yield from self._close() if index in self.open else ()
            case {"messageStop": {"stopReason": str(reason)}}:
                yield from self._close()
                self.stop_reason = _stop_reason(reason)
            case {"metadata": {"usage": {"inputTokens": int(read), "outputTokens": int(written)}}}:
                yield from self._end(read, written)
            case {"contentBlockStart": _}:
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

    def _begin_call(self, index: int, use: Mapping[str, Any]) -> Iterator[Event]:
        call: Event = {"type": "tool_use", "id": use.get("toolUseId"), "name": use.get("name"), "input": {}}
        yield from self._begin(index, call)

    def _begin(self, index: int, block: Event) -> Iterator[Event]:
        yield from self._close()
        self.open[index] = self.blocks
        self.blocks += 1
        yield {"type": "content_block_start", "index": self.open[index], "content_block": block}

    def _delta(self, index: int, delta: Mapping[str, Any]) -> Iterator[Event]:
        match delta:
            case {"text": str(text)}:
                if index not in self.open:
                    yield from self._begin(index, {"type": "text", "text": ""})
                yield self._piece(index, {"type": "text_delta", "text": text})
            case {"toolUse": {"input": str(piece)}} if index in self.open:
                yield self._piece(index, {"type": "input_json_delta", "partial_json": piece})
            case {"toolUse": _}:
                raise broken("Bedrock sent a tool's input before its name")
            case _:
                pass  # reasoning

    def _piece(self, index: int, delta: Event) -> Event:
        return {"type": "content_block_delta", "index": self.open[index], "delta": delta}

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
