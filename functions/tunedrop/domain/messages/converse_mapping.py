"""Deployments of other models: the request in Converse's format, and ConverseStream's events as Messages events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tunedrop.domain.messages.api_errors import ApiError, broken, invalid
from tunedrop.domain.messages.message_events import Event
from tunedrop.domain.messages.messages_request import MessageBlock, MessagesRequest, alternating

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


def arguments(request: MessagesRequest) -> dict[str, Any]:
    """The keyword arguments for ConverseStream, without `modelId`.

    Raises ApiError for fields that Converse has no place for: nothing a caller asked for is dropped silently.
    """
    _refuse_unmapped(request)
    _refuse_blocks(request)
    inference = {
        "maxTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": list(request.stop_sequences) or None,
    }
    answer: dict[str, Any] = {
        "messages": [
            {"role": turn.role, "content": [{"text": block["text"]} for block in turn.blocks]}
            for turn in alternating(request.turns)
        ],
        "inferenceConfig": {name: value for name, value in inference.items() if value is not None},
    }
    if request.system is not None:
        texts = [request.system] if isinstance(request.system, str) else [block["text"] for block in request.system]
        answer["system"] = [{"text": text} for text in texts]
    return answer


def _refuse_unmapped(request: MessagesRequest) -> None:
    for name in ("tools", "tool_choice", "top_k"):
        if getattr(request, name) is not None:
            raise invalid(name, f"the base model of deployment {request.model!r} does not take it; leave it out")
    if len(request.stop_sequences) > _STOP_SEQUENCES:
        raise invalid("stop_sequences", f"at most {_STOP_SEQUENCES} for this deployment")


def _refuse_blocks(request: MessagesRequest) -> None:
    if isinstance(request.system, tuple):
        for number, block in enumerate(request.system):
            _refuse_block(block, f"system.{number}")
    for number, turn in enumerate(request.turns):
        for place, block in enumerate(turn.blocks):
            _refuse_block(block, f"messages.{number}.content.{place}")


def _refuse_block(block: MessageBlock, place: str) -> None:
    if block["type"] != "text":
        raise invalid(f"{place}.type", f"this deployment takes text only, not {block['type']}")
    if unknown := sorted(block.keys() - {"type", "text"}):
        raise invalid(f"{place}.{unknown[0]}", "this deployment takes text blocks of type and text only")


def events(stream: Iterable[Mapping[str, Any]], *, asked: MessagesRequest, message_id: str) -> Iterator[Event]:
    """Translate ConverseStream's events into those of one message by `asked.model`. Raises ApiError."""
    answer = _Translation(asked, message_id)
    for event in stream:
        yield from answer.take(event)


@dataclass(slots=True)
class _Translation:
    """State between events: Converse does not announce text blocks, and sends usage last (docs/facts.md#converse)."""

    asked: MessagesRequest
    message_id: str
    open: dict[int, int] = field(default_factory=dict)
    """Maps Converse's index of the open text block to ours, which does not count reasoning blocks."""
    blocks: int = 0
    stop_reason: str | None = None

    def take(self, event: Mapping[str, Any]) -> Iterator[Event]:
        match event:
            case {"messageStart": _}:
                yield self._start()
            case {"contentBlockDelta": {"contentBlockIndex": int(index), "delta": {"text": str(text)}}}:
                yield from self._delta(index, text)
            case {"contentBlockStop": {"contentBlockIndex": int(index)}} if index in self.open:
                yield from self._close()
            case {"messageStop": {"stopReason": str(reason)}}:
                yield from self._close()
                self.stop_reason = _stop_reason(reason)
            case {"metadata": {"usage": {"inputTokens": int(read), "outputTokens": int(written)}}}:
                yield from self._end(read, written)
            case {"contentBlockDelta": _} | {"contentBlockStart": _} | {"contentBlockStop": _}:
                pass  # reasoning, which is not part of the message's text
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

    def _delta(self, index: int, text: str) -> Iterator[Event]:
        if index not in self.open:
            yield from self._close()
            self.open[index] = self.blocks
            self.blocks += 1
            empty = {"type": "text", "text": ""}
            yield {"type": "content_block_start", "index": self.open[index], "content_block": empty}
        delta = {"type": "text_delta", "text": text}
        yield {"type": "content_block_delta", "index": self.open[index], "delta": delta}

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
