"""Read Parquet files row by row, a window of each column at a time, in the memory of at most one row group.

docs/decisions.md says why this is not a library's job.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from tunedrop.domain.parquet import MAX_ROW_GROUP_BYTES
from tunedrop.domain.parquet.footer import Footer, RowGroup, damaged
from tunedrop.domain.parquet.pages import Budget, Budgets, Column
from tunedrop.domain.parquet.schema import Field
from tunedrop.domain.parquet.stripes import values
from tunedrop.domain.records import elements
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.elements import Element
from tunedrop.domain.records.sources import Source

SIGNATURE = b"PAR1"

_WINDOWS = 16 * 2**20
"""Bytes fetched ahead by all columns together; each has at least the smallest window."""
_SMALLEST_WINDOW = 64 * 2**10
_FREE_BYTES, _MAX_RATIO = 2**30, 100
"""Bytes that any file's content may have, and times the file's size that larger content may have."""
_PER_VALUE = 8
"""Characters that a value other than text counts for."""
_DICTIONARIES = 96 * 2**20
"""Bytes of memory for a row group's dictionaries."""

_TOO_FAR = Defect("parquet_expands_too_far", "Its values become more than a hundred times as large as the file.")
_PAGES = Defect("row_group_too_large", f"A row group has more than {MAX_ROW_GROUP_BYTES // 2**20} MiB, unlike it says.")
_DISTINCT = Defect("row_group_too_large", f"A row group's dictionaries need more than {_DICTIONARIES // 2**20} MiB.")


def read(source: Source) -> Iterator[Element]:
    """Yield each row as an element: a mapping of columns to what JSON can hold, or the defect of one of its cells.

    Structures and maps with text keys become objects, other maps lists of `{"key", "value"}`. Dates, times, decimals
    and UUIDs become text. Raises UnreadableContent if the file, or the rest of it, cannot be read, and whatever the
    source raises; nothing else.
    """
    footer = Footer(source)
    content = Budget(max(_FREE_BYTES, _MAX_RATIO * source.size), _TOO_FAR)
    for number, group in enumerate(footer.row_groups(), 1):
        budgets = Budgets(Budget(MAX_ROW_GROUP_BYTES, _PAGES), Budget(_DICTIONARIES, _DISTINCT), content)
        try:
            yield from _rows(source, footer, group, budgets)
        except (ValueError, LookupError, OverflowError, struct.error):
            raise damaged(f"row group {number:,} is not what its headers say") from None


def _rows(source: Source, footer: Footer, group: RowGroup, budgets: Budgets) -> Iterator[Element]:
    window = max(_SMALLEST_WINDOW, _WINDOWS // max(1, len(group.chunks)))
    columns = [Column(source, chunk, window, budgets) for chunk in group.chunks]
    names = [field.name for field in footer.fields]
    cells = [_cells(field, columns) for field in footer.fields]
    rows = 0
    for row in zip(*cells, strict=True):
        rows += 1
        yield Element(None, _content(names, row, budgets.content))
    if rows != group.rows:
        raise ValueError("another number of rows than the footer says")


def _cells(field: Field, columns: list[Column]) -> Iterator[Any]:
    if field.kind == "leaf":
        return chain.from_iterable(columns[field.first].cells())
    return values(field, [column.stripes() for column in columns[field.first : field.last]])


def _content(names: list[str], row: tuple[Any, ...], budget: Budget) -> Mapping[str, Any] | Defect:
    """The row as a mapping, or a defect if one of its cells is one or the row is too long."""
    try:
        if set(map(type, row)) == {str}:
            size = sum(map(len, row))
        else:
            size = sum(_weight(cell, f"$.{name}") for name, cell in zip(names, row, strict=True))
    except _Unfit as unfit:
        return unfit.defect
    budget.spend(size)
    return elements.too_long("row") if size > elements.MAX_BYTES else dict(zip(names, row, strict=True))


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
