"""The files: every table by every writer, in its codecs, encodings and versions of pages."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from arro3 import io as arro3

from tests.writers import tables

File = tuple[str, bytes]
"""What a file is, and its bytes."""

_PYARROW: dict[str, dict[str, Any]] = {
    "defaults": {},
    **{codec: {"compression": codec} for codec in ("none", "gzip", "brotli", "lz4", "zstd")},
    "pages of version 2": {"data_page_version": "2.0", "compression": "zstd"},
    "format 1.0": {"version": "1.0"},
    "INT96": {"use_deprecated_int96_timestamps": True},
    "checksums": {"write_page_checksum": True},
    "indexes": {"write_page_index": True, "write_batch_size": 64, "data_page_size": 1_000},
    "small pages and groups": {"row_group_size": 140, "data_page_size": 500, "dictionary_pagesize_limit": 500},
    "no dictionary": {"use_dictionary": False},
    "lists of older writers": {"use_compliant_nested_type": False},
    "decimals as integers": {"store_decimal_as_integer": True},
    "cut by content": {"use_content_defined_chunking": True},
}
_ENCODINGS = {
    "DELTA_BINARY_PACKED": {"int32", "int64"},
    "BYTE_STREAM_SPLIT": {"int32", "int64", "float32", "float64", "float16", "fixed"},
    "DELTA_LENGTH_BYTE_ARRAY": {"large texts", "binary"},
    "DELTA_BYTE_ARRAY": {"large texts", "binary", "fixed"},
}
_LOSSY = {
    ("format 1.0", "timestamp(ns)"),  # has no nanoseconds
    ("format 1.0", "timestamp(ns, UTC)"),
    ("INT96", "timestamps after the year 9999"),  # pyarrow writes others instead
}
"""What pyarrow cannot write or writes wrongly."""


def files() -> Iterator[File]:
    """Yield all files."""
    for name, table in (*tables.data_sets(), *tables.shapes()):
        for how, options in (*_PYARROW.items(), *_encodings(name)):
            if (how, name) not in _LOSSY:
                yield f"pyarrow, {how}: {name}", pyarrow(table, **options)
    for name, table in tables.data_sets():
        yield from _of_others(name, table)


def _encodings(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for encoding, names in _ENCODINGS.items():
        if name in names:
            yield encoding, {"column_encoding": {"cell": encoding}, "use_dictionary": False}


def pyarrow(table: pa.Table, **options: Any) -> bytes:
    """The table in a file by pyarrow, as pandas and `datasets` write it."""
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def _of_others(name: str, table: pa.Table) -> Iterator[File]:
    for codec in ("zstd", "snappy", "gzip", "brotli", "lz4", "uncompressed"):
        file = io.BytesIO()
        pl.from_arrow(table).write_parquet(file, compression=codec, data_page_size=2_000, row_group_size=140)
        yield f"polars, {codec}: {name}", file.getvalue()
        yield f"DuckDB, {codec}: {name}", _duckdb(table, f"compression {codec}")
    yield f"DuckDB, pages of version 2: {name}", _duckdb(table, "parquet_version v2")
    plain = table.cast(pa.schema([(each.name, _without_dictionary(each.type)) for each in table.schema]))
    for version in ("parquet_1_0", "parquet_2_0"):
        file = io.BytesIO()
        arro3.write_parquet(plain, file, writer_version=version, compression="zstd(1)")
        yield f"arro3, {version}: {name}", file.getvalue()


def _without_dictionary(type_: pa.DataType) -> pa.DataType:
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def _duckdb(table: pa.Table, option: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder) / "file.parquet"
        connection.register("given", table)
        connection.execute(f"copy given to '{path}' (format parquet, {option})")
        return path.read_bytes()
