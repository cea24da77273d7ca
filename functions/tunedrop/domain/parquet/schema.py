"""A Parquet file's columns, from its footer: the leaves that hold values, and the fields assembled from them.

Definition and repetition levels are those of Dremel's striping; LogicalTypes.md of the format defines lists and maps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tunedrop.domain.parquet.thrift import BINARY, BOOLEAN, INTEGER, Wanted

MAX_LEAVES = 4096
"""Far more columns than a table of texts has. Each open column costs memory."""
_MAX_DEPTH = 32

_UNIT: Wanted = {1: {}, 2: {}, 3: {}}
_CLOCK: Wanted = {1: BOOLEAN, 2: _UNIT}
_LOGICAL: Wanted = {
    **{number: {} for number in (1, 2, 3, 4, 6, 11, 12, 13, 14, 15, 16, 17, 18)},
    5: {1: INTEGER, 2: INTEGER},
    7: _CLOCK,
    8: _CLOCK,
    10: {1: INTEGER, 2: BOOLEAN},
}
ELEMENT: Wanted = {
    **dict.fromkeys((1, 2, 3, 5, 6, 7, 8), INTEGER),
    4: BINARY,
    10: _LOGICAL,
}
"""The fields of a SchemaElement."""

_OPTIONAL, _REPEATED = 1, 2
_LIST, _MAPS = (3, 3), ((1, 2), (2, 2))  # (older annotation, newer annotation)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A column of values: its physical type, its annotations, and its maximum levels."""

    path: str
    physical: int
    width: int
    """Bytes per value of the type FIXED_LEN_BYTE_ARRAY."""
    meaning: Mapping[int, Any]
    """The schema element from the footer, by Thrift field number."""
    max_definition: int
    max_repetition: int


@dataclass(frozen=True, slots=True)
class Field:
    """A value assembled from the leaves `first` to `last` (exclusive)."""

    name: str
    kind: Literal["leaf", "object", "list", "map", "unsupported"]
    first: int
    last: int
    present: int
    """Lowest definition level at which the value is not null."""
    filled: int = 0
    """Lowest definition level at which a list has an element."""
    repetition: int = 0
    """Repetition level at which a list's next element begins."""
    parts: tuple[Field, ...] = ()
    """Fields of an object; the one element of a list or map."""
    unread: str = ""
    """Why a column of the kind `unsupported` is not read; a clause."""


class Unsupported(ValueError):
    """The schema is not supported; the text says why."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """A field's position in the schema: its path, the levels of what surrounds it, and its depth."""

    path: str = "$"
    definition: int = 0
    repetition: int = 0
    depth: int = 0

    def inside(self, step: str) -> _Spot:
        """One level further down."""
        return replace(self, path=self.path + step, depth=self.depth + 1)

    def optional(self) -> _Spot:
        """The position of a field that may be null."""
        return replace(self, definition=self.definition + 1)

    def repeated(self) -> _Spot:
        """The position of a field that may occur any number of times."""
        return replace(self, definition=self.definition + 1, repetition=self.repetition + 1)


def build(elements: Sequence[Mapping[int, Any]]) -> tuple[tuple[Field, ...], tuple[Leaf, ...]]:
    """Build the fields of a row and their leaves from the schema elements, in footer order.

    A column whose schema cannot be read becomes a field of the kind `unsupported`. Raises Unsupported if there are no
    columns or too many, ValueError or LookupError for an invalid schema.
    """
    builder = _Builder(elements)
    columns = tuple(builder.columns())
    if builder.position != len(elements):
        raise ValueError("elements beyond the root's children")
    return columns, tuple(builder.leaves)


