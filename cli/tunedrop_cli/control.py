"""A signed client of ControlApi: SigV4 for `execute-api`, JSON in and out."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials


class Refused(Exception):
    """ControlApi answered with an error; `code` is stable, the text is for people."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        super().__init__(
            " ".join(str(part) for part in (status or "", f"{error.get('code')}: {error.get('message')}") if part)
        )
        self.status = status
        self.code = error.get("code")
        self.error = error


@dataclass(frozen=True, slots=True)
class ControlApi:
    """Requests signed for `execute-api`."""

    url: str
    region: str
    credentials: Credentials | ReadOnlyCredentials

    def get(self, path: str, **query: str | int) -> Any:
        """GET; raises Refused."""
        return self._send("GET", path + (f"?{urlencode(query)}" if query else ""))

    def post(self, path: str, body: Mapping[str, Any], *, idempotency_key: str | None = None) -> Any:
        """POST; raises Refused."""
        return self._send("POST", path, body, {"Idempotency-Key": idempotency_key} if idempotency_key else {})

    def delete(self, path: str) -> Any:
        """DELETE; raises Refused."""
        return self._send("DELETE", path)

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = AWSRequest(method, self.url + path, data=data, headers={"Content-Type": "application/json"})
        for name, value in (headers or {}).items():
            request.headers[name] = value
        SigV4Auth(self.credentials, "execute-api", self.region).add_auth(request)
        prepared = urllib.request.Request(self.url + path, data, dict(request.headers.items()), method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(prepared, timeout=30) as answer:  # noqa: S310
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise Refused(error.code, _error(error.read())) from None


def _error(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {"message": body[:200].decode(errors="replace")}
    error = found.get("error")
    return error if isinstance(error, dict) else found
