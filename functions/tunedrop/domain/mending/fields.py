"""Rename one object's fields to what the formats call them, and remove those that hold no text of the record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tunedrop.domain.formats import alpaca, pairs, shapes, sharegpt
from tunedrop.domain.mending import almost_json, conversations, foreign_turns
from tunedrop.domain.reading import absent_values
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.strict_json import JsonObject

_ANSWERS = frozenset({*pairs.ANSWERS, *sharegpt.NAMES})
"""Metadata is removed only beside one of these; otherwise it may be the answer."""
_RECORD = tuple({"system", "schemaVersion", "tools", *alpaca.NAMES, *pairs.QUESTIONS, *_ANSWERS})
_MESSAGE = ("role", "content", "from", "value")
_BLOCK = ("type", "text")

_BOOKKEEPING = shapes.METADATA | {"_id", "uid", "row", "row_id", "record_id", "line", "updated_at"}
_IDENTIFIER = re.compile(r"[\w.:+/-]{0,64}", re.ASCII)
"""A value of one word, which is not text to learn."""


def mend(document: JsonObject, keep: frozenset[str] = frozenset()) -> tuple[JsonObject, tuple[str, ...]]:
    """Return the mended object and the mends made. Texts are never changed, and nothing ambiguous is.

    The fields to `keep` stay as they are.
    """
    mends: list[str] = []
    found = _renamed(document, tuple(name for name in _RECORD if name not in keep), mends)
    answered = not _ANSWERS.isdisjoint(found)
    found = {
        name: value
        for name, value in found.items()
        if name in keep or not _carries_nothing(name, value, mends, answered=answered)
    }
    parse_lists(found, absent_values.LISTS - keep, mends)
    for name in sharegpt.NAMES:
        if isinstance(found.get(name), list):
            found[name] = [_message(item, mends) for item in found[name]]
    foreign_turns.mend(found, mends)
    conversations.mend(found, mends)
    return found, tuple(dict.fromkeys(mends))


def parse_lists(document: JsonObject, named: frozenset[str], mends: list[str]) -> None:
    """Put lists in the place of the JSON, or of the Python notation, that stands for them."""
    for name in sorted(named & document.keys()):
        text = document[name]
        if not absent_values.is_list_text(text):
            continue
        found = strict_json.parse_cell(text)
        if isinstance(found, Defect):
            found, how = almost_json.mend_list(text)
            mends += how
        if isinstance(found, list):
            mends.append("list_parsed")
            document[name] = found


def _renamed(document: Mapping[str, Any], known: tuple[str, ...], mends: list[str]) -> JsonObject:
    """Rename `Prompt` or `prompt ` to prompt, unless that would make two fields of the same name."""
    folded = {name.casefold(): name for name in known}
    meant = {name: folded.get(shapes.fold(name), name) for name in document}
    targets = list(meant.values())
    renamed: JsonObject = {}
    for name, value in document.items():
        target = meant[name] if targets.count(meant[name]) == 1 else name
        if target != name:
            mends.append("field_renamed")
        renamed[target] = value
    return renamed


def _carries_nothing(name: str, value: Any, mends: list[str], *, answered: bool) -> bool:
    """Whether to remove a field: an empty system text, null, or metadata of one word beside an answer."""
    if name == "system" and (value in (None, [], {}) or (isinstance(value, str) and not value.strip())):
        mends.append("empty_system_removed")
        return True
    if name in _RECORD:
        return False
    if value is None or (answered and shapes.fold(name) in _BOOKKEEPING and _identifies(value)):
        mends.append("field_removed")
        return True
    return False


def _identifies(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and _IDENTIFIER.fullmatch(value) is not None)


def _message(item: Any, mends: list[str]) -> Any:
    if not isinstance(item, dict):
        return item
    message = _renamed(item, _MESSAGE, mends)
    if isinstance(message.get("content"), list):
        message["content"] = [
            _renamed(block, _BLOCK, mends) if isinstance(block, dict) else block for block in message["content"]
        ]
    return message
