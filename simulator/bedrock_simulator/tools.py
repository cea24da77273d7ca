"""Converse's content blocks: text, or toolUse of tools that were offered.

A model calls them where its answer is a JSON list of calls, where the request says that it must, and where the latest
text of the user names one.
"""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_simulator.prompts import Answer

Block = dict[str, Any]
_PIECE = re.compile(r".{1,12}", re.DOTALL)
_PLAIN = {"integer": 1, "number": 1, "boolean": True, "array": [], "object": {}, "null": None}


def blocks(answered: Answer, tool_config: Mapping[str, Any] | None, question: str = "") -> tuple[list[Block], str]:
    """The content of an answer and its stop reason; an answer that was cut off is text."""
    config = tool_config or {}
    offered = {tool["toolSpec"]["name"]: tool["toolSpec"] for tool in config.get("tools", ()) if "toolSpec" in tool}
    calls = _calls(answered.text) if answered.stop_reason == "end_turn" else []
    if not calls or not all(call["name"] in offered for call in calls):
        calls = (
            _by_rule(offered, config.get("toolChoice") or {}, question) if answered.stop_reason == "end_turn" else []
        )
    if not calls:
        return [{"text": answered.text}], answered.stop_reason
    return [{"toolUse": _use(call)} for call in calls], "tool_use"


def events(content: list[Block], pieces: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The stream's events of the blocks; text and the input of a tool come in pieces."""
    for index, block in enumerate(content):
        place = {"contentBlockIndex": index}
        if use := block.get("toolUse"):
            yield "contentBlockStart", {"start": {"toolUse": {k: use[k] for k in ("toolUseId", "name")}}, **place}
            for piece in _PIECE.findall(json.dumps(use["input"])):
                yield "contentBlockDelta", {"delta": {"toolUse": {"input": piece}}, **place}
        for piece in () if use else pieces:
            yield "contentBlockDelta", {"delta": {"text": piece}, **place}
        yield "contentBlockStop", place


def _by_rule(offered: Mapping[str, Any], choice: Mapping[str, Any], question: str) -> list[dict[str, Any]]:
    """The one call that the request demands, or that the question names."""
    named = [name for name in offered if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", question)]
    if "tool" in choice:
        named = [choice["tool"]["name"]]
    elif "any" in choice:
        named = named or list(offered)
    return [{"name": name, "arguments": _arguments(offered[name], question)} for name in named[:1] if name in offered]


def _arguments(spec: Mapping[str, Any], question: str) -> dict[str, Any]:
    """A value for each required argument: the question for a text, the first of an enumeration."""
    schema = spec.get("inputSchema", {}).get("json") or {}
    properties = schema.get("properties") or {}
    return {name: _value(properties.get(name) or {}, question) for name in schema.get("required") or ()}


def _value(schema: Mapping[str, Any], question: str) -> Any:
    return schema["enum"][0] if schema.get("enum") else _PLAIN.get(str(schema.get("type")), question)


def _calls(text: str) -> list[dict[str, Any]]:
    """The calls that a text makes, `[{"name": ..., "arguments": {...}}, ...]`; none if it is anything else."""
    try:
        made = json.loads(text)
    except ValueError:
        return []
    return made if isinstance(made, list) and all(map(_is_call, made)) else []


def _is_call(made: object) -> bool:
    return (
        isinstance(made, dict)
        and made.keys() <= {"name", "arguments"}
        and isinstance(made.get("name"), str)
        and isinstance(made.get("arguments", {}), dict)
    )


def _use(call: Mapping[str, Any]) -> dict[str, Any]:
    return {"toolUseId": f"tooluse_{uuid.uuid4().hex[:22]}", "name": call["name"], "input": call.get("arguments", {})}
