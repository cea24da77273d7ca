"""The events of one answer: their required order, their deadline, and their JSON.

An event is a mapping in the wire format: message_start, content_block_start | _delta | _stop, message_delta,
message_stop. Each stage turns one iterator into another and raises ApiError. Two modules render the result:
`server_sent_events` for a caller that streams, `whole_message` for one that does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.messages.api_errors import broken, deadline

Event = Mapping[str, Any]

RESERVE_MS = 1_000
"""Time kept in reserve to send the error event before Lambda ends the function."""


def until_deadline(events: Iterable[Event], remaining_ms: Callable[[], int]) -> Iterator[Event]:
    """Yield the events while there is time to wait for another. Raises ApiError `deadline`."""
    for event in events:
        yield event  # before the check: what was received, and billed, is always passed on
        if remaining_ms() < RESERVE_MS:
            raise deadline()


def checked(events: Iterable[Event]) -> Iterator[Event]:
    """Yield the events of one complete message, and ignore whatever follows its end.

    Raises ApiError `stream_broken` if the order is wrong or the end is missing.
    """
    order = _Order()
    for event in events:
        order.take(event)
        yield event
        if order.ended:
            return
    raise broken("it ended early")


def to_json(value: Mapping[str, Any]) -> bytes:
    """Compact JSON in UTF-8. Half a surrogate pair, which a model may split over two deltas, stays escaped."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def from_json(text: bytes | str) -> Any:
    """Parse JSON strictly. Raises ValueError, also for NaN, infinities and excessive nesting."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


@dataclass(slots=True)
class _Order:
    """Checks the order of events: how far the message has come."""

    started: bool = False
    open: int | None = None
    blocks: int = 0
    stopped: bool = False
    ended: bool = False

    def take(self, event: Event) -> None:
        kind = event.get("type")
        if kind == "message_start":
            self._start(event)
        elif not self.started:
            raise broken(f"{kind!r} came before message_start")
        else:
            self._within(event)

    def _start(self, event: Event) -> None:
        match event:
            case {"message": {"content": list(), "usage": dict()}} if not self.started:
                self.started = True
            case _:
                raise broken("message_start is malformed")

    def _within(self, event: Event) -> None:
        match event:
            case {"type": "content_block_start", "index": int(index), "content_block": {"type": str()}} if (
                self.open is None and index == self.blocks
            ):
                self.open, self.blocks = index, self.blocks + 1
            case {"type": "content_block_delta", "index": int(index), "delta": dict()} if index == self.open:
                pass
            case {"type": "content_block_stop", "index": int(index)} if index == self.open:
                self.open = None
            case {"type": "message_delta", "delta": {"stop_reason": _}, "usage": dict()} if self.open is None:
                self.stopped = True
            case {"type": "message_stop"} if self.stopped:
                self.ended = True
            case {"type": str(kind)} if kind not in _GRAMMAR and kind.isidentifier():
                pass  # ping, and event types that Anthropic may add later
            case _:
                raise broken(f"{event.get('type')!r} came out of order")


_GRAMMAR = frozenset(
    {
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "error",
    }
)
