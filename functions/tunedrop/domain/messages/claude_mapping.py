"""Claude deployments: the body for InvokeModel, and its stream, which already consists of Messages events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tunedrop.domain.messages.api_errors import ApiError, broken
from tunedrop.domain.messages.message_events import Event, from_json
from tunedrop.domain.messages.messages_request import MessagesRequest, alternating

ANTHROPIC_VERSION = "bedrock-2023-05-31"  # Bedrock accepts no other (docs/facts.md#claude-on-bedrock)
_OWN = "amazon-bedrock-"
"""The prefix of the members that Bedrock adds to the last event (docs/facts.md#claude-on-bedrock)."""


def body(request: MessagesRequest) -> bytes:
    """The JSON body for InvokeModelWithResponseStream, without the fields that the caller left out."""
    content: dict[str, Any] = {
        "anthropic_version": ANTHROPIC_VERSION,
        "max_tokens": request.max_tokens,
        "messages": [{"role": turn.role, "content": turn.content} for turn in alternating(request.turns)],
        "system": request.system,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_k": request.top_k,
        "stop_sequences": request.stop_sequences or None,
        "tools": request.tools,
        "tool_choice": request.tool_choice,
    }
    return json.dumps({name: value for name, value in content.items() if value is not None}).encode()


def events(chunks: Iterable[bytes], *, model: str) -> Iterator[Event]:
    """Translate the chunks of an InvokeModel stream into events, naming `model` as the caller did. Raises ApiError."""
    for chunk in chunks:
        event = _event(chunk)
        if event["type"] == "error":
            raise _reported(event)
        if event["type"] == "message_start" and isinstance(message := event.get("message"), Mapping):
            yield {**event, "message": {**message, "model": model}}
        else:
            yield {name: value for name, value in event.items() if not name.startswith(_OWN)}


def _event(chunk: bytes) -> Event:
    try:
        event = from_json(chunk)
    except ValueError:
        raise broken("an event is not JSON") from None
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise broken("an event has no type")
    return event


def _reported(event: Event) -> ApiError:
    """The model's `error` event as ApiError. Its message may quote the prompt, so only the caller sees it."""
    match event:
        case {"error": {"type": "overloaded_error"}}:
            return ApiError("overloaded_error", "model_overloaded", "The model is overloaded.", again=True)
        case {"error": {"message": str(message)}}:
            return ApiError("api_error", "model_error", f"The model failed while answering: {message}")
        case _:
            return broken("it reported an error")
