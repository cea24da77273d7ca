"""A signed client of ControlApi: SigV4 for `execute-api`, JSON in and out."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials

from tunedrop_cli import paths
from tunedrop_cli.errors import Refused

ANSWERS_WITHIN = 40.0
"""Seconds; API Gateway itself gives up after 29."""
PAUSES = (1.0, 5.0)
"""Seconds before each retry."""
HELD = (15.0,) * 5
"""Further pauses while ControlApi says that the first request is in progress: it says so for a minute at most."""
_NOBODY = frozenset({(403, "Forbidden"), (404, "Not Found")})
"""What API Gateway says of an API that is not there; each error of ControlApi has a code."""
_PASSING = frozenset({429, 502, 503, 504, "no_answer", "request_in_progress"})
"""Statuses and codes of refusals that are worth a retry."""


@dataclass(frozen=True, slots=True)
class ControlApi:
    """Sends signed requests, and retries those that may be repeated if their answer is late or lost.

    All methods return parsed JSON and raise Refused: `unreachable` if nobody listens, `no_answer` if no answer came.
    """

    url: str
    region: str
    credentials: Credentials | ReadOnlyCredentials
    timeout: float = ANSWERS_WITHIN
    """Seconds to wait for the next byte."""
    pauses: tuple[float, ...] = PAUSES
    held: tuple[float, ...] = HELD

    def get(self, path: str, **query: str | int) -> Any:
        """Send a GET request."""
        return self._send("GET", _with(path, query))

    def post(self, path: str, body: Mapping[str, Any], *, idempotency_key: str | None = None, **query: str) -> Any:
        """Send a POST request; it is retried only with an Idempotency-Key."""
        return self._send(
            "POST", _with(path, query), body, {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        )

    def put(self, path: str, body: Mapping[str, Any], *, idempotency_key: str | None = None, **query: str) -> Any:
        """Send a PUT request; where it spends, it needs an Idempotency-Key."""
        return self._send(
            "PUT", _with(path, query), body, {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        )

    def delete(self, path: str, **query: str) -> Any:
        """Send a DELETE request."""
        return self._send("DELETE", _with(path, query))

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """Send, with retries. Each attempt is signed anew, because signatures expire."""
        pauses = deque(self.pauses if method != "POST" or headers else ())
        held = deque(self.held if headers else ())
        while True:
            try:
                return self._ask(method, path, body, headers or {})
            except Refused as refused:
                left = held if refused.code == "request_in_progress" and not pauses else pauses
                if not left or not (refused.status in _PASSING or refused.code in _PASSING):
                    raise
            time.sleep(left.popleft())

    def _credentials(self) -> ReadOnlyCredentials:
        """The credentials as they are now: temporary ones are renewed while a job is watched."""
        if isinstance(self.credentials, Credentials):
            return self.credentials.get_frozen_credentials()
        return self.credentials

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = AWSRequest(method, self.url + path, data=data, headers={"Content-Type": "application/json"})
        for name, value in headers.items():
            request.headers[name] = value
        SigV4Auth(self._credentials(), "execute-api", self.region).add_auth(request)
        prepared = urllib.request.Request(self.url + path, data, dict(request.headers.items()), method=method)  # noqa: S310
        try:
            return _answer(prepared, self.timeout)
        except (OSError, HTTPException) as error:
            raise Refused(0, _silence(prepared, error)) from error


def _with(path: str, query: Mapping[str, str | int]) -> str:
    if not paths.QUOTED.fullmatch(path):
        raise ValueError(f"{path!r} is not quoted: `paths.place` does that")
    return path + (f"?{urlencode(query)}" if query else "")


def _answer(request: urllib.request.Request, timeout: float) -> Any:
    """Send and parse the answer. Raises Refused, OSError, and HTTPException if the connection breaks."""
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            raise Refused(error.code, _error(request, error)) from None
    except ValueError:
        words = f"{request.full_url} answered, but not as ControlApi does; is that its URL?"
        raise Refused(0, {"code": "not_control_api", "message": words}) from None


def _silence(request: urllib.request.Request, error: OSError | HTTPException) -> Mapping[str, str]:
    """The error for an answer that did not come. Unlike others, a request that reached nobody had no effect."""
    asked = f"{request.get_method()} {request.full_url}"
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if reason is not error and not isinstance(reason, (TimeoutError, ConnectionResetError, BrokenPipeError)):
        return {"code": "unreachable", "message": f"{asked} reached nobody: {reason}"}
    doubt = "; it may have been carried out anyway, so check first" if request.get_method() in {"POST", "PUT"} else ""
    return {"code": "no_answer", "message": f"{asked} got no complete answer ({reason}). Try again in a while{doubt}."}


def _error(request: urllib.request.Request, answered: urllib.error.HTTPError) -> Mapping[str, Any]:
    body = answered.read()
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        found = {"message": body[:200].decode(errors="replace")}
    error = found.get("error")
    if isinstance(error, dict):
        return error
    if (answered.code, found.get("message")) in _NOBODY:
        return {"code": "no_control_api", "message": _deleted(request)}
    return found


def _deleted(request: urllib.request.Request) -> str:
    return (
        f"there is no ControlApi at {request.type}://{request.host} any more. If its stack was deleted, tunedrop "
        "cleanup --stack-name NAME shows what it has left; else --url and TUNEDROP_CONTROL_API_URL say where it is."
    )
