"""The tables that are written: what data sets have, and the shapes of apache/parquet-testing's files."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

ROWS = 300
_TEXTS = ["", "Why?", "漢字 👍🏽 \u2028", "a" * 300, "line\nline", None]
_DAY = dt.date(2026, 2, 28)
_MOMENT = dt.datetime(2026, 2, 28, 12, 0, 0, 123456)  # noqa: DTZ001 - columns without a zone are meant


def _cycle(values: list[Any]) -> list[Any]:
    return [values[place % len(values)] for place in range(ROWS)]


def _conversation(number: int) -> list[dict[str, Any]] | None:
    if number % 11 == 0:
        return None
    turns = [{"role": "user", "content": f"{number} {_TEXTS[number % 5]}"}, {"role": "assistant", "content": "Yes."}]
    return turns[: number % 3]


def data_sets() -> Iterator[tuple[str, pa.Table]]:
    """What training data looks like, for every writer: texts, conversations, and what stands beside them."""
    yield (
        "pairs",
        pa.table(
            {
                "prompt": pa.array([f"{number} {_TEXTS[number % 5]}" for number in range(ROWS)]),
                "completion": pa.array(_cycle(_TEXTS)),
                "category": pa.array(_cycle(["a", "b", None])).dictionary_encode(),
                "score": pa.array(_cycle([0.5, None, -2.0])),
                "id": pa.array(range(ROWS), pa.int64()),
                "good": pa.array(_cycle([True, None, False])),
            }
        ),
    )
    yield "conversations", pa.table({"messages": pa.array([_conversation(number) for number in range(ROWS)])})
    yield "nothing", pa.table({"prompt": pa.array([], pa.string()), "completion": pa.array([], pa.string())})
    yield "only nulls", pa.table({"prompt": pa.array([None] * 20, pa.string()), "n": pa.array([1] * 20)})
    yield (
        "moments",
        pa.table(
            {
                "day": pa.array(_cycle([_DAY, None, dt.date(1, 1, 1), dt.date(1969, 12, 31)])),
                "moment": pa.array(_cycle([_MOMENT, None]), pa.timestamp("us")),
                "zoned": pa.array(_cycle([_MOMENT, None]), pa.timestamp("us", "UTC")),
                "price": pa.array(_cycle([decimal.Decimal("-12.30"), None]), pa.decimal128(9, 2)),
            }
        ),
    )


def shapes() -> Iterator[tuple[str, pa.Table]]:
    """One table for each kind of value and nesting that parquet-testing has files of."""
    integers: dict[str, list[int | None]] = {
        f"{sign}int{bits}": _cycle([0, 1, None, 2 ** (bits - (sign == "")) - 1, -(2 ** (bits - 1)) if not sign else 5])
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    }
    for name, values in integers.items():
        yield name, _column(values, getattr(pa, name)())
    for name, each in {"float16": pa.float16(), "float32": pa.float32(), "float64": pa.float64()}.items():
        yield name, _column(_cycle([0.5, -0.0, None, 2.0]), each)
        yield f"{name} with NaN and infinity", _column(_cycle([float("nan"), float("inf"), 1.0]), each)
    for digits, scale in ((4, 2), (9, 0), (18, 3), (25, 2), (38, 10), (60, 4)):
        type_ = pa.decimal128(digits, scale) if digits <= 38 else pa.decimal256(digits, scale)
        yield (
            f"decimal({digits}, {scale})",
            _column(_cycle([decimal.Decimal("-1.2").quantize(_one(scale)), None]), type_),
        )
    for unit, far in {"ms": 10**12, "us": 10**15, "ns": 10**18}.items():
        yield f"timestamp({unit})", _column(_cycle([1, None, -1, far]), pa.timestamp(unit))
        yield f"timestamp({unit}, UTC)", _column(_cycle([1, None, -1, far]), pa.timestamp(unit, "UTC"))
    yield "timestamps after the year 9999", _column(_cycle([10**15, None, 10**18]), pa.timestamp("ms"))
    yield "time(ms)", _column(_cycle([0, None, 86_399_999]), pa.time32("ms"))
    yield "time(us)", _column(_cycle([0, None, 86_399_999_999]), pa.time64("us"))
    yield "time(ns)", _column(_cycle([0, None, 86_399_999_999_999]), pa.time64("ns"))
    yield "binary", _column(_cycle([b"text", None, b"\xff\x00"]), pa.binary())
    yield "fixed", _column(_cycle([b"abcd", None]), pa.binary(4))
    yield "large texts", _column(_cycle(_TEXTS), pa.large_string())
    yield "text views", _column(_cycle(_TEXTS), pa.string_view())
    yield "no type", _column([None] * ROWS, pa.null())
    yield from _nested()


def _nested() -> Iterator[tuple[str, pa.Table]]:
    text, number = pa.string(), pa.int32()
    yield "lists", _column(_cycle([["a", None], [], None, [""]]), pa.list_(text))
    yield "lists of lists of lists", _column(_cycle([[[["a"], None], []], None, [[[None]]]]), _lists(text, 3))
    yield "fixed lists", _column(_cycle([[1, 2], None, [3, None]]), pa.list_(number, 2))
    yield "large lists", _column(_cycle([[1], None, []]), pa.large_list(number))
    yield "maps", _column(_cycle([[("a", 1), ("b", None)], [], None]), pa.map_(text, number))
    yield "maps of numbers", _column(_cycle([[(1, "a")], None]), pa.map_(number, text))
    yield "maps with a key twice", _column(_cycle([[("a", 1), ("a", 2)]]), pa.map_(text, number))
    deep = pa.map_(text, pa.map_(number, pa.bool_()))
    yield "maps of maps", _column(_cycle([[("a", [(1, True), (2, None)])], [("b", None)], None]), deep)
    inside = pa.struct({"b": pa.list_(pa.struct({"c": text, "d": pa.list_(number)})), "e": number})
    rows = [{"b": [{"c": "x", "d": [1, None]}, {"c": None, "d": None}], "e": None}, None, {"b": None, "e": 4}]
    yield "structures", _column(_cycle(rows), inside)
    yield (
        "required structures",
        pa.table(
            [pa.array(_cycle([{"a": "x"}]), pa.struct([pa.field("a", text, nullable=False)]))],
            schema=pa.schema([pa.field("cell", pa.struct([pa.field("a", text, nullable=False)]), nullable=False)]),
        ),
    )


def _one(scale: int) -> decimal.Decimal:
    return decimal.Decimal(1).scaleb(-scale)


def _lists(item: pa.DataType, depth: int) -> pa.DataType:
    return pa.list_(_lists(item, depth - 1)) if depth else item


def _column(values: list[Any], type_: pa.DataType) -> pa.Table:
    return pa.table({"cell": pa.array(values, type_)})
