"""What containers hand to formats: one record's place in a file and its content, not understood yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.records.defects import Defect

MAX_BYTES = 16 * 2**20
"""Far above the longest record that any base model takes; a longer line, array element or table row is never held."""

MAX_COMMAS = 200_000
"""More in one record, even inside of texts, is past every base model's token limit; values so many take memory."""


@dataclass(frozen=True, slots=True)
class Element:
    """One record as its container gives it: bytes of JSON, fields where the container has parsed them, or a defect.

    `line` is where it begins in the text as uploaded (after decompression), from 1; None where the file has no lines.
    Blank bytes are a blank line, which is no record.
    """

    line: int | None
    content: bytes | Mapping[str, Any] | Defect


def too_long(what: str, longest: int = MAX_BYTES) -> Defect:
    """The defect of a line, an element or a row over the cap."""
    return Defect("record_too_long", f"The {what} has more than {longest / 2**20:,.0f} MiB; it was not read.")


def too_many_commas(what: str) -> Defect:
    """The defect of a record with more cells or values than one can have."""
    return Defect("record_too_long", f"The {what} has more than {MAX_COMMAS:,} separators; it was not parsed.")
