"""Converse's content blocks: text, or toolUse.

A model calls tools where its answer is a JSON list of calls of tools that were offered, as trained on. By a plain rule,
any model calls one where it must, and where the last message names it.
"""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_simulator.prompts import Answer

Block = dict[str, Any]


def blocks(answered: Answer, parameters: Mapping[str, Any]) -> tuple[list[Block], str]:
    """The content of an answer to a call with these parameters, and its stop reason; one that was cut off is text."""
    config: Mapping[str, Any] = parameters.get("toolConfig") or {}
    offered = {tool["toolSpec"]["name"]: tool["toolSpec"] for tool in config.get("tools", ()) if "toolSpec" in tool}
    calls = _calls(answered.text) if answered.stop_reason == "end_turn" else []
    if not calls or not all(call["name"] in offered for call in calls):
        calls = _due(offered, config.get("toolChoice") or {}, parameters["messages"][-1])
    if not calls:
        return [{"text": answered.text}], answered.stop_reason
    return [{"toolUse": _use(call)} for call in calls], "tool_use"


def _due(
    offered: Mapping[str, Mapping[str, Any]], choice: Mapping[str, Any], message: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The call that a rule asks for: the tool that is chosen or, where any must be, the first; else one that is named.

    Once a result has come, only what is chosen is called again.
    """
    said = " ".join(block.get("text", "") for block in message["content"])
    named = [name for name in offered if name.lower() in said.lower()]
    if any("toolResult" in block for block in message["content"]):
        named = []
    name = (
        choice["tool"]["name"] if "tool" in choice else next(iter(named or (offered if "any" in choice else ())), None)
    )
    if name is None:
        return []
    schema = offered[name]["inputSchema"].get("json") or {}
    wanted = schema.get("required") or ()
    return [
        {"name": name, "arguments": {each: _value(schema.get("properties", {}).get(each), said) for each in wanted}}
    ]


def _value(schema: Mapping[str, Any] | None, said: str) -> Any:
    """Something that a property of that schema may be."""
    schema = schema or {}
    if schema.get("enum"):
        return schema["enum"][0]
    number = next(iter(re.findall(r"\d+", said)), "0")
    plain = {"integer": int(number), "number": int(number), "boolean": True, "array": [], "object": {}, "null": None}
    return plain.get(str(schema.get("type")), said[:80])


def events(content: list[Block], pieces: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The stream's events of the blocks; text comes in pieces, the input of a tool at once."""
    for index, block in enumerate(content):
        place = {"contentBlockIndex": index}
        if use := block.get("toolUse"):
            yield "contentBlockStart", {"start": {"toolUse": {k: use[k] for k in ("toolUseId", "name")}}, **place}
            yield "contentBlockDelta", {"delta": {"toolUse": {"input": json.dumps(use["input"])}}, **place}
        for piece in () if use else pieces:
            yield "contentBlockDelta", {"delta": {"text": piece}, **place}
        yield "contentBlockStop", place


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
