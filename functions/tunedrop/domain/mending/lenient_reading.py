"""Open a file for mending, including files that the strict reader would refuse."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tunedrop.domain.mending import almost_json
from tunedrop.domain.mending.mend_file import Mender
from tunedrop.domain.reading import containers, file_kinds, lines
from tunedrop.domain.records import elements
from tunedrop.domain.records.defects import Defect, UnreadableContent
from tunedrop.domain.records.elements import Element
from tunedrop.domain.records.sources import Source

# UTF-32 first: its little-endian byte-order mark begins with that of UTF-16.
_ENCODINGS: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"\xff\xfe\x00\x00|\x00\x00\xfe\xff"), "utf-32"),
    (re.compile(rb"\xff\xfe|\xfe\xff"), "utf-16"),
    (re.compile(rb"[^\x00]\x00\x00\x00[^\x00]\x00\x00\x00"), "utf-32-le"),
    (re.compile(rb"\x00\x00\x00[^\x00]\x00\x00\x00[^\x00]"), "utf-32-be"),
    (re.compile(rb"[^\x00]\x00[^\x00]\x00"), "utf-16-le"),
    (re.compile(rb"\x00[^\x00]\x00[^\x00]"), "utf-16-be"),
)
_RECORD_SEPARATOR = b"\x1e"
_CONTAINER_MENDS = {
    "json": "array_to_lines",
    "csv": "rows_to_lines",
    "tsv": "rows_to_lines",
    "parquet": "rows_to_lines",
}


def read(source: Source, extension: str, mender: Mender) -> Iterator[Element]:
    """Yield the file's elements and note the mends that made them readable. Reads the source more than once.

    Raises UnreadableContent if the file, or the rest of it, cannot be read.
    """
    encoding = _encoding(source.read(0, file_kinds.HEAD_BYTES))
    if encoding:
        mender.note("encoding_converted")
        source = _Decoded(source, encoding)
    head = source.read(0, file_kinds.HEAD_BYTES)
    yield from _loose(source, head, mender) if _is_loose(head) else _contained(source, extension, mender)


def _encoding(head: bytes) -> str | None:
    return next((name for pattern, name in _ENCODINGS if pattern.match(head)), None)


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A source in another encoding, converted to UTF-8."""

    source: Source
    encoding: str

    @property
    def size(self) -> int:
        """Stored size in bytes, by which readers set their budgets."""
        return self.source.size

    def chunks(self) -> Iterator[bytes]:
        """Yield the text in UTF-8. Raises UnreadableContent if it is not valid in its own encoding."""
        decoder = codecs.getincrementaldecoder(self.encoding)()
        try:
            for chunk in self.source.chunks():
                yield decoder.decode(chunk).encode()
            yield decoder.decode(b"", final=True).encode()
        except UnicodeError:
            raise UnreadableContent(
                Defect("wrong_encoding", f"The file is text in {self.encoding.upper()}, but damaged.")
            ) from None

    def read(self, start: int, length: int) -> bytes:
        """Return at most `length` bytes from offset `start`. Decodes from the beginning, where all callers read."""
        found = b""
        for chunk in self.chunks():
            found += chunk
            if len(found) >= start + length:
                break
        return found[start : start + length]


def _is_loose(head: bytes) -> bool:
    """Whether objects span several lines or are separated by something other than line feeds."""
    text = head.removeprefix(lines.BYTE_ORDER_MARK).lstrip()
    spread = text.startswith(b"{") and text.split(b"\n", 1)[0].strip() == b"{" and b"\n" in text
    return spread or text.startswith(_RECORD_SEPARATOR) or _has_bare_returns(head)


def _has_bare_returns(head: bytes) -> bool:
    return b"\n" not in head and b"\r" in head.strip() and head.lstrip()[:1] == b"{"


def _loose(source: Source, head: bytes, mender: Mender) -> Iterator[Element]:
    """Yield objects that end where their brackets close."""
    chunks = source.chunks()
    if _has_bare_returns(head):
        mender.note("line_split")
        chunks = (chunk.replace(b"\r", b"\n") for chunk in chunks)
    normalised: Counter[str] = Counter()
    for number, raw in almost_json.gathered(_held(chunks, normalised, mender), elements.MAX_BYTES):
        before = mender.written
        yield Element(number, raw)
        if b"\n" in raw and mender.written - before <= 1:  # else it was not one object, and each line was written
            mender.note("spread_object", number)
    _noted(normalised, mender)


def _held(chunks: Iterable[bytes], normalised: Counter[str], mender: Mender) -> Iterator[tuple[int, bytes]]:
    """Yield (number, line) of the lines short enough to hold; note the others as lost."""
    for number, element in enumerate(lines.read(chunks, normalised), start=1):
        if isinstance(element.content, bytes):
            yield number, element.content
        elif isinstance(element.content, Defect):
            mender.lost.append((number, element.content))


def _contained(source: Source, extension: str, mender: Mender) -> Iterator[Element]:
    normalised: Counter[str] = Counter()
    opened = _open(source, extension, normalised)
    if opened.name.endswith(".gz"):
        mender.note("unpacked")
    mend = _CONTAINER_MENDS.get(opened.found.container)
    for element in opened.elements(normalised, mender.ask, mender.mapped):
        if isinstance(element.content, bytes) and not element.content.strip():
            mender.note("blank_line", element.line)
            continue
        if mend:
            mender.note(mend)
        yield element
    _noted(normalised, mender)


def _open(source: Source, extension: str, normalised: Counter[str]) -> containers.Opened:
    """Open a file even if its extension is wrong."""
    try:
        return containers.open_file(source, extension, normalised)
    except UnreadableContent as refused:
        if refused.defect.code != "wrong_extension":
            raise
    return containers.open_file(source, "", normalised)


def _noted(normalised: Counter[str], mender: Mender) -> None:
    for what in ("byte_order_mark", "crlf_line_end", "separator_line", "title_row", "unnamed_column"):
        if normalised[what]:
            mender.note(what, count=normalised[what])
