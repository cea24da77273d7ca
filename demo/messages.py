"""A streamed `POST /v1/messages` over plain HTTP: what any program without an SDK would do."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any


class BrokenOff(Exception):
    """The stream said that something went wrong, or ended without its last event."""


def stream(base_url: str, api_key: str, body: dict[str, Any]) -> Iterator[str]:
    """Pieces of the answer's text as they come. Raises BrokenOff, and urllib's HTTPError for a refusal."""
    headers = {"x-api-key": api_key, "content-type": "application/json", "anthropic-version": "2023-06-01"}
    data = json.dumps({**body, "stream": True}).encode()
    request = urllib.request.Request(f"{base_url}/v1/messages", data, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        for line in answer:
            if not line.startswith(b"data: "):
                continue
            event = json.loads(line.removeprefix(b"data: "))
            if event["type"] == "content_block_delta":
                yield event["delta"]["text"]
            elif event["type"] == "error":
                raise BrokenOff(event["error"]["message"])
            elif event["type"] == "message_stop":
                return
    raise BrokenOff("the stream ended without message_stop")
