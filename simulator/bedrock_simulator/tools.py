"""Converse's content blocks: text, or toolUse where an answer is a JSON list of calls of tools that were offered."""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_simulator.prompts import Answer

Block = dict[str, Any]


def blocks(answered: Answer, tool_config: Mapping[str, Any] | None) -> tuple[list[Block], str]:
    """The content of an answer and its stop reason; an answer that was cut off is text."""
    offered = {tool["toolSpec"]["name"] for tool in (tool_config or {}).get("tools", ()) if "toolSpec" in tool}
    calls = _calls(answered.text) if answered.stop_reason == "end_turn" else []
    if not calls or not all(call["name"] in offered for call in calls):
        return [{"text": answered.text}], answered.stop_reason
    return [{"toolUse": _use(call)} for call in calls], "tool_use"


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
