"""Fields of one object under the names that formats know; what carries no text of a record is taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tunedrop.domain.formats import alpaca, pairs, shapes, sharegpt
from tunedrop.domain.records.strict_json import JsonObject

_ANSWERS = frozenset({*pairs.ANSWERS, *sharegpt.NAMES})
"""Beside one of these, metadata is only that; else it may be the answer."""
_RECORD = tuple({"system", "schemaVersion", "tools", *alpaca.NAMES, *pairs.QUESTIONS, *_ANSWERS})
_MESSAGE = ("role", "content", "from", "value")
_BLOCK = ("type", "text")

_ROLES = {
    **dict.fromkeys(("user", "human"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "model", "ai"), "assistant"),
    "system": "system",
}
_SPEAKERS = frozenset({"human", "gpt", "system", "user", "assistant"})
"""ShareGPT's own names, of which only case and blanks are mended."""

_BOOKKEEPING = shapes.METADATA | {"_id", "uid", "row", "row_id", "record_id", "line", "updated_at"}
_IDENTIFIER = re.compile(r"[\w.:+/-]{0,64}", re.ASCII)
"""What a field's value may look like to be no text: one word."""


def mend(document: JsonObject) -> tuple[JsonObject, tuple[str, ...]]:
    """The object and what was done to it. Texts are never touched; where two meanings are possible, nothing is."""
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
    """`Prompt` or `prompt ` is prompt, unless prompt is there too, or both are."""
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
    """Whether a field of the record can go: an empty system text, null, or metadata of one word beside an answer."""
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
    """The message's fields, its role as formats spell it, without fields that are null."""
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
