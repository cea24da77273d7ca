"""The schedule of future steps. It has few entries, so a plain set is enough."""

from collections.abc import Iterable
from datetime import datetime

from bedrock_simulator.entities import Due


class Agenda:
    """The steps still to be carried out."""

    def __init__(self, entries: Iterable[Due] = ()) -> None:
        self._entries = set(entries)

    def entries(self) -> tuple[Due, ...]:
        """All entries, earliest first."""
        return tuple(sorted(self._entries))

    def add(self, due: Due) -> None:
        """Schedule a step."""
        self._entries.add(due)

    def first(self) -> Due | None:
        """The earliest entry; None if there is none."""
        return min(self._entries, default=None)

    def due(self, now: datetime) -> Due | None:
        """The earliest entry, if it is due; else None."""
        first = self.first()
        return first if first and first.at <= now else None

    def take(self, due: Due) -> bool:
        """Remove an entry; False if it was canceled meanwhile."""
        if due not in self._entries:
            return False
        self._entries.remove(due)
        return True

    def cancel(self, arn: str) -> None:
        """Remove all entries of a resource."""
        self._entries = {entry for entry in self._entries if entry.arn != arn}
