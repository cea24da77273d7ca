"""Anthropic's own SDK as the judge of what this API sends: no socket, its real decoder and its real types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anthropic
import httpx2

ASK: dict[str, Any] = {"model": "support-bot", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}


def client(answer: Callable[[httpx2.Request], httpx2.Response], **options: Any) -> anthropic.Anthropic:
    """An SDK client whose every request is answered by a function; it never retries unless told."""
    transport = httpx2.MockTransport(answer)
    options = {"api_key": "td_test", "max_retries": 0, **options}
    return anthropic.Anthropic(base_url="http://api.test", http_client=httpx2.Client(transport=transport), **options)


def read_stream(body: bytes) -> anthropic.types.Message:
    """The message that the SDK makes of a stream. Raises its own errors."""
    headers = {"content-type": "text/event-stream; charset=utf-8"}
    with client(lambda _: httpx2.Response(200, headers=headers, content=body)) as api, api.messages.stream(**ASK) as it:
        return it.get_final_message()


def read_message(body: bytes) -> anthropic.types.Message:
    """The message that the SDK makes of a JSON answer."""
    headers = {"content-type": "application/json"}
    with client(lambda _: httpx2.Response(200, headers=headers, content=body)) as api:
        message: anthropic.types.Message = api.messages.create(**ASK)
    return message
