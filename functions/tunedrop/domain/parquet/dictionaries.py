"""A column chunk's dictionary: its different values, which pages then name by their place."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from tunedrop.domain.parquet import encodings, values
from tunedrop.domain.parquet.budgets import Budgets

_PER_VALUE = 64
"""Bytes that a value costs in memory besides its text."""
_LISTED = 4 * 2**20
"""Larger dictionaries of texts are kept as bytes, and each text is made when it is named."""


class Dictionary(Protocol):
    """Values by their place. Raises LookupError for a place that has none."""

    def __getitem__(self, place: int, /) -> Any: ...


def build(
    physical: int, data: memoryview, count: int, plain: Callable[[memoryview, int], Iterator[Any]], budgets: Budgets
) -> Dictionary:
    """Build the dictionary of a page's `count` values; `plain` reads and converts values in the plain encoding."""
    listed = len(data) + _PER_VALUE * count
    if listed <= _LISTED or physical != values.BYTE_ARRAY:
        budgets.dictionaries.spend(listed)
        return list(plain(data, count))
    budgets.dictionaries.spend(len(data) + 4 * count)
    return _Packed(data, encodings.plain_places(data, count), plain)


class _Packed:
    """A large dictionary of texts, in no more memory than its page."""

    def __init__(self, data: memoryview, places: array[int], plain: Callable[[memoryview, int], Iterator[Any]]) -> None:
        self._data, self._places, self._plain = data, places, plain

    def __getitem__(self, place: int) -> Any:
        return next(self._plain(self._data[self._places[place] :], 1))
