"""One HTTP call to the Messages API, as API Gateway passes it on. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tunedrop.domain.messages.api_errors import ApiError, invalid

MAX_BODY_BYTES = 6_000_000  # Lambda's limit of 6 MB includes the event around the body (docs/facts.md#lambda)


@dataclass(frozen=True, slots=True)
class Call:
    """Method, path below the stage, headers by lower-case name, and the body as received."""

    method: str
    path: str
    headers: Mapping[str, str]
    raw_body: str
    base64_encoded: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def secret(self) -> str | None:
        """The API key from `x-api-key` or the bearer token; SDK versions differ (docs/facts.md#anthropic-sdks)."""
        if key := self.headers.get("x-api-key", "").strip():
            return key
        scheme, _, token = self.headers.get("authorization", "").strip().partition(" ")
        return token.strip() or None if scheme.lower() == "bearer" else None

    def body(self) -> bytes:
        """The decoded body. Raises ApiError if it is too large or not valid base64."""
        body = self._decoded()
        if len(body) > MAX_BODY_BYTES:
            raise ApiError(
                "request_too_large", "request_too_large", f"The body may have at most {MAX_BODY_BYTES:,} bytes."
            )
        return body

    def _decoded(self) -> bytes:
        if not self.base64_encoded:
            return self.raw_body.encode(errors="surrogatepass")  # a lone surrogate then fails as invalid JSON, not here
        try:
            return base64.b64decode(self.raw_body, validate=True)
        except (binascii.Error, ValueError):
            raise invalid("", "the body is not valid base64") from None


def from_event(event: Mapping[str, Any]) -> Call:
    """Parse a Lambda proxy event of a REST API."""
    headers = event.get("headers") or {}
    return Call(
        method=str(event.get("httpMethod", "")).upper(),
        path=str(event.get("path", "")),
        headers={str(name).lower(): str(value) for name, value in headers.items()},
        raw_body=event.get("body") or "",
        base64_encoded=bool(event.get("isBase64Encoded")),
        parameters={str(name): str(value) for name, value in (event.get("queryStringParameters") or {}).items()},
    )
