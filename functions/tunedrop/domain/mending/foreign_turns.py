"""Write turns as LangChain and Vertex AI have them as OpenAI's, where nothing but their form differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunedrop.domain.formats import sharegpt
from tunedrop.domain.records.strict_json import JsonObject

_ROLES = {
    "human": "user",
    "ai": "assistant",
    "system": "system",
    "HumanMessage": "user",
    "AIMessage": "assistant",
    "SystemMessage": "system",
}
_OF_TOOLS = ("tool_calls", "invalid_tool_calls", "function_call", "tool_call_id")


def mend(document: JsonObject, mends: list[str]) -> None:
    """Rewrite the messages of an object in place, and what Vertex AI calls context; notes the mends."""
    for name in sharegpt.NAMES:
        turns = document.get(name)
        if not isinstance(turns, list) or not all(isinstance(turn, Mapping) for turn in turns):
            continue
        _context(document, turns, mends)
        written = [_openai(turn) for turn in turns]
        if turns and all(written):
            document[name] = written
            mends.append("turn_rewritten")


def _context(document: JsonObject, turns: list[Any], mends: list[str]) -> None:
    """Beside authors a context is the system text."""
    if all("author" in turn and "role" not in turn for turn in turns) and turns and "system" not in document:
        context = document.get("context")
        if isinstance(context, str) and context.strip():
            document["system"] = document.pop("context")
            mends.append("field_renamed")


def _openai(turn: Mapping[str, Any]) -> JsonObject | None:
    """A message of LangChain as OpenAI's; None if it is none, or holds more than a text."""
    if "role" in turn or "from" in turn:
        return None
    names = turn.get("id")
    role = _ROLES.get(names[-1]) if "lc" in turn and isinstance(names, list) and names and _is_name(names) else None
    inner = turn.get("kwargs") if role else turn.get("data", turn)
    role = role or (_ROLES.get(turn["type"]) if isinstance(turn.get("type"), str) else None)
    if role is None or not isinstance(inner, Mapping) or not isinstance(inner.get("content"), str):
        return None
    beside = inner.get("additional_kwargs")
    used = [found.get(name) for found in (inner, beside) if isinstance(found, Mapping) for name in _OF_TOOLS]
    return None if any(used) else {"role": role, "content": inner["content"]}


def _is_name(names: list[Any]) -> bool:
    return isinstance(names[-1], str)
