"""Read a TOML table key by key: a wrong value becomes a defect with its path and line, and reads as None."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from typing import Any, TypeVar

from tunedrop.domain.records.defects import Defect, kind, shown
from tunedrop.domain.versions import toml_lines
from tunedrop.domain.versions.toml_lines import Path

Choice = TypeVar("Choice", bound=str)

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Complaints:
    """Collects the defects of one TOML text."""

    def __init__(self, text: str) -> None:
        self._lines = toml_lines.find(text)
        self.defects: list[Defect] = []

    def add(self, code: str, message: str, path: Path) -> None:
        """Add a defect at this path."""
        self.defects.append(Defect(code, message, _shown_path(path), line=toml_lines.nearest(self._lines, path)))

    @property
    def lines(self) -> Mapping[str, int]:
        """The line of every key, by its path as findings show it (`$.job.splits`)."""
        return {_shown_path(path): line for path, line in self._lines.items()}


def _shown_path(path: Path) -> str:
    return ".".join(["$", *(part if _PLAIN.fullmatch(part) else shown(part) for part in path)])


class TomlTable:
    """One table and its path. Creating it adds a defect for each key that is not `allowed`."""

    def __init__(self, values: Mapping[str, Any], path: Path, complaints: Complaints, allowed: Sequence[str]) -> None:
        self.values = values
        self.path = path
        self._complaints = complaints
        for name in values:
            if name not in allowed:
                self._refuse(name, allowed)

    def _refuse(self, name: str, allowed: Sequence[str]) -> None:
        where = f" in {'.'.join(self.path)}" if self.path else ""
        message = f"Unknown setting {shown(name)}{where}; allowed: {', '.join(allowed)}."
        self._complaints.add("unknown_setting", message, (*self.path, name))

    def complain(self, code: str, message: str, name: str) -> None:
        """Add a defect about this key's value."""
        self._complaints.add(code, message, (*self.path, name))

    def wrong(self, name: str, expected: str) -> None:
        """Add a `wrong_setting` defect: the key's value is not `expected`."""
        full = ".".join((*self.path, name))
        found = toml_kind(self.values[name]) if name in self.values else "nothing"
        self.complain("wrong_setting", f"The setting {full} must be {expected}; found {found}.", name)

    def table(self, name: str, allowed: Sequence[str]) -> TomlTable | None:
        """The key's table, or None."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, dict):
            self.wrong(name, "a table")
            return None
        return None if value is None else TomlTable(value, (*self.path, name), self._complaints, allowed)

    def text(self, name: str, expected: str, holds: Callable[[str], object] = str.strip) -> str | None:
        """The key's text if it `holds`, or None."""
        value = self.values.get(name)
        if value is None or (isinstance(value, str) and holds(value)):
            return value
        self.wrong(name, expected)
        return None

    def choice(self, name: str, allowed: Sequence[Choice]) -> Choice | None:
        """The key's value if it is one of `allowed`, or None."""
        value = self.values.get(name)
        if value is not None and value not in allowed:
            self.wrong(name, f"one of {', '.join(allowed)}")
            return None
        return next((word for word in allowed if word == value), None)

    def words(self, name: str, expected: str, holds: Callable[[str], object] = str.strip) -> tuple[str, ...]:
        """The key's list of texts if all of them `hold`, without duplicates; empty if there is none."""
        value = self.values.get(name, [])
        if isinstance(value, list) and all(isinstance(word, str) and holds(word) for word in value):
            return tuple(dict.fromkeys(value))
        self.wrong(name, expected)
        return ()

    def whole(self, name: str) -> int | None:
        """The key's whole number if it is 1 or more, or None."""
        value = self.values.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
            return value
        self.wrong(name, "a whole number of 1 or more")
        return None

    def number(self, name: str, expected: str, holds: Callable[[float], bool]) -> float | None:
        """The key's number if it `holds`, or None."""
        value = self.values.get(name)
        if value is None or (is_number(value) and holds(value)):
            return None if value is None else float(value)
        self.wrong(name, expected)
        return None


def is_number(value: object) -> bool:
    """Whether the value is a finite number; a boolean is not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def toml_kind(value: object) -> str:
    """What kind of value this is, for messages that must not quote it."""
    match value:
        case str():
            return "another text" if value.strip() else "a blank text"
        case list():
            return "another list" if value else "an empty list"
        case date() | time():
            return "a date or time"
        case _ if is_number(value):
            return "another number"
        case _:
            return "a table" if isinstance(value, dict) else kind(value)
