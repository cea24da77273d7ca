"""Content blocks and tools of a Messages request as Converse's, and what has no place there. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tunedrop.domain.base_models.catalogue import Answerable
from tunedrop.domain.messages.api_errors import invalid
from tunedrop.domain.messages.messages_request import MessageBlock, MessagesRequest

_IMAGES: Mapping[str, str] = MappingProxyType(
    {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
)
_NEUTRAL: Mapping[str, Sequence[Any]] = MappingProxyType(
    {"citations": (None, {"enabled": False}), "context": (None, ""), "caller": (None, {"type": "direct"})}
)
"""Fields that change nothing with these values."""
_KEYS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "text": frozenset({"text"}),
        "image": frozenset({"source"}),
        "document": frozenset({"source", "title"}),
        "tool_use": frozenset({"id", "name", "input"}),
        "tool_result": frozenset({"tool_use_id", "content", "is_error"}),
    }
)
_RESULT_BLOCKS = ("text", "image", "document")
_NOT_IN_A_NAME = re.compile(r"[^0-9A-Za-z\-()\[\]]+")
_LONGEST_NAME = 200  # docs/facts.md#converse


def block(given: MessageBlock, place: str, takes: frozenset[Answerable]) -> dict[str, Any]:
    """One block of a turn. Raises ApiError naming what the base model, which `takes` these, can't be given."""
    kind = str(given["type"])
    needed = "tools" if kind.startswith("tool_") else kind
    if kind != "text" and needed not in takes:
        able = ", ".join(("text", *sorted(takes)))
        raise invalid(f"{place}.type", f"the base model of this deployment takes {able}, not {kind}")
    _known(given, kind, place)
    match kind:
        case "text":
            return {"text": given["text"]}
        case "image":
            return _image(given, place)
        case "document":
            return _document(given, place)
        case "tool_use":
            return _tool_use(given, place)
        case _:
            return _tool_result(given, place, takes)


def tool_config(request: MessagesRequest, takes: frozenset[Answerable]) -> dict[str, Any] | None:
    """The request's tools and which of them it wants called; None if it offers none. Raises ApiError."""
    if (request.tools or request.tool_choice) and "tools" not in takes:
        name = "tools" if request.tools else "tool_choice"
        raise invalid(name, f"the base model of deployment {request.model!r} does not take it; leave it out")
    has_calls = any(each["type"].startswith("tool_") for turn in request.turns for each in turn.blocks)
    choice = _choice(request)
    if choice is None or not request.tools:
        if has_calls:
            raise invalid("tools", "name the tools, and let them be called: the messages hold calls or results")
        if choice:
            raise invalid("tool_choice", "there are no tools to choose from")
        return None
    config: dict[str, Any] = {"tools": [_tool(each, f"tools.{n}") for n, each in enumerate(request.tools)]}
    return config | ({"toolChoice": choice} if choice else {})


def _known(given: MessageBlock, kind: str, place: str) -> None:
    for name in sorted(given.keys() - _KEYS[kind] - {"type"}):
        if given[name] not in _NEUTRAL.get(name, ()):
            raise invalid(f"{place}.{name}", f"this deployment takes no {name} in a block of type {kind}")


def _image(given: MessageBlock, place: str) -> dict[str, Any]:
    source = _source(given, place)
    if source.get("type") != "base64" or source.get("media_type") not in _IMAGES:
        raise invalid(f"{place}.source", f"send the image in base64, as one of {', '.join(_IMAGES)}")
    return {"image": {"format": _IMAGES[source["media_type"]], "source": {"bytes": _bytes(source, place)}}}


def _document(given: MessageBlock, place: str) -> dict[str, Any]:
    source = _source(given, place)
    match source:
        case {"type": "base64", "media_type": "application/pdf"}:
            kind, content = "pdf", _bytes(source, place)
        case {"type": "text", "media_type": "text/plain", "data": str(text)} if text:
            kind, content = "txt", text.encode(errors="replace")
        case _:
            raise invalid(f"{place}.source", "send a PDF in base64, or a plain text")
    name = _document_name(given.get("title"), place)
    return {"document": {"format": kind, "name": name, "source": {"bytes": content}}}


