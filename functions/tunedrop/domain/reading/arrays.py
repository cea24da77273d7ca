"""Cut a streamed JSON array into the bytes of its elements, with their lines, without holding the array."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tunedrop.domain.records import elements
from tunedrop.domain.records.defects import Defect, UnreadableContent
from tunedrop.domain.records.elements import Element

_STRING_BODY = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_MARK = re.compile(rb'["\[\]{},]')
_BLANKS = b" \t\r\n"


def read(chunks: Iterable[bytes], longest: int = elements.MAX_BYTES) -> Iterator[Element]:
    """Yield the elements of a JSON array, unparsed: their reader judges whether each is valid JSON.

    Raises UnreadableContent, with the line, if the array is cut off or followed by something.
    """
    return _Elements(longest).read(_Cutter().cut(chunks))


class _Cutter:
    """Cuts bytes at the array's own marks, which are its brackets and the commas between its elements."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False
        """Whether the last chunk ended in a backslash inside a string."""
        self._closed = False

    def cut(self, chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Yield (bytes before a mark, the mark); the mark is empty at the end of a chunk."""
        for chunk in chunks:
            start = 0
            for end in self._marks(chunk):
                yield chunk[start:end], chunk[end : end + 1]
                start = end + 1
            yield chunk[start:], b""

    def _marks(self, chunk: bytes) -> Iterator[int]:
        place = 1 if self._escaped and chunk else 0
        self._escaped = self._escaped and not chunk
        while place < len(chunk) and not self._closed:
            if self._in_string:
                place = self._end_of_string(chunk, place)
            elif mark := _MARK.search(chunk, place):
                place = mark.end()
                if self._is_own(mark[0]):
                    yield mark.start()
            else:
                return

    def _end_of_string(self, chunk: bytes, place: int) -> int:
        body = _STRING_BODY.match(chunk, place)
        assert body is not None  # the pattern also matches the empty string
        end = body.end()
        if end == len(chunk):
            return end
        self._in_string = chunk[end : end + 1] != b'"'
        self._escaped = self._in_string
        return end + 1

    def _is_own(self, mark: bytes) -> bool:
        match mark:
            case b'"':
                self._in_string = True
            case b",":
                return self._depth == 1
            case b"[" | b"{":
                self._depth += 1
                return self._depth == 1
            case b"]" if self._depth == 1:
                self._closed = True
                return True
            case _ if self._depth > 1:
                self._depth -= 1
        return False


class _Elements:
    """Joins the pieces of each element, up to the cap."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._line = 1
        self._first = 1
        """The line on which the element began."""
        self._held: list[bytes] = []
        self._size = 0
        self._seen = 0

    def read(self, pieces: Iterator[tuple[bytes, bytes]]) -> Iterator[Element]:
        """Yield the elements of (piece, mark) pairs. Raises UnreadableContent."""
        for piece, mark in pieces:
            self._hold(piece)
            if mark in {b",", b"]"}:
                yield from self._element(mark)
            if mark == b"]":
                self._refuse_more(pieces)
                return
        raise self._broken("The file ends inside the array: its closing bracket is missing.", _CUT_OFF)

    def _hold(self, piece: bytes) -> None:
        if not self._size:
            begun = piece.lstrip(_BLANKS)
            self._line += piece.count(b"\n", 0, len(piece) - len(begun))
            self._first = self._line
            piece = begun
        self._line += piece.count(b"\n")
        self._size += len(piece)
        if self._size <= self._longest:
            self._held.append(piece)
        else:
            self._held.clear()

    def _element(self, mark: bytes) -> Iterator[Element]:
        if self._size > self._longest:
            yield Element(self._first, elements.too_long("element", self._longest))
        elif self._size:
            yield Element(self._first, b"".join(self._held).rstrip(_BLANKS))
        elif self._seen or mark == b",":
            raise self._broken("A comma of the array has no element beside it.", "Remove the comma.")
        self._seen += 1
        self._size = 0
        self._held.clear()

    def _refuse_more(self, pieces: Iterator[tuple[bytes, bytes]]) -> None:
        for piece, _ in pieces:
            more = piece.lstrip(_BLANKS)
            self._line += piece.count(b"\n", 0, len(piece) - len(more))
            if more:
                hint = _SEVERAL if more.startswith(b"[") else _ONE_ARRAY
                raise self._broken("Something follows the array's closing bracket.", hint)

    def _broken(self, message: str, hint: str) -> UnreadableContent:
        return UnreadableContent(Defect("invalid_json", message, hint=hint, line=self._line))


_CUT_OFF = "The upload or the export broke off, or a quotation mark inside a text lacks its backslash: write it again."
_SEVERAL = (
    "The file holds several arrays: join them into one, with a comma in place of each ] and the [ that follows it."
)
_ONE_ARRAY = "A file is either one array or one object on each line."
