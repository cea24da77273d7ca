"""Calls of the Messages API with plain HTTP, timed."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tunedrop_cli.doctor import sample
from tunedrop_cli.doctor.outcomes import CannotTell

ANSWERS_WITHIN = 300.0
KEY_LASTS = timedelta(hours=2)
_HEADERS = ("Content-Length", "Transfer-Encoding", "Content-Type", "Connection")


@dataclass(frozen=True, slots=True)
class Called:
    """What came back."""

    status: int
    error: str
    """Its type; empty if there is none."""
    seconds: float
    arrivals: list[float] = field(default_factory=list)
    """Seconds after the call at which each piece arrived."""
    headers: Mapping[str, str] = field(default_factory=dict)


def key_for(deployment: str) -> dict[str, Any]:
    """The body that makes a key for this deployment alone, and for a short time."""
    expires = (datetime.now(UTC) + KEY_LASTS).isoformat(timespec="seconds")
    return {"name": "tunedrop doctor", "deployments": [deployment], "expires_at": expires}


def whole(url: str, secret: str, deployment: str, most_tokens: int) -> Called:
    """One call that is answered in one piece. Raises CannotTell if nobody answers."""
    return _call(url, secret, deployment, most_tokens, stream=False)


def streamed(url: str, secret: str, deployment: str, most_tokens: int) -> Called:
    """One call whose answer is streamed. Raises CannotTell if nobody answers."""
    return _call(url, secret, deployment, most_tokens, stream=True)


def _call(url: str, secret: str, deployment: str, most_tokens: int, *, stream: bool) -> Called:
    message = {"role": "user", "content": sample.QUESTION}
    body = {"model": deployment, "max_tokens": most_tokens, "messages": [message], "stream": stream}
    headers = {"Content-Type": "application/json", "x-api-key": secret, "anthropic-version": "2023-06-01"}
    request = urllib.request.Request(url + "/v1/messages", json.dumps(body).encode(), headers, method="POST")  # noqa: S310
    before = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=ANSWERS_WITHIN) as answer:  # noqa: S310
            arrivals = _arrivals(answer, before)
            shown = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
            return Called(answer.status, "", time.monotonic() - before, arrivals, shown)
    except urllib.error.HTTPError as error:
        with error:
            return Called(error.code, _kind(error.read()), time.monotonic() - before)
    except (OSError, http.client.HTTPException) as error:
        raise CannotTell(f"POST /v1/messages got no answer: {error}") from error


def _arrivals(answer: http.client.HTTPResponse, before: float) -> list[float]:
    arrivals = []
    while answer.read1():
        arrivals.append(round(time.monotonic() - before, 3))
    return arrivals


def _kind(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["type"])
    except (ValueError, KeyError, TypeError):
        return "no error of ours"
