"""An answer as server-sent events: their framing, and errors after the first byte was sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.message_events import Event, to_json


def frames(events: Iterable[Event], request_id: str) -> Iterator[bytes]:
    """Each event as one server-sent event. An ApiError becomes an `error` event: it is too late for a status."""
    try:
        for event in events:
            yield _frame(str(event["type"]), event)
    except ApiError as error:
        yield _frame("error", error.body(request_id))


def _frame(name: str, data: Event) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), to_json(data))
