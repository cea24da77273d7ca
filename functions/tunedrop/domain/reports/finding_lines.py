"""All findings, a line for each: as JSON Lines, and as CSV for a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import msgspec

from tunedrop.domain.base_models.catalogue import BaseModel, Split
from tunedrop.domain.checks.findings import Finding
from tunedrop.domain.texts import spreadsheets

COLUMNS = ("base_model", "split", "severity", "code", "source", "line", "record", "path", "message", "hint")
"""Members of a line, in their order."""

Form = Callable[[Finding, BaseModel, Split], bytes]
"""Returns a finding's line, its end included."""


def as_json(finding: Finding, base_model: BaseModel, split: Split) -> bytes:
    """The finding as an object."""
    return msgspec.json.encode(_members(finding, base_model, split)) + b"\n"


def as_csv(finding: Finding, base_model: BaseModel, split: Split) -> bytes:
    """The finding as a row of COLUMNS."""
    return f"{spreadsheets.line(_members(finding, base_model, split).values())}\r\n".encode()


def _members(finding: Finding, base_model: BaseModel, split: Split) -> dict[str, object]:
    known = {**asdict(finding), "base_model": base_model.name, "split": split}
    return {name: known[name] for name in COLUMNS}


HEAD = f"{spreadsheets.line(COLUMNS)}\r\n".encode()
"""The first line of CSV."""
