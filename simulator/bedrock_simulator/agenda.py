"""What is to happen when: the entries are few, so a plain set is enough."""

from collections.abc import Iterable
from datetime import datetime

from bedrock_simulator.entities import Due


class Agenda:
    """The entries still to be carried out."""

    def __init__(self, entries: Iterable[Due] = ()) -> None:
        self._entries = set(entries)

    def entries(self) -> tuple[Due, ...]:
        """All entries, the earliest first."""
        return tuple(sorted(self._entries))

    def add(self, due: Due) -> None:
        """Plan a step."""
        self._entries.add(due)

    def first(self) -> Due | None:
        """The earliest entry."""
        return min(self._entries, default=None)

    def due(self, now: datetime) -> Due | None:
        """The earliest entry whose time has come."""
        first = self.first()
        return first if first and first.at <= now else None

    def take(self, due: Due) -> bool:
        """Remove an entry; False when it was cancelled meanwhile."""
        if due not in self._entries:
            return False
        self._entries.remove(due)
        return True

    def cancel(self, arn: str) -> None:
        """Drop whatever was planned for a thing."""
        self._entries = {entry for entry in self._entries if entry.arn != arn}
