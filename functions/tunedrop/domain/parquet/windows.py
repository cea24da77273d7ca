"""Fetch a range of a file some megabytes at a time: one request for each page would cost a round trip each."""

from __future__ import annotations

from tunedrop.domain.parquet.footer import damaged
from tunedrop.domain.records.sources import Source


class Window:
    """A range of the file that is read once, from its beginning to its end, `step` bytes ahead."""

    def __init__(self, source: Source, start: int, end: int, step: int) -> None:
        self._source, self._next, self._end, self._step = source, start, end, step
        self._held, self._used = b"", 0

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes without consuming them; fewer at the end of the range."""
        lacking = size - (len(self._held) - self._used)
        if lacking > 0 and self._next < self._end:
            self._held, self._used = self._held[self._used :], 0  # lets go of what was used before more is fetched
            self._held += self._fetch(max(lacking, self._step))
        return self._held[self._used : self._used + size]

    def take(self, size: int) -> bytes | bytearray:
        """Consume exactly the next `size` bytes. Raises ValueError if the range has fewer."""
        ahead = len(self._held) - self._used
        if not 0 <= size <= ahead + self._end - self._next:
            raise ValueError("a page that goes on after its chunk")
        if size > ahead + self._step:
            return self._take_large(size)
        taken = self.peek(size)
        self._used += size
        return taken

    def _take_large(self, size: int) -> bytearray:
        """Fill a buffer step by step: a page that is larger than the window is never held twice."""
        taken = bytearray(size)
        ahead = len(self._held) - self._used
        with memoryview(taken) as room:  # assigning to a slice of the bytearray would copy once more
            room[:ahead] = memoryview(self._held)[self._used :]
            self._held, self._used = b"", 0
            for start in range(ahead, size, self._step):
                end = min(start + self._step, size)
                room[start:end] = self._fetch(end - start)
        return taken

    def _fetch(self, size: int) -> bytes:
        wanted = min(size, self._end - self._next)
        fetched = self._source.read(self._next, wanted)
        if len(fetched) != wanted:
            raise damaged("it ends early")
        self._next += wanted
        return fetched
