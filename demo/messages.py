"""Stream `POST /v1/messages` over plain HTTP, as a program without an SDK would."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError

SILENCE = 120.0
"""Seconds to wait for the next byte."""


class BrokenOff(Exception):
    """The Messages API refused, its stream reported an error, or it ended without its last event."""


def stream(base_url: str, api_key: str, body: dict[str, Any], *, silence: float = SILENCE) -> Iterator[str]:
    """Yield pieces of the answer's text as they arrive. Raises BrokenOff."""
    headers = {"x-api-key": api_key, "content-type": "application/json", "anthropic-version": "2023-06-01"}
    data = json.dumps({**body, "stream": True}).encode()
    request = urllib.request.Request(f"{base_url}/v1/messages", data, headers)
    try:
        yield from _pieces(request, silence)
    except (OSError, HTTPException) as error:
        raise BrokenOff(f"POST {request.full_url} got no complete answer ({error})") from error


def _pieces(request: urllib.request.Request, silence: float) -> Iterator[str]:
    with _opened(request, silence) as answer:
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


def _opened(request: urllib.request.Request, silence: float) -> HTTPResponse:
    try:
        answer: HTTPResponse = urllib.request.urlopen(request, timeout=silence)
    except HTTPError as refusal:
        with refusal:
            raise BrokenOff(f"{refusal.code} {refusal.read().decode(errors='replace')}") from refusal
    return answer
