"""Unpack gzip as a stream, in constant memory and within a budget, and reject damaged files."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from tunedrop.domain.records.defects import Defect, UnreadableContent

SIGNATURE = b"\x1f\x8b"

MAX_RATIO = 100
"""Natural text shrinks to a fifth or a tenth; zeros, the densest zip bomb, to a thousandth."""
FREE_BYTES = 64 * 2**20
"""Allowed at any ratio: a small file of similar records shrinks far more than a large one and does no harm."""
MAX_BYTES = 512 * 2**20
"""More than any base model's records of natural text need, and unpacked in seconds."""

_FEED = 16 * 2**10  # small, because the rest is copied after each gzip member, and a member may have only 20 bytes
_PIECE = 2**18
_WITH_HEADER = 16 + zlib.MAX_WBITS


def budget(stored: int) -> int:
    """Bytes that a file of `stored` bytes may unpack to."""
    return min(MAX_BYTES, max(FREE_BYTES, MAX_RATIO * stored))


def inflate(chunks: Iterable[bytes], allowed: int) -> Iterator[bytes]:
    """Yield the content of all members in order. Zeros may pad the end. Raises UnreadableContent.

    Damage is raised only after everything that could be unpacked; nothing beyond `allowed` bytes is unpacked.
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
    """The stream's position among the file's gzip members."""

    def __init__(self) -> None:
        self._open = zlib.decompressobj(_WITH_HEADER)
        self._begun = False
        """Whether the current member has received any bytes."""
        self._ended = 0
        self._padded = False

    def feed(self, stored: bytes) -> Iterator[bytes]:
        """Yield what these bytes unpack to, in pieces of at most 256 KiB."""
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
        """Call at the end of the file. Raises UnreadableContent if a member is incomplete."""
        if self._begun or not self._ended:
            raise _refused("The file ends in the middle of the compressed data.")


def _refused(message: str) -> UnreadableContent:
    return UnreadableContent(Defect("broken_gzip", message))
