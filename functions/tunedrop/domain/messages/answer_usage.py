"""An answer's token counts, times and outcome; never its text. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.messages.message_events import Event


@dataclass(slots=True)
class Tally:
    """Counts tokens and times while the answer's events pass through `watch`."""

    seconds: Callable[[], float]
    """A monotonic clock."""
    input_tokens: int = 0
    output_tokens: int = 0
    stop_reason: str | None = None
    first_event_ms: int | None = None
    """From the start of the call to the answer's first event."""
    total_ms: int = 0
    outcome: str = "abandoned"
    """`complete`, the code of the error that ended it, or `abandoned` if the caller stopped reading."""
    _begun: float = 0

    def __post_init__(self) -> None:
        self._begun = self.seconds()

    def watch(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield the same events, counting them."""
        for event in events:
            self._count(event)
            yield event

    def end(self, outcome: str) -> None:
        """Record how the answer ended; the first recorded outcome stays."""
        if self.outcome == "abandoned":
            self.outcome = outcome
        self.total_ms = self._elapsed_ms()

    def _count(self, event: Event) -> None:
        if self.first_event_ms is None:
            self.first_event_ms = self._elapsed_ms()
        match event:
            case {"type": "message_start", "message": {"usage": dict(usage)}}:
                self._usage(usage)
            case {"type": "message_delta", "delta": {"stop_reason": str(reason)}, "usage": dict(usage)}:
                self.stop_reason = reason
                self._usage(usage)
            case {"type": "message_stop"}:
                self.outcome = "complete"

    def _usage(self, usage: dict[str, Any]) -> None:
        if isinstance(read := usage.get("input_tokens"), int):
            self.input_tokens = read
        if isinstance(written := usage.get("output_tokens"), int):
            self.output_tokens = written

    def _elapsed_ms(self) -> int:
        return round((self.seconds() - self._begun) * 1000)
