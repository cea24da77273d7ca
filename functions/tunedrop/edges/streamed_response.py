"""What a handler returns to stream its HTTP answer, and the same answer in one piece."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

DELIMITER = b"\0" * 8  # docs/facts.md#response-streaming: JSON prelude, eight NUL bytes, body


@dataclass(frozen=True, slots=True)
class StreamedResponse:
    """An HTTP answer whose body is produced while it is sent; `streaming_runtime` sends it."""

    body: Iterable[bytes]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def prelude(self) -> bytes:
        """Status and headers, as API Gateway wants them before the body."""
        return json.dumps({"statusCode": self.status, "headers": dict(self.headers)}).encode() + DELIMITER

    def buffered(self) -> dict[str, Any]:
        """A Lambda proxy answer, for a route that does not stream."""
        try:
            body = b"".join(self.body).decode()
        finally:
            self.close()
        return {"statusCode": self.status, "headers": dict(self.headers), "body": body, "isBase64Encoded": False}

    def close(self) -> None:
        """Tell the body's producer that nobody reads on."""
        if close := getattr(self.body, "close", None):
            close()
