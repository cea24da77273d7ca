"""What a handler returns to stream its HTTP answer, and the buffered form of the same answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tunedrop.domain.messages import message_events

DELIMITER = b"\0" * 8  # docs/facts.md#response-streaming: JSON prelude, eight NUL bytes, body


def json_response(status: int, content: Mapping[str, Any], headers: Mapping[str, str]) -> StreamedResponse:
    """One JSON object as an answer."""
    return StreamedResponse([message_events.to_json(content)], status, {"content-type": "application/json", **headers})


@dataclass(frozen=True, slots=True)
class StreamedResponse:
    """An HTTP answer whose body is generated while `streaming_runtime` sends it."""

    body: Iterable[bytes]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def prelude(self) -> bytes:
        """Status and headers, in the form that API Gateway expects before the body."""
        return json.dumps({"statusCode": self.status, "headers": dict(self.headers)}).encode() + DELIMITER

    def buffered(self) -> dict[str, Any]:
        """The whole answer as a Lambda proxy response, for a route that does not stream."""
        try:
            body = b"".join(self.body).decode()
        finally:
            self.close()
        return {"statusCode": self.status, "headers": dict(self.headers), "body": body, "isBase64Encoded": False}

    def close(self) -> None:
        """Tell the body's producer that nobody reads any further."""
        if close := getattr(self.body, "close", None):
            close()
