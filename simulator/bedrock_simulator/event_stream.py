"""AWS's event-stream framing: prelude, headers and payload, with checksums."""

import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bedrock_simulator.exchange import Chunk

_STRING = 7  # the header type of a UTF-8 string
_OVERHEAD = 16  # two lengths and two checksums


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Encode one message."""
    encoded = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack("!II", len(encoded) + len(payload) + _OVERHEAD, len(encoded))
    prelude += struct.pack("!I", zlib.crc32(prelude))
    message = prelude + encoded + payload
    return message + struct.pack("!I", zlib.crc32(message))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack("!B", len(key)) + key + struct.pack("!BH", _STRING, len(text)) + text


def event(event_type: str, document: Mapping[str, Any]) -> bytes:
    """Encode one event whose payload is JSON."""
    headers = {
        ":event-type": event_type,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return frame(headers, json.dumps(document, ensure_ascii=False).encode())


def paced(events: Iterable[tuple[str, Mapping[str, Any]]], delay_seconds: float) -> Iterator[Chunk]:
    """Yield events as chunks; the host waits before each but the first."""
    for index, (event_type, document) in enumerate(events):
        yield Chunk(delay_seconds if index else 0.0, event(event_type, document))