class _Builder:
    def __init__(self, elements: Sequence[Mapping[int, Any]]) -> None:
        self._elements = elements
        self.position = 0
        self.leaves: list[Leaf] = []

    def columns(self) -> Iterator[Field]:
        """Build the children of the root."""
        count = self._take().get(5, 0)
        if not 0 < count <= MAX_LEAVES:
            raise Unsupported("there are none, or too many of them")
        for _ in range(count):
            yield self._column()
            if len(self.leaves) > MAX_LEAVES:
                raise Unsupported(f"there are more than {MAX_LEAVES:,}")

    def _column(self) -> Field:
        start, first = self.position, len(self.leaves)
        try:
            return self._field(self._take(), _Spot())
        except Unsupported as reason:
            self.position = start
            del self.leaves[first:]
            return self._passed_over(first, str(reason))

    def _passed_over(self, first: int, reason: str) -> Field:
        """A column that is not read, however deep it goes: only its leaves are counted."""
        name = _name(self._elements[self.position])
        left = 1
        while left:
            element = self._take()
            left += element.get(5, 0) - 1
            if element.get(5) is None:
                self.leaves.append(Leaf(f"$.{name}", element[1], 0, element, 0, 0))
        return Field(name, "unsupported", first, len(self.leaves), 0, unread=reason)

    def _take(self) -> Mapping[int, Any]:
        """Return the next element. Raises ValueError if there is none."""
        if self.position >= len(self._elements):
            raise ValueError("fewer elements than their parents count")
        self.position += 1
        return self._elements[self.position - 1]

    def _fields(self, parent: Mapping[int, Any], spot: _Spot) -> tuple[Field, ...]:
        """Build the children of a group."""
        count = parent.get(5, 0)
        if spot.depth > _MAX_DEPTH or not 0 < count <= MAX_LEAVES:
            raise Unsupported("it has no values, too many or too deeply nested ones")
        return tuple(self._field(self._take(), spot) for _ in range(count))

    def _field(self, element: Mapping[int, Any], around: _Spot) -> Field:
        """Build a field; a repeated one without an annotation is a list."""
        name, first = _name(element), len(self.leaves)
        spot = around.inside(f".{name}")
        if element.get(3, 0) != _REPEATED:
            return self._content(element, name, spot.optional() if element.get(3, 0) == _OPTIONAL else spot)
        inner = spot.repeated()
        item = self._content(element, name, inner)
        levels = (around.definition, inner.definition, inner.repetition)  # never null, only empty
        return Field(name, "list", first, item.last, *levels, (item,))

    def _content(self, element: Mapping[int, Any], name: str, spot: _Spot) -> Field:
        if element.get(5) is None:
            return self._leaf(element, name, spot)
        if _annotated(element, *_LIST) or any(_annotated(element, *each) for each in _MAPS):
            return self._many(element, name, spot)
        return self._object(element, name, spot)

    def _object(self, element: Mapping[int, Any], name: str, spot: _Spot) -> Field:
        first, parts = len(self.leaves), self._fields(element, spot)
        return Field(name, "object", first, parts[-1].last, spot.definition, parts=parts)

    def _many(self, element: Mapping[int, Any], name: str, spot: _Spot) -> Field:
        """Build a list or map. Its repeated child is the element itself or, by the current rule, a group around it."""
        first, middle = len(self.leaves), self._take()
        if element[5] != 1 or middle.get(3, 0) != _REPEATED:
            raise Unsupported("its list is written in a way that the format does not know")
        inner = spot.inside("[]").repeated()
        is_map = not _annotated(element, *_LIST)
        if is_map:
            item = self._object(middle, _name(middle), inner)
        elif _is_wrapper(middle, name):
            item = self._field(self._take(), inner)
        else:
            item = self._content(middle, _name(middle), inner)
        if is_map and len(item.parts) != 2:
            raise Unsupported("its map has other fields than a key and a value")
        levels = (spot.definition, inner.definition, inner.repetition)
        return Field(name, "map" if is_map else "list", first, item.last, *levels, (item,))

    def _leaf(self, element: Mapping[int, Any], name: str, spot: _Spot) -> Field:
        physical, width, place = element[1], element.get(2, 0), len(self.leaves)
        if not (0 <= physical <= 7 and (physical != 7 or 0 < width < 2**20)):
            raise ValueError("no such type")
        self.leaves.append(Leaf(spot.path, physical, width, element, spot.definition, spot.repetition))
        return Field(name, "leaf", place, place + 1, spot.definition)


def _name(element: Mapping[int, Any]) -> str:
    return bytes(element[4]).decode("utf-8")


def _annotated(element: Mapping[int, Any], converted: int, logical: int) -> bool:
    return element.get(6) == converted or logical in element.get(10, {})


def _is_wrapper(middle: Mapping[int, Any], outer: str) -> bool:
    """Whether a list's repeated child is only a group around the element (LogicalTypes.md, backward compatibility)."""
    return middle.get(5) == 1 and _name(middle) not in {"array", f"{outer}_tuple"}
