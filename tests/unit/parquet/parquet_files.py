"""Parquet files for tests: honest ones by another implementation's writer, hostile ones byte by byte."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from arro3 import io as arro3
from arro3.core import DataType, Field, Schema
from tunedrop.domain.records.sources import Bytes

INT32, BYTE_ARRAY, FIXED = 1, 6, 7
REQUIRED, OPTIONAL, REPEATED = 0, 1, 2
PLAIN, RLE, DELTA_LENGTHS, DELTA_TEXTS, DICTIONARY = 0, 3, 6, 7, 8


def schema(**types: DataType) -> Schema:
    """Columns by name, all optional."""
    return Schema([Field(name, each) for name, each in types.items()])


def listed(item: DataType) -> DataType:
    """A list of these."""
    return DataType.list(Field("element", item))


def structure(**types: DataType) -> DataType:
    """An object of these."""
    return DataType.struct([Field(name, each) for name, each in types.items()])


def written(columns: Schema, rows: Sequence[Mapping[str, Any]], **how: Any) -> bytes:
    """The rows, as JSON writes them, in a file of arro3's writer."""
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()  # it mistakes some escapes
    file = io.BytesIO()
    arro3.write_parquet(arro3.read_json(io.BytesIO(lines), columns), file, **how)
    return file.getvalue()


@dataclass(frozen=True, slots=True)
class Watched:
    """A file that notes what was read of it."""

    content: bytes
    reads: list[tuple[int, int]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Of the content."""
        return len(self.content)

    def chunks(self) -> Any:
        """Parquet is never streamed."""
        raise AssertionError

    def read(self, start: int, length: int) -> bytes:
        """A slice, which must lie in the file."""
        assert 0 <= start <= start + length <= len(self.content)
        self.reads.append((start, length))
        return Bytes(self.content).read(start, length)


def thrift(value: Any) -> bytes:
    """A structure (dict by field number), list, int, bool or bytes in Thrift's compact protocol."""
    match value:
        case dict():
            return b"".join(bytes([kind(each)]) + zigzag(number) + body(each) for number, each in value.items()) + b"\0"
        case list():
            first = kind(value[0]) if value else 5
            return bytes([0xF0 | first]) + varint(len(value)) + b"".join(thrift(each) for each in value)
        case bytes():
            return varint(len(value)) + value
    return zigzag(value)


def body(value: Any) -> bytes:
    return b"" if isinstance(value, bool) else thrift(value)


def kind(value: Any) -> int:
    if isinstance(value, bool):
        return 1 if value else 2
    return {dict: 12, list: 9, bytes: 8, int: 6}[type(value)]


def zigzag(value: int) -> bytes:
    return varint(2 * value if value >= 0 else -2 * value - 1)


def varint(value: int) -> bytes:
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def leaf(name: bytes = b"text", physical: int = BYTE_ARRAY, repetition: int = REQUIRED, **more: Any) -> dict[int, Any]:
    """A column in a footer's schema; `more` by the names below."""
    numbers = {"width": 2, "children": 5, "converted": 6, "scale": 7, "logical": 10}
    return {1: physical, 3: repetition, 4: name} | {numbers[each]: value for each, value in more.items()}


def group(name: bytes, children: int, repetition: int = REQUIRED, converted: int | None = None) -> dict[int, Any]:
    """A group of columns in a footer's schema."""
    return {3: repetition, 4: name, 5: children} | ({} if converted is None else {6: converted})


def page(data: bytes, values: int, encoding: int = PLAIN, *, size: int | None = None, **header: Any) -> bytes:
    """A data page of the first version."""
    told = {1: 0, 2: len(data) if size is None else size, 3: len(data), 5: {1: values, 2: encoding, 3: RLE, 4: RLE}}
    return thrift(told | ({4: header["crc"]} if "crc" in header else {})) + data


def dictionary(data: bytes, values: int) -> bytes:
    """A dictionary page."""
    return thrift({1: 2, 2: len(data), 3: len(data), 7: {1: values, 2: PLAIN}}) + data


def text(value: bytes) -> bytes:
    """A text in the plain encoding."""
    return len(value).to_bytes(4, "little") + value


def run(count: int, value: int = 0) -> bytes:
    """So many times the same level or index of one byte at most."""
    return varint(count << 1) + bytes([value])


def levels(data: bytes) -> bytes:
    """Levels as a page of the first version has them: after their length."""
    return len(data).to_bytes(4, "little") + data


def deltas(values: Sequence[int], claimed: int | None = None) -> bytes:
    """Numbers as differences, packed in 32 bits each."""
    header = varint(128) + varint(4) + varint(claimed or len(values)) + zigzag(values[0])
    steps = [after - before for before, after in pairwise(values)]
    blocks = [steps[start : start + 128] for start in range(0, len(steps), 128)]
    return header + b"".join(_block(each) for each in blocks)


def _block(steps: list[int]) -> bytes:
    least = min(steps)
    padded = [step - least for step in steps] + [0] * (-len(steps) % 32)  # miniblocks without any number are left out
    return zigzag(least) + bytes([32] * 4) + struct.pack(f"<{len(padded)}I", *padded)


def handmade(pages: bytes, rows: int, *, elements: Sequence[Mapping[int, Any]] | None = None, **claims: Any) -> bytes:
    """A file of one row group with one chunk; what its footer claims can be other than what is."""
    columns = elements or [leaf()]
    roots = len(columns) if elements is None else 1
    told = {
        1: columns[-1].get(1, BYTE_ARRAY),
        4: claims.get("codec", 0),
        5: claims.get("values", rows),
        6: claims.get("unpacked", len(pages)),
        7: len(pages),
        9: 4,
    }
    chunk = {3: told} | claims.get("chunk", {})
    groups = [{1: [chunk], 2: claims.get("unpacked", len(pages)), 3: rows}]
    footer = thrift({2: [{4: b"schema", 5: roots}, *columns], 3: rows, 4: groups} | claims.get("footer", {}))
    return b"PAR1" + pages + footer + len(footer).to_bytes(4, "little") + b"PAR1"
