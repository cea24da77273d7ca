"""Read as much of Thrift's compact protocol as Parquet's metadata needs, from untrusted bytes.

Only requested fields are built; all others are skipped, so that hostile bytes cost no more memory than honest ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

MAX_DEPTH = 16
"""Most levels of nested structures; Parquet's own have five."""

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_BOOLEANS = frozenset({_TRUE, _FALSE})
_VARINTS = frozenset({_I16, _I32, _I64})
_LISTS = frozenset({_LIST, _SET})
_SIZES = {_TRUE: 1, _FALSE: 1, _BYTE: 1, _DOUBLE: 8}
"""Bytes of fixed-size values. Booleans take a byte only in lists; as fields, their type says it all."""
_MAX_VARINT = 10

INTEGER: Final = int
BINARY: Final = bytes
BOOLEAN: Final = bool
PLACE: Final = "place"
"""Requests only a list's position, so that it can be read later, element by element."""

Wanted = Mapping[int, Any]
"""Field number to INTEGER, BINARY, BOOLEAN, PLACE, a further Wanted for a structure, or [any of these] for a list."""


_KINDS: Mapping[type, frozenset[int]] = {
    INTEGER: _VARINTS | {_BYTE},
    BINARY: frozenset({_BINARY}),
    BOOLEAN: _BOOLEANS,
}


class Malformed(ValueError):
    """The bytes are not such a structure."""


class EndOfData(Malformed):
    """The bytes end in the middle of a structure; reading more of them may help."""


@dataclass(frozen=True, slots=True)
class ListHead:
    """Where a list's first element begins, and how many there are."""

    start: int
    count: int


class Reader:
    """A position in bytes. Raises Malformed, and EndOfData if a structure continues past the end of the bytes."""

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data = data
        self.position = position

    def structure(self, wanted: Wanted, depth: int = 0) -> dict[int, Any]:
        """Read a structure and return its wanted fields by number. A wanted field of another type is Malformed."""
        found: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            kind, step = head & 15, head >> 4
            number = number + step if step else self._zigzag()
            if number in wanted:
                found[number] = self._value(kind, wanted[number], depth + 1)
            else:
                self._skip(kind, depth + 1, in_list=False)
        return found

    def _value(self, kind: int, wanted: Any, depth: int) -> Any:
        match wanted:
            case type():
                return self._scalar(kind, wanted)
            case list() if kind in _LISTS:
                return self._list(wanted[0], depth)
            case "place" if kind == _LIST:
                return self._place(depth)
            case dict() if kind == _STRUCT:
                _refuse_depth(depth)
                return self.structure(wanted, depth)
        raise Malformed

    def _scalar(self, kind: int, wanted: type) -> int | bytes | bool:
        if kind not in _KINDS[wanted]:
            raise Malformed
        if wanted is BOOLEAN:
            return kind == _TRUE
        if wanted is BINARY:
            size = self._varint()
            self._advance(size)
            return self.data[self.position - size : self.position]
        return int.from_bytes([self._byte()], signed=True) if kind == _BYTE else self._zigzag()

    def _list(self, wanted: Any, depth: int) -> list[Any]:
        count, kind = self._list_head()
        return [self._value(kind, wanted, depth) for _ in range(count)]

    def _place(self, depth: int) -> ListHead:
        count, kind = self._list_head()
        place = ListHead(self.position, count)
        self._skip_all(kind, count, depth)
        return place

    def _list_head(self) -> tuple[int, int]:
        head = self._byte()
        count = head >> 4
        if count == 15:
            count = self._varint()
        if count > len(self.data) - self.position:  # each element has at least one byte
            raise EndOfData
        return count, head & 15

    def _skip(self, kind: int, depth: int, *, in_list: bool) -> None:
        _refuse_depth(depth)
        if kind in _BOOLEANS and not in_list:
            return
        if kind in _SIZES:
            self._advance(_SIZES[kind])
        elif kind in _VARINTS:
            self._varint()
        elif kind == _BINARY:
            self._advance(self._varint())
        elif kind in _LISTS:
            count, inner = self._list_head()
            self._skip_all(inner, count, depth)
        elif kind == _STRUCT:
            self._skip_structure(depth)
        else:
            self._skip_map(kind, depth)

    def _skip_all(self, kind: int, count: int, depth: int) -> None:
        if kind in _SIZES:
            self._advance(_SIZES[kind] * count)
            return
        for _ in range(count):
            self._skip(kind, depth + 1, in_list=True)

    def _skip_structure(self, depth: int) -> None:
        while head := self._byte():
            if not head >> 4:
                self._zigzag()
            self._skip(head & 15, depth + 1, in_list=False)

    def _skip_map(self, kind: int, depth: int) -> None:
        if kind != _MAP:
            raise Malformed
        count = self._varint()
        kinds = self._byte() if count else 0
        for _ in range(count):
            self._skip(kinds >> 4, depth + 1, in_list=True)
            self._skip(kinds & 15, depth + 1, in_list=True)

    def _advance(self, count: int) -> None:
        if count > len(self.data) - self.position:
            raise EndOfData
        self.position += count

    def _byte(self) -> int:
        if self.position >= len(self.data):
            raise EndOfData
        self.position += 1
        return self.data[self.position - 1]

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 7 * _MAX_VARINT, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise Malformed

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)


def _refuse_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Malformed
