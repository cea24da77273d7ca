"""Serialize a split's fingerprints for storage beside its reports: at most 50,000 records of 303 bytes each.

A header (magic, schema, records, pieces, checksum of all that follows), then the columns in order, little-endian.
"""

from __future__ import annotations

import struct
import sys
from array import array
from itertools import accumulate, pairwise
from zlib import crc32

from tunedrop.domain.records.fingerprints import COLUMNS, MAX_PIECES, MAX_WORDS, MEMORY, Fingerprints, checksums

SCHEMA = 2
"""Must change with the normal form, the pieces or the columns; stored fingerprints then count as unreadable."""

_MAGIC = b"tunedrop fingerprints"
MAX_BYTES = 16 * 2**20
"""More than 50,000 records can need."""

_HEADER = struct.Struct(f"<{len(_MAGIC)}sHIII")


class UnreadableFingerprints(ValueError):
    """The bytes are not fingerprints, are damaged, or come from a release with another schema."""


def dump(prints: Fingerprints) -> bytes:
    """Serialize fingerprints; the same records give the same bytes."""
    lists = [*prints.sketches, *map(checksums, prints.words)]
    pieces = array("I")
    for each in lists:
        pieces += each
    columns = [*(getattr(prints, name) for name in COLUMNS), array("B", map(len, lists)), pieces]
    body = b"".join(map(_little_endian, columns))
    return _HEADER.pack(_MAGIC, SCHEMA, len(prints), len(pieces), crc32(body)) + body


def load(dumped: bytes) -> Fingerprints:
    """Restore what `dump` wrote. Raises UnreadableFingerprints and nothing else."""
    if len(dumped) < _HEADER.size:
        raise UnreadableFingerprints("too short")
    magic, schema, records, pieces, checksum = _HEADER.unpack_from(dumped)
    body = dumped[_HEADER.size :]
    if (magic, schema, checksum) != (_MAGIC, SCHEMA, crc32(body)) or records > MEMORY:
        raise UnreadableFingerprints("not fingerprints of this schema")
    columns = [array(code) for code in (*COLUMNS.values(), "B", "I")]
    counts = [records] * len(COLUMNS) + [2 * records, pieces]
    if len(body) != sum(column.itemsize * count for column, count in zip(columns, counts, strict=True)):
        raise UnreadableFingerprints("columns of other lengths")
    at = 0
    for column, count in zip(columns, counts, strict=True):
        end = at + column.itemsize * count
        column.frombytes(body[at:end])
        if sys.byteorder == "big":
            column.byteswap()
        at = end
    return _joined(columns)


def _joined(columns: list[array[int]]) -> Fingerprints:
    *of_records, lengths, pieces = columns
    prints = Fingerprints()
    for name, column in zip(COLUMNS, of_records, strict=True):
        setattr(prints, name, column)
    ends = [0, *accumulate(lengths)]
    if ends[-1] != len(pieces) or max(lengths, default=0) > max(MAX_PIECES, MAX_WORDS):
        raise UnreadableFingerprints("sketches of other lengths")
    lists = [pieces[start:end] for start, end in pairwise(ends)]
    prints.sketches, prints.words = lists[: len(prints)], [*lists[len(prints) :]]
    return prints


def _little_endian(column: array[int]) -> bytes:
    if sys.byteorder == "big":
        column = column[:]
        column.byteswap()
    return column.tobytes()
