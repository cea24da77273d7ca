"""gzip unpacked as a stream: in flat memory, within a budget, and believed only when it is whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from tunedrop.domain.records.defects import Defect, UnreadableContent

SIGNATURE = b"\x1f\x8b"

MAX_RATIO = 100
"""JSON Lines and tables of natural text shrink to a fifth or a tenth; zeros, the densest bomb, to a thousandth."""
FREE_BYTES = 64 * 2**20
"""Whatever the ratio: a small file of nearly equal records shrinks more than any large one, and costs nothing."""
MAX_BYTES = 512 * 2**20
"""More than any base model's records of natural text need, and unpacked in seconds. Larger files come uncompressed."""

_FEED = 16 * 2**10  # small: what follows a member is copied once a member, and a member may have 20 bytes
_PIECE = 2**18
_WITH_HEADER = 16 + zlib.MAX_WBITS


def budget(stored: int) -> int:
    """Bytes that a file of this size may unpack to."""
    return min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * stored))


def inflate(chunks: Iterable[bytes], allowed: int) -> Iterator[bytes]:
    """The content of all members, one after the other; zeros may pad the end. Raises UnreadableContent.

    Broken content is told after all that could be unpacked; what is over the budget is never unpacked.
    """
    unpacked = 0
    for piece in _pieces(chunks):
        unpacked += len(piece)
        if unpacked > allowed:
            size = f"{allowed / 2**20:,.0f} MiB"
            raise UnreadableContent(
                Defect("gzip_too_large", f"Unpacked it has more than {size}; the rest was not read.")
            )
        yield piece


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    members = _Members()
    for chunk in chunks:
        for start in range(0, len(chunk), _FEED):
            yield from members.feed(chunk[start : start + _FEED])
    members.finish()


class _Members:
    """Where in the file's members the stream stands."""

    def __init__(self) -> None:
        self._open = zlib.decompressobj(_WITH_HEADER)
        self._begun = False
        """Whether the open member got any bytes."""
        self._ended = 0
        self._padded = False

    def feed(self, stored: bytes) -> Iterator[bytes]:
        """What these bytes unpack to, in bounded pieces."""
        while stored := self._without_padding(stored):
            self._begun = True
            try:
                piece = self._open.decompress(stored, _PIECE)
            except zlib.error:
                raise self._broken() from None
            if piece:
                yield piece
            stored = self._open.unconsumed_tail
            if self._open.eof:
                stored = self._open.unused_data
                self._next()

    def _without_padding(self, stored: bytes) -> bytes:
        if self._begun or not self._ended:
            return stored
        rest = stored.lstrip(b"\0")
        self._padded = self._padded or len(rest) < len(stored)
        if rest and (self._padded or rest[0] != SIGNATURE[0]):
            raise self._broken()
        return rest

    def _next(self) -> None:
        self._open = zlib.decompressobj(_WITH_HEADER)
        self._ended += 1
        self._begun = False

    def _broken(self) -> UnreadableContent:
        if self._ended:
            return _refused("Something that is not gzip follows the compressed data.")
        return _refused("The compressed data is damaged: it cannot be unpacked, or its checksum is another.")

    def finish(self) -> None:
        """The stored bytes are at their end. Raises UnreadableContent where the content is not."""
        if self._begun or not self._ended:
            raise _refused("The file ends in the middle of the compressed data.")


def _refused(message: str) -> UnreadableContent:
    return UnreadableContent(Defect("broken_gzip", message))
