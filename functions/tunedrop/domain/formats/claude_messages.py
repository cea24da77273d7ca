"""`{"system": …, "messages": [{"role": …, "content": …}]}`: Anthropic's messages (docs/facts.md#records)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from tunedrop.domain.formats import shapes
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Block, Document, Reading, Record, Written, as_json, block_joins

NAME = "messages"
EXAMPLE = (
    '{"system": "You are the help desk of Larkspur Home.", "messages": ['
    '{"role": "user", "content": "How do I reset my thermostat?"}, '
    '{"role": "assistant", "content": "Hold the dial for ten seconds."}]}'
)

_RECORD = shapes.Fields(required=("messages",), optional=("system",))
_TEXT_BLOCK = shapes.Fields(required=("type", "text"))


def detect(names: frozenset[str]) -> bool:
    """Whether field names, folded to lower case, are those of this format or of Converse."""
    return "messages" in names


def read(document: Document) -> Reading:
    """Read a record; content may be a string or, as in the Messages API, a list of blocks."""
    defects = list(_RECORD.unknown(document, "$"))
    try:
        system = shapes.system(document)
        turns = shapes.messages(document, blocks, defects)
    except shapes.WrongShape as wrong:
        return Reading(None, (*defects, wrong.defect))
    return Reading(Record(system, turns), tuple(defects))


def blocks(content: Any, path: str, defects: list[Defect]) -> tuple[Block, ...]:
    """Read a message's content, a string or a list of blocks; only text blocks are parsed. Raises WrongShape."""
    if isinstance(content, str):
        return (Block(path, content),)
    if not isinstance(content, list):
        raise shapes.wrong_type(path, "a string", content)
    return tuple(_block(item, f"{path}[{index}]", defects) for index, item in enumerate(content))


def _block(item: Any, path: str, defects: list[Defect]) -> Block:
    block = shapes.fields(item, path)
    if shapes.required(block, "type", path) != "text":
        return Block(path, None, block)
    defects += _TEXT_BLOCK.unknown(block, path)
    return Block(path, shapes.text(shapes.required(block, "text", path), f"{path}.text"))


def obstacles(record: Record) -> Iterator[Defect]:
    """Yield what this format has no place for: it has one system text, as a string."""
    if len(record.system) > 1:
        yield Defect(
            "not_expressible",
            f"{len(record.system)} system texts; the format holds one, and nothing is joined silently.",
            record.system[1].path,
            hint="Write them as one system text.",
        )


def write(record: Record) -> Written:
    """Return the line for Bedrock, content as plain strings: training takes nothing else (docs/facts.md#records)."""
    messages = [{"role": turn.role, "content": as_json(turn.blocks)} for turn in record.turns]
    opening = {"system": as_json(record.system)} if record.system else {}
    return Written(msgspec.json.encode(opening | {"messages": messages}) + b"\n", block_joins(record))
