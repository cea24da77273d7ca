"""A file's rows as pyarrow reads them, in the form that ours have, and what differs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tunedrop.domain.parquet import reader
from tunedrop.domain.records.defects import Defect, UnreadableContent
from tunedrop.domain.records.sources import Bytes

UNFIT = object()
"""Stands for a value that JSON does not have, which is a defect of its row in our reading."""
_NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_DAY = 86_400 * 10**9


def compare(content: bytes) -> str:
    """How the readings of one file differ; empty if they do not."""
    theirs = list(_theirs(content))
    try:
        ours = [element.content for element in reader.read(Bytes(content))]
    except UnreadableContent as refused:
        return f"refused: {refused.defect.message}"
    if len(ours) != len(theirs):
        return f"{len(ours)} rows, and {len(theirs)} by pyarrow"
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True), 1):
        if isinstance(one, Defect) != _unfit(other) or not (isinstance(one, Defect) or _same(one, other)):
            return f"row {number} is {one!r:.200}, and by pyarrow {other!r:.200}"
    return ""


def _theirs(content: bytes) -> Iterator[dict[str, Any]]:
    table = pq.ParquetFile(pa.BufferReader(content)).read()
    columns = [[_plain(value) for value in column] for column in table.columns]
    for row in zip(*columns, strict=True):
        yield dict(zip(table.column_names, row, strict=True))


def _unfit(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_unfit, value.values()))
    return any(map(_unfit, value)) if isinstance(value, list) else value is UNFIT


def _same(one: Any, other: Any) -> bool:
    """Equal, and of the same types: 1 is neither 1.0 nor true."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _plain(value: pa.Scalar) -> Any:
    type_ = value.type
    if not value.is_valid:
        return None
    if pa.types.is_dictionary(type_):
        return _plain(value.value)
    if pa.types.is_nested(type_):
        return _nested(value)
    if pa.types.is_temporal(type_):
        return _moment(value)
    return _single(value.as_py(), fixed=pa.types.is_fixed_size_binary(type_))


def _nested(value: pa.Scalar) -> Any:
    if pa.types.is_map(value.type):
        return _mapping([(_plain(key), _plain(each)) for key, each in _pairs(value)])
    if pa.types.is_struct(value.type):
        return {field.name: _plain(value[place]) for place, field in enumerate(value.type)}
    return [_plain(each) for each in value.values]


def _pairs(value: pa.MapScalar) -> Iterator[tuple[pa.Scalar, pa.Scalar]]:
    return ((entry["key"], entry["value"]) for entry in value.values)


def _mapping(pairs: list[tuple[Any, Any]]) -> Any:
    made = {key: each for key, each in pairs if isinstance(key, str)}
    return made if len(made) == len(pairs) else [{"key": key, "value": each} for key, each in pairs]


def _single(value: Any, *, fixed: bool) -> Any:
    if isinstance(value, bytes):
        try:
            return UNFIT if fixed else value.decode()
        except UnicodeDecodeError:
            return UNFIT
    if isinstance(value, float):
        return value if math.isfinite(value) else UNFIT
    return value if isinstance(value, str | int | bool) else f"{value:f}"  # decimals


def _moment(value: pa.Scalar) -> Any:
    type_ = value.type
    if pa.types.is_date(type_):
        return str(value.as_py())
    nanoseconds = value.value * _NANOSECONDS[type_.unit]
    days, rest = divmod(nanoseconds, _DAY)
    fraction = f".{rest % 10**9:09d}".rstrip("0").rstrip(".")
    clock = str(pa.scalar(rest // 10**9, pa.time32("s")).as_py()) + fraction
    if pa.types.is_time(type_):
        return clock
    try:
        return f"{pa.scalar(days, pa.date32()).as_py()}T{clock}{'Z' if type_.tz else ''}"
    except (OverflowError, pa.ArrowInvalid):  # beyond the year 9999
        return UNFIT
