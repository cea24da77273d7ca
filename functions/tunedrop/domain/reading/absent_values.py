"""Read what can mean one thing only: a field that is null is absent, and a list may be written as JSON text.

The same for JSON Lines, arrays and every kind of table, because one export is loaded from any of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tunedrop.domain.formats import shapes, sharegpt
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Document

LISTS = frozenset({*sharegpt.NAMES, "history", "tools"})
"""Fields that hold lists. Tables of text, such as CSV, can hold them only as JSON text."""
_NULL = b"null"


def read(
    document: Document, raw: bytes | None, normalised: Counter[str], named: frozenset[str] = LISTS
) -> Document | Defect:
    """Return the object without its null fields and with its lists parsed, or a defect if one cannot be parsed.

    `raw` is its JSON, if it was read from JSON: most records have no null, which is faster to see there. `named` are
    the fields that may hold lists.
    """
    parsed = lists(document, normalised, named, "cell" if raw is None else "text")
    if isinstance(parsed, Defect) or (raw is not None and _NULL not in raw):
        return parsed
    return without_nulls(parsed, normalised)


def lists(document: Document, normalised: Counter[str], named: frozenset[str], unit: str) -> Document | Defect:
    """Parse lists that are written as JSON text; text that does not begin like a list is left alone."""
    if named.isdisjoint(document):
        return document
    texts = [name for name in named if name in document and is_list_text(document[name])]
    if not texts:
        return document
    found = dict(document)
    for name in texts:
        value = strict_json.parse_cell(found[name], unit)
        if isinstance(value, Defect):
            return Defect(value.code, value.message, shapes.child("$", name), value.hint)
        found[name] = value
        normalised["list_parsed"] += 1
    return found


def is_list_text(value: object) -> bool:
    """Whether a value is text that begins like a list."""
    return isinstance(value, str) and value.lstrip()[:1] == "["


def without_nulls(document: Document, normalised: Counter[str]) -> Document:
    """Leave out the null fields of a record, of its messages and of their blocks, and nothing further in.

    What tools are called with keeps its nulls: there, they may mean something.
    """
    found = _present(document, normalised)
    for name in sharegpt.NAMES:
        if isinstance(turns := found.get(name), list):
            found[name] = [_turn(item, normalised) for item in turns]
    return found


def _turn(item: Any, normalised: Counter[str]) -> Any:
    if not isinstance(item, Mapping):
        return item
    turn = _present(item, normalised)
    if isinstance(content := turn.get("content"), list):
        turn["content"] = [_present(block, normalised) if isinstance(block, Mapping) else block for block in content]
    return turn


def _present(found: Mapping[str, Any], normalised: Counter[str]) -> dict[str, Any]:
    present = {name: value for name, value in found.items() if value is not None}
    if nulls := len(found) - len(present):
        normalised["null_left_out"] += nulls
    return present
