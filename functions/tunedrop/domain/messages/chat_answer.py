"""An answer as OpenAI's clients read it: one chat completion, or its chunks. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tunedrop.domain.messages import whole_message
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.message_events import Event, to_json

FINISH: Mapping[str, str] = MappingProxyType(
    {
        "end_turn": "stop",
        "stop_sequence": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "tool_use": "tool_calls",
        "refusal": "content_filter",
    }
)


@dataclass(frozen=True, slots=True)
class ChatForm:
    """How one answer is told. `created`: seconds since 1970; `answer_tool`: whose arguments are the answer's text."""

    model: str
    created: int
    include_usage: bool = False
    answer_tool: str | None = None

    def whole(self, events: Iterable[Event]) -> dict[str, Any]:
        """One completion, folded from the events. Raises ApiError."""
        message = whole_message.folded(events)
        text = [block["text"] for block in message["content"] if block["type"] == "text"]
        calls = [block for block in message["content"] if block["type"] == "tool_use"]
        if self.answer_tool:
            text, calls = [json.dumps(each["input"], ensure_ascii=False) for each in calls] or text, []
        said: dict[str, Any] = {"role": "assistant", "content": "".join(text) or None, "refusal": None}
        if calls:
            said["tool_calls"] = [_call(each) for each in calls]
        choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": self._finish(message["stop_reason"])}
        head = self._head(message["id"], "chat.completion")
        return head | {"choices": [choice], "usage": _usage(message["usage"])}

    def frames(self, events: Iterable[Event], request_id: str) -> Iterator[bytes]:
        """Chunks as server-sent events, and the end mark. An ApiError becomes the last event, without the mark."""
        try:
            for chunk in self._chunks(events):
                yield b"data: %b\n\n" % to_json(chunk)
        except ApiError as error:
            yield b"data: %b\n\n" % to_json(error.openai_body())
        else:
            yield b"data: [DONE]\n\n"

    def _chunks(self, events: Iterable[Event]) -> Iterator[dict[str, Any]]:
        head: dict[str, Any] = {}
        usage: dict[str, Any] = {}
        calls = 0
        for event in events:
            if event["type"] == "message_start":
                head = self._head(event["message"]["id"], "chat.completion.chunk")
                usage |= event["message"]["usage"]
                yield head | _choice({"role": "assistant", "content": ""})
            elif event["type"] == "message_delta":
                usage |= {name: value for name, value in event["usage"].items() if value is not None}
                yield head | _choice({}, self._finish(event["delta"]["stop_reason"]))
            else:
                calls += event["type"] == "content_block_start" and event["content_block"]["type"] == "tool_use"
                if delta := self._delta(event, calls - 1):
                    yield head | _choice(delta)
        if self.include_usage:
            yield head | {"choices": [], "usage": _usage(usage)}

    def _delta(self, event: Event, call: int) -> dict[str, Any] | None:
        match event:
            case {"delta": {"text": str(text)}}:
                return {"content": text}
            case {"delta": {"partial_json": str(piece)}}:
                if self.answer_tool:
                    return {"content": piece}
                return {"tool_calls": [{"index": call, "function": {"arguments": piece}}]}
            case {"content_block": {"type": "tool_use", "id": call_id, "name": name}} if not self.answer_tool:
                function = {"name": name, "arguments": ""}
                return {"tool_calls": [{"index": call, "id": call_id, "type": "function", "function": function}]}
        return None

    def _finish(self, reason: str) -> str:
        return "stop" if self.answer_tool and reason == "tool_use" else FINISH.get(reason, "stop")

    def _head(self, message_id: str, kind: str) -> dict[str, Any]:
        return {"id": f"chatcmpl-{message_id}", "object": kind, "created": self.created, "model": self.model}


def _choice(delta: Mapping[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}


def _call(block: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": block["name"], "arguments": json.dumps(block["input"], ensure_ascii=False)}
    return {"id": block["id"], "type": "function", "function": function}


def _usage(usage: Mapping[str, Any]) -> dict[str, int]:
    read, written = int(usage.get("input_tokens", 0)), int(usage.get("output_tokens", 0))
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
