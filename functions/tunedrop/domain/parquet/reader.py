"""Read Parquet files row by row, a window of each column at a time. docs/parquet.md says what is read and why."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, repeat
from typing import Any

from tunedrop.domain.parquet import PASSED_OVER, Ask, Asked, budgets
from tunedrop.domain.parquet.footer import Footer, RowGroup, damaged, unsupported
from tunedrop.domain.parquet.pages import Column
from tunedrop.domain.parquet.schema import Field
from tunedrop.domain.parquet.stripes import values
from tunedrop.domain.records import elements
from tunedrop.domain.records.defects import Defect, UnreadableContent, shown
from tunedrop.domain.records.elements import Element
from tunedrop.domain.records.sources import Source

_WINDOWS = 16 * 2**20
"""Bytes fetched ahead by all columns together; each has at least the smallest window."""
_SMALLEST_WINDOW = 16 * 2**10
_PER_VALUE, _PER_ROW = 8, 64
"""Characters that a value other than text, and any row, counts for."""


def _everything(names: Sequence[str]) -> Asked:
    return Asked(frozenset(names))


def read(source: Source, ask: Ask = _everything) -> Iterator[Element]:
    """Yield each row as an element: a mapping of columns to what JSON can hold, or the defect of one of its cells.

    Structures and maps with text keys become objects, other maps lists of `{"key", "value"}`. Dates, times, decimals
    and UUIDs become text. `ask` is given the names of all columns; what is not read of them is PASSED_OVER in the rows.
    Raises UnreadableContent if the file, or the rest of it, cannot be read, and whatever the source raises; nothing
    else.
    """
    footer = Footer(source)
    table = _Table(source, footer, ask([field.name for field in footer.fields]))
    for number, group in enumerate(footer.row_groups(), 1):
        try:
            yield from table.rows(group)
        except (ValueError, LookupError, OverflowError, struct.error):
            raise damaged(f"row group {number:,} is not what its headers say") from None


class _Table:
    """A file's columns, and what is asked of them."""

    def __init__(self, source: Source, footer: Footer, asked: Asked) -> None:
        self._source, self._fields, self._asked = source, footer.fields, asked
        self._content = budgets.of_content(source.size)

    def rows(self, group: RowGroup) -> Iterator[Element]:
        """Yield the rows of one row group."""
        names = [field.name for field in self._fields]
        self._content.spend(group.rows * _PER_ROW)
        rows = 0
        for row in zip(*self._columns(group), strict=True):
            rows += 1
            yield Element(None, self._row(names, row))
        if rows != group.rows:
            raise ValueError("another number of rows than the footer says")

    def _columns(self, group: RowGroup) -> list[Iterator[Any]]:
        """The cells of each column, top to bottom."""
        read = {field.name for field in self._fields if self._is_read(field, group)}
        fetched = sum(field.last - field.first for field in self._fields if field.name in read)
        window = max(_SMALLEST_WINDOW, _WINDOWS // max(1, fetched))
        shared = budgets.of_row_group(self._content)

        def cells(field: Field) -> Iterator[Any]:
            leaves = [Column(self._source, each, window, shared) for each in group.chunks[field.first : field.last]]
            if field.kind == "leaf":
                return chain.from_iterable(leaves[0].cells())
            return values(field, [leaf.stripes() for leaf in leaves])

        return [
            self._forgiving(field, cells(field), group.rows) if field.name in read else repeat(PASSED_OVER, group.rows)
            for field in self._fields
        ]

    def _is_read(self, field: Field, group: RowGroup) -> bool:
        """Whether a column's values are fetched. Raises UnreadableContent if they are needed and cannot be read."""
        if field.name in self._asked.unread:
            return False
        defect = next((each.unread for each in group.chunks[field.first : field.last] if each.unread), None)
        if field.kind == "unsupported":
            defect = unsupported(f"The column {shown(field.name)} is not read: {field.unread}.").defect
        if defect and field.name in self._asked.needed:
            raise UnreadableContent(defect)
        return defect is None

    def _forgiving(self, field: Field, cells: Iterator[Any], rows: int) -> Iterator[Any]:
        """The cells of a column, up to where it uses a feature that is not supported if nobody needs it."""
        return cells if field.name in self._asked.needed else _until_unsupported(cells, rows)

    def _row(self, names: list[str], row: tuple[Any, ...]) -> Mapping[str, Any] | Defect:
        """The row as a mapping, or a defect if one of its cells is one or the row is too long."""
        found = dict(zip(names, row, strict=True))
        try:
            size = sum(map(len, row)) if set(map(type, row)) == {str} else self._size(found)
        except _Unfit as unfit:
            return unfit.defect
        self._content.spend(size)
        return elements.too_long("row") if size > elements.MAX_BYTES else found

    def _size(self, row: dict[str, Any]) -> int:
        """A row's size; takes out the cells that nobody needs and that cannot be read. Raises _Unfit for others."""
        size = 0
        for name, cell in row.items():
            try:
                size += _weight(cell, f"$.{name}")
            except _Unfit:
                if name in self._asked.needed:
                    raise
                row[name] = PASSED_OVER
        return size


def _until_unsupported(cells: Iterator[Any], rows: int) -> Iterator[Any]:
    read = 0
    try:
        for cell in cells:
            read += 1
            yield cell
    except UnreadableContent as refused:
        if refused.defect.code != "unsupported_parquet":
            raise
        yield from repeat(PASSED_OVER, rows - read)


class _Unfit(Exception):
    """Carries a nested value's defect out of its cell."""

    def __init__(self, defect: Defect) -> None:
        super().__init__(defect.code)
        self.defect = defect


def _weight(cell: Any, path: str) -> int:
    """A cell's size in characters; other values count for some. Raises _Unfit for the first defect in it."""
    match cell:
        case str():
            return len(cell)
        case dict():
            return sum(len(name) + _weight(value, f"{path}.{name}") for name, value in cell.items())
        case list():
            return sum(_weight(value, f"{path}[{place}]") for place, value in enumerate(cell))
        case Defect():
            raise _Unfit(replace(cell, path=path))
        case _:
            return _PER_VALUE
