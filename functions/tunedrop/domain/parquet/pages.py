"""Read the pages of a column chunk: fetch a window at a time, unpack a page at a time, yield its values one by one."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import repeat
from operator import countOf
from typing import Any

from tunedrop.domain.parquet import dictionaries, encodings, values
from tunedrop.domain.parquet.budgets import Budgets
from tunedrop.domain.parquet.codecs import unpack
from tunedrop.domain.parquet.dictionaries import Dictionary
from tunedrop.domain.parquet.footer import Chunk, unsupported
from tunedrop.domain.parquet.thrift import BOOLEAN, INTEGER, EndOfData, Reader, Wanted
from tunedrop.domain.parquet.windows import Window
from tunedrop.domain.records.defects import shown
from tunedrop.domain.records.sources import Source

_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3
"""Page types. Pages of other types hold nothing that is needed."""
_HEADER: Wanted = {
    **dict.fromkeys((1, 2, 3, 4), INTEGER),
    5: dict.fromkeys((1, 2, 3, 4), INTEGER),
    7: dict.fromkeys((1, 2), INTEGER),
    8: {**dict.fromkeys((1, 2, 3, 4, 5, 6), INTEGER), 7: BOOLEAN},
}
_HEADER_BYTES = (2**10, 2**20)
"""Bytes to read for a page header. The second size is for headers with long statistics, which may quote texts."""
_PLAIN, _PLAIN_DICTIONARY, _RLE, _RLE_DICTIONARY = 0, 2, 3, 8
_CODES = {values.INT32: "i", values.INT64: "q", values.FLOAT: "f", values.DOUBLE: "d"}
_WIDTHS = {values.INT32: 4, values.INT64: 8, values.INT96: 12, values.FLOAT: 4, values.DOUBLE: 8}

_Page = tuple[Iterator[int], Iterator[int] | None, Iterator[Any]]
"""(repetition levels, definition levels or None if no value is null, the values that are not null)"""

_PER_VALUE = 64
"""Bytes that it costs to create a value, besides its text."""


class Column:
    """The values of one leaf in one row group. Iterators raise ValueError, LookupError or struct.error on bad bytes."""

    def __init__(self, source: Source, chunk: Chunk, window: int, budgets: Budgets) -> None:
        self._chunk, self._leaf = chunk, chunk.leaf
        self._window = Window(source, chunk.start, chunk.end, window)
        self._budgets = budgets
        self._convert = values.converter(chunk.leaf)
        self._dictionary: Dictionary | None = None
        self._held = 0

    def cells(self) -> Iterator[Iterator[Any]]:
        """Yield an iterator per page over the values of a flat column, one per row, None for null."""
        for _, definitions, present in self._pages():
            cells = present if definitions is None else _with_nulls(definitions, present)
            del definitions, present  # they hold the page, which must be gone before the next one comes
            yield cells
            del cells

    def stripes(self) -> Iterator[tuple[int, int, Any]]:
        """Yield (repetition level, definition level, value) of a nested column; the value is None if absent."""
        full = self._leaf.max_definition
        for repetitions, definitions, present in self._pages():
            for repetition, definition in zip(repetitions, definitions or repeat(full)):  # noqa: B905 - one is endless
                yield repetition, definition, next(present) if definition == full else None
            del repetitions, definitions, present

    def _pages(self) -> Iterator[_Page]:
        left = self._chunk.values
        while left > 0:
            header = self._header()
            if header[1] in {_DATA, _DATA_V2}:
                left -= self._count(header[5] if header[1] == _DATA else header[8])
                yield self._page_of(header)
            elif header[1] == _DICTIONARY:
                self._read_dictionary(header)
            else:
                self._window.take(header[3])
        if left:
            raise ValueError("more values in the pages than in their chunk")

    def _page_of(self, header: dict[int, Any]) -> _Page:
        """Read a data page, in place of the one before."""
        self._budgets.pages.give_back(self._held)
        self._held = max(0, header[2])
        self._budgets.pages.spend(self._held)
        return self._first(header[5], header) if header[1] == _DATA else self._second(header[8], header)

    def _stored(self, header: dict[int, Any]) -> bytes | bytearray:
        stored = self._window.take(header[3])
        # The format stores checksums as signed integers.
        if 4 in header and header[4] & 0xFFFF_FFFF != zlib.crc32(stored):
            raise ValueError("a page with another checksum")
        return stored

    def _unpacked(self, header: dict[int, Any]) -> bytes | bytearray | memoryview:
        """A page's bytes; both forms count as held until the stored one is gone."""
        with self._budgets.pages.lent(header[3]):
            return unpack(self._chunk.codec, self._stored(header), header[2])

    def _header(self) -> dict[int, Any]:
        for size in _HEADER_BYTES:
            reader = Reader(self._window.peek(size))
            try:
                header = reader.structure(_HEADER)
            except EndOfData:
                continue
            self._window.take(reader.position)
            return header
        raise ValueError("a page without its header")

    def _count(self, page: dict[int, Any]) -> int:
        count = int(page[1])
        if count < 0:
            raise ValueError("less than no values")
        self._budgets.content.spend(_PER_VALUE * count)
        return count

    def _first(self, page: dict[int, Any], header: dict[int, Any]) -> _Page:
        """Read a version 1 data page: levels, each preceded by its length, and values are compressed together."""
        data = memoryview(self._unpacked(header))
        levels: list[memoryview] = []
        for greatest, encoding in ((self._leaf.max_repetition, page[4]), (self._leaf.max_definition, page[3])):
            length = 0
            if greatest:
                if encoding != _RLE:
                    raise unsupported("Its levels are written in the deprecated encoding BIT_PACKED.")
                length, data = int.from_bytes(data[:4], "little"), data[4:]
            levels.append(data[:length])
            data = data[length:]
        return self._page(page[1], levels[0], levels[1], page[2], data)

    def _second(self, page: dict[int, Any], header: dict[int, Any]) -> _Page:
        """Read a version 2 data page: the levels come first and are not compressed."""
        begin, end = page[6], page[6] + page[5]
        if not 0 <= begin <= end <= header[3]:
            raise ValueError("levels that go on after their page")
        with self._budgets.pages.lent(header[3]):
            stored = memoryview(self._stored(header))
            levels = memoryview(bytes(stored[:end]))
            codec = self._chunk.codec if page.get(7, True) else 0
            body = memoryview(unpack(codec, stored[end:], header[2] - end))
        return self._page(page[1], levels[:begin], levels[begin:], page[4], body)

    def _page(
        self, count: int, repetitions: memoryview, definitions: memoryview, encoding: int, data: memoryview
    ) -> _Page:
        greatest = self._leaf.max_definition
        width = greatest.bit_length()
        present = countOf(encodings.hybrid(definitions, width, count), greatest)
        return (
            encodings.hybrid(repetitions, self._leaf.max_repetition.bit_length(), count),
            None if present == count else encodings.hybrid(definitions, width, count),
            self._values(encoding, data, present),
        )

    def _values(self, encoding: int, data: memoryview, count: int) -> Iterator[Any]:
        if not count:
            return iter(())
        if encoding in {_PLAIN_DICTIONARY, _RLE_DICTIONARY}:
            if self._dictionary is None:
                raise ValueError("a page without its dictionary")
            return map(self._dictionary.__getitem__, encodings.hybrid(data[1:], data[0], count))
        raw = self._raw(encoding, data, count)
        return map(self._convert, raw) if self._convert else raw

    def _read_dictionary(self, header: dict[int, Any]) -> None:
        count = self._count(header[7])
        with self._budgets.pages.lent(header[2]):
            data = memoryview(self._unpacked(header))
            self._dictionary = dictionaries.build(self._leaf.physical, data, count, self._converted, self._budgets)

    def _converted(self, data: memoryview, count: int) -> Iterator[Any]:
        raw = self._plain(data, count)
        return map(self._convert, raw) if self._convert else raw

    def _raw(self, encoding: int, data: memoryview, count: int) -> Iterator[Any]:
        physical, width = self._leaf.physical, self._width()
        match encoding:
            case 0:
                return self._plain(data, count)
            case 3 if physical == values.BOOLEAN:
                return encodings.hybrid(data[4:], 1, count)
            case 5 if physical in {values.INT32, values.INT64}:
                return encodings.delta_numbers(data, 8 * width, count)
            case 6 if physical == values.BYTE_ARRAY:
                return encodings.delta_lengths(data, count)
            case 7 if physical in {values.BYTE_ARRAY, values.FIXED}:
                return encodings.delta_texts(data, count, self._budgets.content.spend)
            case 9 if width:
                return self._plain(encodings.split_bytes(data, width, count), count)
        raise unsupported(f"The column {shown(self._leaf.path)} is written in the encoding {encoding}.")

    def _width(self) -> int:
        """Bytes per value; 0 if they vary."""
        return self._leaf.width if self._leaf.physical == values.FIXED else _WIDTHS.get(self._leaf.physical, 0)

    def _plain(self, data: memoryview, count: int) -> Iterator[Any]:
        physical = self._leaf.physical
        if physical in _CODES:
            return encodings.plain_numbers(data, _CODES[physical], count)
        if physical == values.BOOLEAN:
            return encodings.packed_bits(data, count)
        if physical == values.BYTE_ARRAY:
            return encodings.plain_bytes(data, count)
        return encodings.plain_fixed(data, self._width(), count)


def _with_nulls(definitions: Iterator[int], present: Iterator[Any]) -> Iterator[Any]:
    for definition in definitions:
        yield next(present) if definition else None
