"""Where a split file's bytes come from: S3, a disk or memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


class Source(Protocol):
    """One file. Text is streamed; Parquet, whose index is at its end, is read by position."""

    @property
    def size(self) -> int:
        """Size in bytes, as stored."""

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes from the beginning, in chunks of any size. May be called only once."""

    def read(self, start: int, length: int) -> bytes:
        """Return at most `length` bytes from offset `start`."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """A file held in memory."""

    content: bytes

    @property
    def size(self) -> int:
        """Size in bytes."""
        return len(self.content)

    def chunks(self) -> Iterator[bytes]:
        """Yield the content as one chunk."""
        yield self.content

    def read(self, start: int, length: int) -> bytes:
        """Return at most `length` bytes from offset `start`."""
        return self.content[start : start + length]
