"""Convert Parquet's values to what JSON can hold: numbers stay numbers, timestamps and decimals become exact text.

A value that JSON cannot hold (binary data, NaN, a date beyond the year 9999) becomes a defect that says so.
"""

from __future__ import annotations

import math
import struct
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tunedrop.domain.parquet.schema import Leaf
from tunedrop.domain.records import elements
from tunedrop.domain.records.defects import Defect

BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTE_ARRAY, FIXED = range(8)
"""Physical types."""

Convert = Callable[[Any], Any]

_STRING, _ENUM, _DECIMAL, _DATE, _TIME, _TIMESTAMP, _INTEGER, _UNKNOWN, _JSON = 1, 4, 5, 6, 7, 8, 10, 11, 12
_UUID, _FLOAT16 = 14, 15
_CONVERTED: dict[int, dict[int, Any]] = {  # the older annotations (ConvertedType) as the newer ones (LogicalType)
    0: {_STRING: {}},
    4: {_ENUM: {}},
    6: {_DATE: {}},
    7: {_TIME: {1: True, 2: {1: {}}}},
    8: {_TIME: {1: True, 2: {2: {}}}},
    9: {_TIMESTAMP: {1: True, 2: {1: {}}}},
    10: {_TIMESTAMP: {1: True, 2: {2: {}}}},
    **{11 + place: {_INTEGER: {1: bits, 2: False}} for place, bits in enumerate((8, 16, 32, 64))},
    19: {_JSON: {}},
}
_DECIMALS, _OPAQUE = 5, frozenset({20, 21})  # BSON, INTERVAL
_TEXTS = frozenset({_STRING, _ENUM, _JSON})
_NANOSECONDS = {1: 10**6, 2: 10**3, 3: 1}  # per time unit
_DAY = 86_400 * 10**9  # nanoseconds
_EPOCH = date(1970, 1, 1)
_JULIAN_EPOCH = 2_440_588  # Julian day number of 1970-01-01
_MAX_SCALE = 128


def converter(leaf: Leaf) -> Convert | None:
    """Return the function that converts a leaf's values for JSON; None if they need no conversion."""
    logical = _logical(leaf)
    if _DECIMAL in logical:
        return _decimal(leaf, logical[_DECIMAL])
    if leaf.physical in {INT32, INT64}:
        return _whole(leaf.physical, logical)
    if leaf.physical == BYTE_ARRAY:
        return _bytes(leaf, logical)
    if leaf.physical == FIXED:
        return _fixed(leaf, logical)
    return _PLAIN[leaf.physical]


def _logical(leaf: Leaf) -> dict[int, Any]:
    """The annotation, by the newer union or else the older number; empty if there is none."""
    found: dict[int, Any] = leaf.meaning.get(10) or {}
    older = leaf.meaning.get(6)
    if found or older is None:
        return found
    if older == _DECIMALS:
        return {_DECIMAL: {1: leaf.meaning.get(7, 0)}}
    return _CONVERTED.get(older, {})


def _whole(physical: int, logical: dict[int, Any]) -> Convert | None:
    if _DATE in logical:
        return _day
    if _TIME in logical:
        return _clock(_unit(logical[_TIME]))
    if _TIMESTAMP in logical:
        return _moment(_unit(logical[_TIMESTAMP]), utc=bool(logical[_TIMESTAMP].get(1)))
    if logical.get(_INTEGER, {}).get(2) is False:
        mask = 2**32 - 1 if physical == INT32 else 2**64 - 1
        return lambda value: value & mask
    return None


def _bytes(leaf: Leaf, logical: dict[int, Any]) -> Convert:
    if _TEXTS & set(logical):
        return _text
    return _unfit if logical or leaf.meaning.get(6) in _OPAQUE else _perhaps_text


def _fixed(leaf: Leaf, logical: dict[int, Any]) -> Convert:
    if _UUID in logical and leaf.width == 16:
        return lambda value: str(uuid.UUID(bytes=value))
    if _FLOAT16 in logical and leaf.width == 2:
        return lambda value: _finite(*struct.unpack("<e", value))
    return _unfit


def _text(value: bytes) -> str | Defect:
    if len(value) > elements.MAX_BYTES:
        return elements.too_long("cell")
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        place = f"Byte {error.start + 1} of the cell, 0x{value[error.start]:02x}, is not UTF-8 ({error.reason})."
        return Defect("invalid_utf8", place)


def _perhaps_text(value: bytes) -> str | Defect:
    """Convert bytes without an annotation, which older writers (Impala, Hive, Spark) omitted for text."""
    text = _text(value)
    return _unfit(value) if isinstance(text, Defect) and text.code == "invalid_utf8" else text


def _unfit(value: bytes) -> Defect:
    return Defect("unreadable_value", f"The cell holds {len(value):,} bytes of binary data.")


def _finite(value: float) -> float | Defect:
    if math.isfinite(value):
        return value
    return Defect("number_out_of_range", "The cell holds an infinite number or none at all (NaN).")


def _decimal(leaf: Leaf, annotation: dict[int, Any]) -> Convert:
    scale = annotation.get(1, 0)
    if not 0 <= scale <= _MAX_SCALE:
        raise ValueError("no such scale")
    wide = leaf.physical in {BYTE_ARRAY, FIXED}

    def convert(value: Any) -> str | Defect:
        if wide and len(value) > _MAX_SCALE:
            return _unfit(value)
        number = int.from_bytes(value, "big", signed=True) if wide else value
        digits = tuple(map(int, str(abs(number))))
        return f"{Decimal((int(number < 0), digits, -scale)):f}"

    return convert


def _unit(annotation: dict[int, Any]) -> int:
    (unit,) = annotation[2]
    return _NANOSECONDS[unit]


def _day(days: int) -> str | Defect:
    try:
        return (_EPOCH + timedelta(days=days)).isoformat()
    except OverflowError:
        return Defect("number_out_of_range", "The cell holds a date outside the years 1 to 9999.")


def _clock(unit: int) -> Convert:
    def convert(value: int) -> str | Defect:
        nanoseconds = value * unit
        if not 0 <= nanoseconds < _DAY:
            return Defect("number_out_of_range", "The cell holds a time of day beyond 24 hours.")
        return _time_of_day(nanoseconds)

    return convert


def _moment(unit: int, *, utc: bool) -> Convert:
    zone = "Z" if utc else ""

    def convert(value: int) -> str | Defect:
        days, nanoseconds = divmod(value * unit, _DAY)
        day = _day(days)
        return day if isinstance(day, Defect) else f"{day}T{_time_of_day(nanoseconds)}{zone}"

    return convert


def _int96(value: bytes) -> str | Defect:
    """Convert older timestamps of Impala and Spark: nanoseconds of the day, then the Julian day, without a zone."""
    nanoseconds, days = struct.unpack("<Qi", value)
    moment: str | Defect = _moment(1, utc=False)((days - _JULIAN_EPOCH) * _DAY + nanoseconds)
    return moment


def _time_of_day(nanoseconds: int) -> str:
    seconds, fraction = divmod(nanoseconds, 10**9)
    digits = f"{fraction:09d}".rstrip("0")
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{clock}.{digits}" if digits else clock


_PLAIN: dict[int, Convert] = {BOOLEAN: bool, INT96: _int96, FLOAT: _finite, DOUBLE: _finite}
