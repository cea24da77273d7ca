"""Rename one object's fields to what the formats call them, and remove those that hold no text of the record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tunedrop.domain.formats import alpaca, pairs, shapes, sharegpt
from tunedrop.domain.records.strict_json import JsonObject

_ANSWERS = frozenset({*pairs.ANSWERS, *sharegpt.NAMES})
"""Metadata is removed only beside one of these; otherwise it may be the answer."""
_RECORD = tuple({"system", "schemaVersion", "tools", *alpaca.NAMES, *pairs.QUESTIONS, *_ANSWERS})
_MESSAGE = ("role", "content", "from", "value")
_BLOCK = ("type", "text")

_ROLES = {
    **dict.fromkeys(("user", "human"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "model", "ai"), "assistant"),
    "system": "system",
}
_SPEAKERS = frozenset({"human", "gpt", "system", "user", "assistant"})
"""ShareGPT's own names, in which only case and blanks are mended."""

_BOOKKEEPING = shapes.METADATA | {"_id", "uid", "row", "row_id", "record_id", "line", "updated_at"}
_IDENTIFIER = re.compile(r"[\w.:+/-]{0,64}", re.ASCII)
"""A value of one word, which is not text to learn."""


def mend(document: JsonObject) -> tuple[JsonObject, tuple[str, ...]]:
    """Return the mended object and the mends made. Texts are never changed, and nothing ambiguous is."""
    mends: list[str] = []
    found = _renamed(document, _RECORD, mends)
    answered = not _ANSWERS.isdisjoint(found)
    found = {
        name: value for name, value in found.items() if not _carries_nothing(name, value, mends, answered=answered)
    }
    for name in sharegpt.NAMES:
        if isinstance(found.get(name), list):
            found[name] = [_message(item, mends) for item in found[name]]
    return found, tuple(dict.fromkeys(mends))


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
    message = dict(_spoken(_renamed(item, _MESSAGE, mends), mends))
    if isinstance(message.get("content"), list):
        message["content"] = [
            _renamed(block, _BLOCK, mends) if isinstance(block, dict) else block for block in message["content"]
        ]
    return message


def _spoken(message: JsonObject, mends: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield the message's fields, without null ones and with its role spelled as the formats do."""
    for name, value in message.items():
        said = value.strip().casefold() if isinstance(value, str) else None
        if name == "role" and said in _ROLES and _ROLES[said] != value:
            mends.append("role_renamed")
            yield name, _ROLES[said]
        elif name == "from" and said in _SPEAKERS and said != value:
            mends.append("role_renamed")
            yield name, said
        elif value is None and name not in _MESSAGE:
            mends.append("field_removed")
        else:
            yield name, value
