"""Where a split file's bytes come from: S3, a disk, memory. Readers ask for no more than this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


class Source(Protocol):
    """One file. Text is streamed; only Parquet, whose index stands at its end, is read by place."""

    @property
    def size(self) -> int:
        """Bytes, as stored."""

    def chunks(self) -> Iterator[bytes]:
        """All bytes from the beginning, in chunks of any size; may be called once."""

    def read(self, start: int, length: int) -> bytes:
        """At most `length` bytes from `start` on."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """A file held in memory."""

    content: bytes

    @property
    def size(self) -> int:
        """Of the content."""
        return len(self.content)

    def chunks(self) -> Iterator[bytes]:
        """The content as one chunk."""
        yield self.content

    def read(self, start: int, length: int) -> bytes:
        """A slice."""
        return self.content[start : start + length]
