"""On which line of a TOML text each key stands: `tomllib` does not say."""

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


def find(text: str) -> Mapping[Path, int]:
    """Lines, from 1 on, of the tables and keys of a valid text; keys inside inline tables are not among them."""
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
    """The line of a key, or of the table or key that it stands in."""
    for depth in range(len(path), 0, -1):
        if line := found.get(tuple(path[:depth])):
            return line
    return None


def _path(name: str) -> Path:
    return tuple(part.strip("\"'") for part in _PARTS.findall(name))


def _left_open(value: str) -> str:
    """The quotes that a text over several lines has opened and not closed."""
    opened = next((quote for quote in _QUOTES if value.startswith(quote)), "")
    return opened if opened and opened not in value[len(opened) :] else ""