def _document_name(title: object, place: str) -> str:
    """A name that Converse allows. It must differ from the others of a turn, and may be read as an instruction."""
    plain = _NOT_IN_A_NAME.sub(" ", title).strip() if isinstance(title, str) else ""
    number = "-".join(re.findall(r"\d+", place))
    return f"{plain[: _LONGEST_NAME - len(number) - 1]} {number}" if plain else f"document {number}"


def _source(given: MessageBlock, place: str) -> Mapping[str, Any]:
    source = given.get("source")
    if not isinstance(source, dict):
        raise invalid(f"{place}.source", "must be an object")
    return source


def _bytes(source: Mapping[str, Any], place: str) -> bytes:
    try:
        return base64.b64decode(source.get("data", ""), validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise invalid(f"{place}.source.data", "is not valid base64") from None


def _tool_use(given: MessageBlock, place: str) -> dict[str, Any]:
    match given:
        case {"id": str(call), "name": str(name), "input": dict(arguments)}:
            return {"toolUse": {"toolUseId": call, "name": name, "input": arguments}}
        case _:
            raise invalid(place, "a tool_use has `id`, `name` and an object as `input`")


def _tool_result(given: MessageBlock, place: str, takes: frozenset[Answerable]) -> dict[str, Any]:
    call = given.get("tool_use_id")
    if not isinstance(call, str):
        raise invalid(f"{place}.tool_use_id", "must be the id of a tool_use")
    result = {"toolUseId": call, "content": list(_said(given.get("content"), f"{place}.content", takes))}
    return {"toolResult": result | ({"status": "error"} if given.get("is_error") else {})}


def _said(content: object, place: str, takes: frozenset[Answerable]) -> Iterator[dict[str, Any]]:
    if isinstance(content, str):
        yield {"text": content}
    elif isinstance(content, list):
        for number, each in enumerate(content):
            if not isinstance(each, dict) or each.get("type") not in _RESULT_BLOCKS:
                raise invalid(f"{place}.{number}.type", f"must be one of {', '.join(_RESULT_BLOCKS)}")
            if each["type"] == "text" and not isinstance(each.get("text"), str):
                raise invalid(f"{place}.{number}.text", "must be a text")
            yield block(each, f"{place}.{number}", takes)
    elif content is not None:
        raise invalid(place, "must be a text or a list of blocks")


def _tool(given: Mapping[str, Any], place: str) -> dict[str, Any]:
    if given.get("type") not in {None, "custom"}:
        raise invalid(f"{place}.type", "only tools of the caller's own are offered here, of type custom")
    for name in sorted(given.keys() - {"type", "name", "description", "input_schema"}):
        if given[name]:
            raise invalid(f"{place}.{name}", "this deployment takes type, name, description and input_schema of a tool")
    match given:
        case {"name": str(name), "input_schema": dict(schema)}:
            spec = {"name": name, "description": given.get("description"), "inputSchema": {"json": schema}}
            return {"toolSpec": {key: value for key, value in spec.items() if value}}
        case _:
            raise invalid(place, "a tool has `name` and an object as `input_schema`")


def _choice(request: MessagesRequest) -> dict[str, Any] | None:
    """Converse's toolChoice; empty if the request has none, None if it wants no tool called."""
    choice = request.tool_choice or {}
    if choice.get("disable_parallel_tool_use"):
        raise invalid("tool_choice.disable_parallel_tool_use", "this deployment can't promise that; leave it out")
    match choice:
        case {"type": "tool", "name": str(name)}:
            if name not in [each.get("name") for each in request.tools or ()]:
                raise invalid("tool_choice.name", f"no tool is called {name!r}")
            return {"tool": {"name": name}}
        case {"type": "auto" | "any" as kind}:
            return {str(kind): {}}
        case {"type": "none"}:
            return None
        case {**rest} if not rest:
            return {}
        case _:
            raise invalid("tool_choice.type", "must be one of auto, any, tool (with its `name`), none")
