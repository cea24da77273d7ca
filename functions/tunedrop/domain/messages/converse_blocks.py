"""Content blocks of the Messages API as Converse's: text, images, documents, calls of tools and their results."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from tunedrop.domain.base_models.catalogue import Answering
from tunedrop.domain.messages.api_errors import ApiError, invalid
from tunedrop.domain.messages.messages_request import MessageBlock

ConverseBlock = dict[str, Any]

_IMAGES = {f"image/{form}": form for form in ("png", "jpeg", "gif", "webp")}
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9\-()\[\]]+")
"""Documents are named by letters, digits, single blanks, hyphens and brackets (docs/facts.md#converse)."""
_LONGEST_NAME = 200
NO_OUTPUT = "(no output)"
"""The text of an empty tool result: Converse takes no empty text."""


class DocumentNames:
    """DocumentNames documents of one request, each differently: Converse refuses two of the same name."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def name(self, title: object) -> str:
        """A name like the title, or `document`."""
        plain = _NOT_IN_A_NAME.sub(" ", title).strip() if isinstance(title, str) else ""
        first = plain[: _LONGEST_NAME - 8].strip() or "document"
        name, number = first, 1
        while name in self._given:
            number += 1
            name = f"{first} {number}"
        self._given.add(name)
        return name


def of(block: MessageBlock, place: str, can: Answering, names: DocumentNames | None = None) -> ConverseBlock:
    """The block as Converse takes it. Raises ApiError naming `place`, for what the model cannot read."""
    kind = block["type"]
    if kind in ("image", "document") and kind not in can.reads:
        raise _unreadable(place, kind, can)
    if kind in ("tool_use", "tool_result") and not can.tool_choices:
        raise _unreadable(place, kind, can)
    if (translate := _KINDS.get(kind)) is None:
        raise _unreadable(place, kind, can)
    return translate(block, place, can, names or DocumentNames())


def text(block: MessageBlock, place: str) -> ConverseBlock:
    """A text block. Raises ApiError if it has anything else."""
    _only(block, place, "text")
    return {"text": block["text"]}


def _unreadable(place: str, kind: str, can: Answering) -> ApiError:
    takes = ["text", *sorted(can.reads), *(("tool_use", "tool_result") if can.tool_choices else ())]
    return invalid(f"{place}.type", f"this deployment takes {', '.join(takes)}, not {kind}")


def _only(block: Mapping[str, Any], place: str, *fields: str) -> None:
    if unknown := sorted(block.keys() - {"type", *fields}):
        raise invalid(f"{place}.{unknown[0]}", f"a block of this deployment has type, {', '.join(fields)} only")


def _text(block: MessageBlock, place: str, _: Answering, __: DocumentNames) -> ConverseBlock:
    return text(block, place)


def _image(block: MessageBlock, place: str, _: Answering, __: DocumentNames) -> ConverseBlock:
    _only(block, place, "source")
    source = _source(block, place)
    form = _IMAGES.get(str(source.get("media_type")))
    if source["type"] != "base64" or form is None:
        raise invalid(f"{place}.source", f"must have type base64 and a media_type of {', '.join(_IMAGES)}")
    return {"image": {"format": form, "source": {"bytes": _data(source, place)}}}


def _document(block: MessageBlock, place: str, _: Answering, names: DocumentNames) -> ConverseBlock:
    _only(block, place, "source", "title", "context", "citations")
    if (block.get("citations") or {}).get("enabled"):
        raise invalid(f"{place}.citations", "this deployment cites nothing; leave it out")
    if block.get("context") is not None:
        raise invalid(f"{place}.context", "this deployment has no place for it; say it in a text block")
    source = _source(block, place)
    match source:
        case {"type": "base64", "media_type": "application/pdf"}:
            form, data = "pdf", _data(source, place)
        case {"type": "text", "media_type": "text/plain", "data": str(words)} if words:
            form, data = "txt", words.encode()
        case _:
            allowed = "must be base64 of application/pdf, or text of text/plain"
            raise invalid(f"{place}.source", allowed)
    return {"document": {"format": form, "name": names.name(block.get("title")), "source": {"bytes": data}}}


def _source(block: MessageBlock, place: str) -> Mapping[str, Any]:
    source = block.get("source")
    if not isinstance(source, Mapping) or not isinstance(source.get("type"), str):
        raise invalid(f"{place}.source", "must be an object with a type")
    return source


def _data(source: Mapping[str, Any], place: str) -> bytes:
    try:
        data = base64.b64decode(source["data"], validate=True)
    except (KeyError, TypeError, binascii.Error, ValueError):
        data = b""
    if not data:
        raise invalid(f"{place}.source.data", "must be base64 of something")
    return data


def _tool_use(block: MessageBlock, place: str, _: Answering, __: DocumentNames) -> ConverseBlock:
    _only(block, place, "id", "name", "input", "caller")
    for field in ("id", "name"):
        if not isinstance(block.get(field), str) or not block[field]:
            raise invalid(f"{place}.{field}", "must be a non-empty text")
    if not isinstance(block.get("input"), Mapping):
        raise invalid(f"{place}.input", "must be an object")
    return {"toolUse": {"toolUseId": block["id"], "name": block["name"], "input": block["input"]}}


def _tool_result(block: MessageBlock, place: str, can: Answering, names: DocumentNames) -> ConverseBlock:
    _only(block, place, "tool_use_id", "content", "is_error")
    if not isinstance(block.get("tool_use_id"), str) or not block["tool_use_id"]:
        raise invalid(f"{place}.tool_use_id", "must be a non-empty text")
    content = [of(each, at, can, names) for each, at in _results(block.get("content"), place)]
    result = {"toolUseId": block["tool_use_id"], "content": content or [{"text": NO_OUTPUT}]}
    return {"toolResult": result | ({"status": "error"} if block.get("is_error") else {})}


def _results(content: object, place: str) -> list[tuple[MessageBlock, str]]:
    if content is None or content == "":
        return []
    if isinstance(content, str):
        return [({"type": "text", "text": content}, place)]
    if not isinstance(content, list):
        raise invalid(f"{place}.content", "must be a text or a list of blocks")
    found = []
    for number, each in enumerate(content):
        at = f"{place}.content.{number}"
        if not isinstance(each, Mapping) or each.get("type") not in ("text", "image", "document"):
            raise invalid(f"{at}.type", "must be one of text, image, document")
        if each["type"] == "text" and not isinstance(each.get("text"), str):
            raise invalid(f"{at}.text", "must be a text")
        if each.get("text") != "":
            found.append((each, at))
    return found


_KINDS: Mapping[str, Callable[[MessageBlock, str, Answering, DocumentNames], ConverseBlock]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
}
