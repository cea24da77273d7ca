"""Parse and validate the footer of a Parquet file, its columns and row groups, before any data is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.parquet.codecs import NAMES, UNPACKED
from tunedrop.domain.parquet.schema import ELEMENT, Field, Leaf, Unsupported, build
from tunedrop.domain.parquet.thrift import BINARY, INTEGER, PLACE, ListHead, Malformed, Reader, Wanted
from tunedrop.domain.records.defects import Defect, UnreadableContent, shown
from tunedrop.domain.records.sources import Source

MAX_FOOTER_BYTES = 16 * 2**20
"""Plenty: a table of texts has some hundred bytes per column and row group."""

_MAGIC, _ENCRYPTED_MAGIC = b"PAR1", b"PARE"
_TAIL = 8

_FILE: Wanted = {2: [ELEMENT], 3: INTEGER, 4: PLACE}
_CHUNK_DATA: Wanted = {**dict.fromkeys((1, 4, 5, 7, 9, 11), INTEGER), 3: [BINARY]}
_ROW_GROUP: Wanted = {1: [{1: BINARY, 3: _CHUNK_DATA, 8: {}}], 3: INTEGER}


@dataclass(frozen=True, slots=True)
class Chunk:
    """A leaf's values in one row group: the byte range of their pages, their number and their compression codec.

    `unread` is why they cannot be read, though the file is valid.
    """

    leaf: Leaf
    codec: int
    values: int
    start: int
    end: int
    unread: Defect | None = None


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Some of the table's rows, as one chunk of pages per leaf."""

    rows: int
    chunks: tuple[Chunk, ...]


class Footer:
    """A file's columns and row groups. Raises UnreadableContent if the footer cannot be read."""

    def __init__(self, source: Source) -> None:
        self._data = _footer_bytes(source)
        self._end_of_pages = source.size - _TAIL - len(self._data)
        try:
            found = Reader(self._data).structure(_FILE)
            self._groups: ListHead = found.get(4, ListHead(0, 0))
            self.fields, self.leaves = build(found[2])
        except Unsupported as reason:
            raise unsupported(f"The file's columns are not read: {reason}.") from None
        except (LookupError, ValueError):
            raise damaged("its footer is no Parquet footer") from None
        _refuse_same_names(self.fields)
        for _ in self.row_groups():  # validate all before the first is read
            pass

    def row_groups(self) -> Iterator[RowGroup]:
        """Yield the row groups, each parsed only when it is needed: a footer may list very many."""
        reader = Reader(self._data, self._groups.start)
        for number in range(1, self._groups.count + 1):
            try:
                group = reader.structure(_ROW_GROUP)
                rows, chunks = group[3], group[1]
                if len(chunks) != len(self.leaves) or rows < 0:
                    raise Malformed
                yield RowGroup(rows, tuple(map(self._chunk, self.leaves, chunks)))
            except (LookupError, ValueError):
                raise damaged(f"its footer describes row group {number:,} in an invalid way") from None

    def _chunk(self, leaf: Leaf, chunk: Mapping[int, Any]) -> Chunk:
        if 8 in chunk:
            return Chunk(leaf, 0, 0, 0, 0, encrypted().defect)
        if chunk.get(1):
            return Chunk(leaf, 0, 0, 0, 0, _unsupported(f"The column {shown(leaf.path)} is kept in another file."))
        told, unread = chunk[3], None
        if told[4] not in UNPACKED:
            codec = NAMES.get(told[4], "an unknown codec")
            unread = _unsupported(f"The column {shown(leaf.path)} is compressed with {codec}.")
        start = min(told[9], told.get(11) or told[9])
        end = start + told[7]
        first = len(_MAGIC) if told[5] else 0  # a chunk without values may have no position
        if told[1] != leaf.physical or told[5] < 0 or not first <= start <= end <= self._end_of_pages:
            raise Malformed
        return Chunk(leaf, told[4], told[5], start, end, unread)


def damaged(why: str) -> UnreadableContent:
    """The exception for missing or changed bytes; `why` is a clause."""
    return UnreadableContent(Defect("damaged_parquet", f"The Parquet file is damaged: {why}."))


def unsupported(what: str) -> UnreadableContent:
    """The exception for a valid file that uses a feature not supported here; `what` is a sentence."""
    return UnreadableContent(_unsupported(what))


def _unsupported(what: str) -> Defect:
    return Defect("unsupported_parquet", what)


def encrypted() -> UnreadableContent:
    """The exception for a file that is encrypted, in whole or in part."""
    return UnreadableContent(Defect("encrypted_parquet", "The Parquet file, or a column of it, is encrypted."))


def _footer_bytes(source: Source) -> bytes:
    if source.size < len(_MAGIC) + _TAIL:
        raise damaged("it is shorter than any Parquet file")
    head, tail = source.read(0, len(_MAGIC)), source.read(source.size - _TAIL, _TAIL)
    length, magic = int.from_bytes(tail[:4], "little"), tail[4:]
    if _ENCRYPTED_MAGIC in {head, magic}:
        raise encrypted()
    if magic != _MAGIC:
        raise damaged("its end is missing")
    if head != _MAGIC or length > source.size - len(_MAGIC) - _TAIL:
        raise damaged("its beginning is missing")
    if length > MAX_FOOTER_BYTES:
        size = f"{MAX_FOOTER_BYTES // 2**20} MiB"
        raise unsupported(f"The footer has more than {size}: too many columns or row groups.")
    return source.read(source.size - _TAIL - length, length)


def _refuse_same_names(fields: tuple[Field, ...]) -> None:
    """Raise UnreadableContent for two fields of one name, because a row's mapping could hold only one."""
    names: set[str] = set()
    for field in fields:
        if field.name in names:
            message = f"The column {shown(field.name)} occurs twice in one table."
            raise UnreadableContent(Defect("duplicate_key", message))
        names.add(field.name)
        _refuse_same_names(field.parts)
