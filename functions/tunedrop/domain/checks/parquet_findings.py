"""Findings of the Parquet reader. The examples are the smallest files that show them, written byte by byte."""

from __future__ import annotations

from tunedrop.domain.checks.registry import Example, declare
from tunedrop.domain.parquet.budgets import MAX_DICTIONARY_BYTES, MAX_PAGE_BYTES


def _number(value: int) -> bytes:
    """A non-negative integer in Thrift's zigzag encoding."""
    left, written = 2 * value, bytearray()
    while left >= 0x80:
        written.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*written, left])


def _file(*, rows: int = 40, claimed: int | None = None, codec: int = 0) -> bytes:
    """A file of one row group with one column `completion`, two binary bytes per row; its headers may lie about it.

    `rows` beyond 40 and `claimed` (bytes of the page, unpacked) stand in them only.
    """
    cells = b"\xff\xfe" * min(rows, 40)
    sizes = b"\x15" + _number(claimed or len(cells)) + b"\x15" + _number(len(cells))
    page = b"\x15\0" + sizes + b"\x2c\x15" + _number(rows) + b"\x15\0\x15\x06\x15\x06\0\0"
    pages = page + cells
    schema = b"\x48\x01s\x15\x02\0" + b"\x15\x0e\x15\x04\x15\0\x18\x0acompletion\0"  # Thrift: field, kind, value
    stored = told = _number(len(pages))
    column = b"\x15\x0e\x35" + _number(codec) + b"\x16" + _number(rows) + b"\x16" + told + b"\x16" + stored
    group = b"\x19\x1c\x3c" + column + b"\x26\x08\0\0\x16" + told + b"\x16" + _number(rows) + b"\0"
    footer = b"\x15\x02\x19\x2c" + schema + b"\x16" + _number(rows) + b"\x19\x1c" + group + b"\0"
    return b"PAR1" + pages + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def _example(shown: str, content: bytes) -> Example:
    return Example(shown, build=lambda: content, alone=True, extension="parquet")


declare(
    code="damaged_parquet",
    stage="file",
    words="The Parquet file is cut off, or its bytes are not what its own headers say.",
    hint="Write or copy the file again: it must open elsewhere too. Rows before the damage were read.",
    example=_example("PAR1 … (without its end)", _file()[:-20]),
)
declare(
    code="encrypted_parquet",
    stage="file",
    words="The Parquet file, or one of its columns, is encrypted with keys of its own.",
    hint="Write it without Parquet's encryption: the bucket encrypts what it stores.",
    example=_example("PAR1 … PARE", _file()[:-1] + b"E"),
)
declare(
    code="unsupported_parquet",
    stage="file",
    words="The Parquet file uses a feature that is not supported; the message says which.",
    hint="Write it with a current library and its defaults: Snappy, Zstandard, gzip, Brotli, LZ4 or no compression.",
    example=_example("PAR1 … (compressed with LZO) … PAR1", _file(codec=3)),
)
declare(
    code="row_group_too_large",
    stage="file",
    words=f"To read rows of the Parquet file, pages of more than {MAX_PAGE_BYTES // 2**20} MiB or dictionaries of more "
    f"than {MAX_DICTIONARY_BYTES // 2**20} MiB would have to be held in memory.",
    hint="Write the file with smaller row groups (pyarrow: `row_group_size=10000`; DuckDB: `ROW_GROUP_SIZE 10000`).",
    example=_example("PAR1 … (one page of 513 MiB) … PAR1", _file(claimed=513 * 2**20)),
)
declare(
    code="parquet_expands_too_far",
    stage="file",
    words="The Parquet file expands to more than a hundred times its size and more than 1 GiB.",
    hint="Remove what repeats, or upload the rows as JSON Lines.",
    example=_example("PAR1 … (16,777,217 rows in 200 bytes) … PAR1", _file(rows=2**24 + 1)),
)
declare(
    code="unreadable_value",
    stage="file",
    words="A cell of the Parquet file holds binary data, which is not text, a number, a list or an object.",
    hint="Leave the column out, or write it as text.",
    example=_example("completion: BINARY", _file()),
)
