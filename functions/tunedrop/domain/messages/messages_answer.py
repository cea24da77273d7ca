"""How an answer is told to its caller: the form, and the Messages API's own. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from tunedrop.domain.messages import server_sent_events, whole_message
from tunedrop.domain.messages.message_events import Event


class AnswerForm(Protocol):
    """A contract's two ways to tell an answer."""

    def whole(self, events: Iterable[Event]) -> dict[str, Any]:
        """One JSON object, folded from the events of a complete message. Raises ApiError."""
        ...

    def frames(self, events: Iterable[Event], request_id: str) -> Iterator[bytes]:
        """Server-sent events; an ApiError becomes the last of them."""
        ...


@dataclass(frozen=True, slots=True)
class MessagesForm:
    """The Messages API's."""

    def whole(self, events: Iterable[Event]) -> dict[str, Any]:
        """A message."""
        return whole_message.folded(events)

    def frames(self, events: Iterable[Event], request_id: str) -> Iterator[bytes]:
        """The events themselves."""
        return server_sent_events.frames(events, request_id)
