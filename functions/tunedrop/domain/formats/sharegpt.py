"""ShareGPT: `{"conversations": [{"from": "human", "value": …}, {"from": "gpt", …}]}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tunedrop.domain.formats import openai_chat, shapes
from tunedrop.domain.records import weights
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Block, Document, Reading, Turn

EXAMPLE = (
    '{"conversations": [{"from": "human", "value": "How do I reset my thermostat?"}, '
    '{"from": "gpt", "value": "Hold the dial for ten seconds."}]}'
)
NAMES = ("conversations", "conversation", "messages")
"""Fields that may hold the turns."""

ROLES = {"human": "user", "user": "user", "gpt": "assistant", "chatgpt": "assistant", "assistant": "assistant"}
"""Roles by the names of speakers."""
_TURN = shapes.Fields(required=("from", "value"), ignored=frozenset({*weights.MARKS, "markdown"}))


def list_name(names: frozenset[str]) -> str | None:
    """The field that holds the turns, among field names folded to lower case; None if there is none."""
    return next((name for name in NAMES if name in names), None)


def detect(turns: Any) -> bool:
    """Whether a value is a list of turns in this format, judged by the first."""
    first = turns[0] if isinstance(turns, list) and turns else None
    return isinstance(first, Mapping) and "from" in first and "role" not in first


def read(document: Document) -> Reading:
    """Read a record: human becomes user, gpt assistant. Any other speaker keeps its name, which a check refuses."""
    name = list_name(frozenset(document)) or NAMES[0]
    defined = openai_chat.tools(document)
    fields = shapes.Fields((name,), ("system", *defined), shapes.METADATA | ({"tools"} - defined.keys()))
    defects = [*fields.unknown(document, "$")]
    try:
        opening = shapes.system(document) if document.get("system") else ()
        listed = shapes.items(shapes.required(document, name, "$"), f"$.{name}")
        turns = [_turn(item, f"$.{name}[{index}]", defects) for index, item in enumerate(listed)]
    except shapes.WrongShape as wrong:
        return Reading(None, (*defects, wrong.defect))
    left_out = [note for item in listed for note in _TURN.left_out(item)]
    record, nothing, cut = weights.cut(openai_chat.with_system(opening, turns), f"$.{name}")
    normalised = (*fields.left_out(document), *left_out, *cut)
    return Reading(replace(record, tools=(*defined.values(),)), (*defects, *nothing), normalised)


def _turn(item: Any, path: str, defects: list[Defect]) -> Turn:
    said = shapes.fields(item, path)
    defects += [*_TURN.unknown(said, path), *weights.defects(said, path)]
    side = shapes.text(shapes.required(said, "from", path), f"{path}.from")
    text = shapes.text(shapes.required(said, "value", path), f"{path}.value")
    return Turn(path, ROLES.get(side, side), (Block(f"{path}.value", text),), weights.is_learned(said), "from")
