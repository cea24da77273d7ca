"""Rows as a release stored them (tests/fixtures/rows), and values in a form that can be read beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from tunedrop.edges.rows.writes import Key

FIXTURES = Path(__file__).parents[1] / "fixtures" / "rows"


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One row in the low-level client's form, and what it means."""

    release: str
    kind: str
    name: str
    item: Mapping[str, Any]
    value: Any
    """As `described` says it."""

    @property
    def key(self) -> Key:
        """Where it stood."""
        return Key(self.item["pk"]["S"], self.item["sk"]["S"])

    @property
    def label(self) -> str:
        """For the names of tests."""
        return f"{self.release}-{self.kind}-{self.name}"


def stored(*kinds: str) -> Iterator[StoredRow]:
    """The rows of these kinds, without any of all, of every release."""
    for path in sorted(FIXTURES.glob("*/*.json")):
        if not kinds or path.stem in kinds:
            for name, case in json.loads(path.read_text("utf-8")).items():
                yield StoredRow(path.parent.name, path.stem, name, case["item"], case["value"])


def described(value: Any) -> Any:
    """A value as JSON that leaves nothing out.

    Moments are ISO 8601 with `+00:00`, where rows have `Z`. Raises TypeError for what no value of
    ours should hold, such as a Decimal, or a list where a tuple was declared.
    """
    if is_dataclass(value):
        return {field.name: _member(field.name, field.type, getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: described(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [described(each) for each in value]
    if isinstance(value, frozenset):
        return {"frozenset": sorted(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise TypeError(f"{value!r} is a {type(value).__name__}")


def _member(name: str, declared: Any, value: Any) -> Any:
    missing = value is None and cast("str", declared).endswith("| None")
    if not missing and cast("str", declared).startswith("tuple[") != isinstance(value, tuple):
        raise TypeError(f"{name} is declared {declared}, and is a {type(value).__name__}")
    return described(value)
