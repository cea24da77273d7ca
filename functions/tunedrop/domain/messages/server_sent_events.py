"""An answer as server-sent events: how one is framed, and what an error is once the first byte has gone out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.message_events import Event, to_json


def frames(events: Iterable[Event], request_id: str) -> Iterator[bytes]:
    """Server-sent events, one piece of bytes each. An error after the first byte can only be an event."""
    try:
        for event in events:
            yield _frame(str(event["type"]), event)
    except ApiError as error:
        yield _frame("error", error.body(request_id))


def _frame(name: str, data: Event) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), to_json(data))
