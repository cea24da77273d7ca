"""Elements: what containers hand to formats, one record's place in a file and its unparsed content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.records.defects import Defect

MAX_BYTES = 16 * 2**20
"""Longest line, array element or table row held in memory; far more than any base model takes in a record."""

MAX_COMMAS = 200_000
"""More commas in one record, even inside texts, exceed every base model's token limit. Caps the memory of parsing."""


@dataclass(frozen=True, slots=True)
class Element:
    """One record as its container gives it: JSON bytes, fields if the container has parsed them, or a defect.

    `line` is where it begins in the uploaded text (after decompression), from 1; None if the file has no lines.
    Blank bytes are a blank line, which is not a record.
    """

    line: int | None
    content: bytes | Mapping[str, Any] | Defect


def too_long(what: str, longest: int = MAX_BYTES) -> Defect:
    """The defect of a line, element or row (`what`) of more than `longest` bytes."""
    return Defect("record_too_long", f"The {what} has more than {longest / 2**20:,.0f} MiB; it was not read.")


def too_many_commas(what: str) -> Defect:
    """The defect of a record (`what`) with more than MAX_COMMAS separators."""
    return Defect("record_too_long", f"The {what} has more than {MAX_COMMAS:,} separators; it was not parsed.")
