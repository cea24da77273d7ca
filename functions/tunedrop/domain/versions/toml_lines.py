"""Find the line of each key in a TOML text, which `tomllib` does not report."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Path = tuple[str, ...]

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\\]*"|'[^']*')"""
_NAME = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEADER = re.compile(rf"[ \t]*\[\[?[ \t]*({_NAME})[ \t]*\]")
_KEY = re.compile(rf"[ \t]*({_NAME})[ \t]*=[ \t]*")
_PARTS = re.compile(_PART)
_QUOTES = ('"""', "'''")


# Not a full parser: a multi-line string inside an array may mislead it, but only messages use these lines.
def find(text: str) -> Mapping[Path, int]:
    """The line (from 1) of each table and key of a valid text, except for keys inside inline tables."""
    found: dict[Path, int] = {}
    table: Path = ()
    open_quote = ""
    for number, line in enumerate(text.split("\n"), 1):
        if open_quote:
            open_quote = "" if open_quote in line else open_quote
        elif header := _HEADER.match(line):
            table = _path(header[1])
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            path = (*table, *_path(key[1]))
            for depth in range(len(table) + 1, len(path) + 1):
                found.setdefault(path[:depth], number)
            open_quote = _left_open(line[key.end() :])
    return found


def nearest(found: Mapping[Path, int], path: Sequence[str]) -> int | None:
    """The line of a key, or of the nearest table or key around it."""
    for depth in range(len(path), 0, -1):
        if line := found.get(tuple(path[:depth])):
            return line
    return None


def _path(name: str) -> Path:
    return tuple(part.strip("\"'") for part in _PARTS.findall(name))


def _left_open(value: str) -> str:
    """The triple quotes that a multi-line string opens on this line without closing them."""
    opened = next((quote for quote in _QUOTES if value.startswith(quote)), "")
    return opened if opened and opened not in value[len(opened) :] else ""
