"""`bedrock-conversation-2024`: the Converse API's messages, content as lists of blocks (docs/facts.md#records)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from tunedrop.domain.formats import shapes
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Block, Document, Reading, Record, Written, as_json

NAME = "converse"
SCHEMA_VERSION = "bedrock-conversation-2024"  # docs/facts.md#records
EXAMPLE = (
    '{"schemaVersion": "bedrock-conversation-2024", "system": [{"text": "You are the help desk of Larkspur Home."}], '
    '"messages": [{"role": "user", "content": [{"text": "How do I reset my thermostat?"}]}, '
    '{"role": "assistant", "content": [{"text": "Hold the dial for ten seconds."}]}]}'
)

_RECORD = shapes.Fields(required=("messages",), optional=("schemaVersion", "system", "toolConfig"))
_TEXT_BLOCK = shapes.Fields(required=("text",))


def detect(document: Document) -> bool:
    """Whether an object with messages is in Converse format rather than Anthropic's."""
    if "schemaVersion" in document:
        return True
    first = _first_block(document)
    return isinstance(first, dict) and "type" not in first


def _first_block(document: Document) -> Any:
    messages = document.get("messages")
    items = messages if isinstance(messages, list) else []
    contents = [document.get("system"), *(item.get("content") for item in items if isinstance(item, dict))]
    return next((content[0] for content in contents if isinstance(content, list) and content), None)


def read(document: Document) -> Reading:
    """Read a record; blocks other than text, and definitions of tools, are passed on unread."""
    defects = list(_RECORD.unknown(document, "$"))
    try:
        shapes.text(document.get("schemaVersion", ""), "$.schemaVersion")
        system = _blocks(document.get("system", []), "$.system", defects)
        turns = shapes.messages(document, _blocks, defects)
    except shapes.WrongShape as wrong:
        return Reading(None, (*defects, wrong.defect))
    tools = (Block("$.toolConfig", None, document["toolConfig"]),) if "toolConfig" in document else ()
    return Reading(Record(system, turns, tools=tools), tuple(defects))


def _blocks(content: Any, path: str, defects: list[Defect]) -> tuple[Block, ...]:
    listed = shapes.items(content, path)
    return tuple(_block(item, f"{path}[{index}]", defects) for index, item in enumerate(listed))


def _block(item: Any, path: str, defects: list[Defect]) -> Block:
    block = shapes.fields(item, path)
    if "text" not in block:
        return Block(path, None, block)
    defects += _TEXT_BLOCK.unknown(block, path)
    return Block(path, shapes.text(block["text"], f"{path}.text"))


def obstacles(record: Record) -> Iterator[Defect]:
    """Yield nothing: this format holds any number of texts and turns."""
    yield from ()


def write(record: Record) -> Written:
    """Return the line for Bedrock."""
    line: dict[str, Any] = {"schemaVersion": SCHEMA_VERSION}
    if record.system:
        line["system"] = [_written(block) for block in record.system]
    line["messages"] = [
        {"role": turn.role, "content": [_written(block) for block in turn.blocks]} for turn in record.turns
    ]
    return Written(msgspec.json.encode(line) + b"\n")


def _written(block: Block) -> Any:
    """Blocks other than text are written unchanged: a check decides whether the base model takes them."""
    return block.opaque if block.text is None else {"text": as_json((block,))}
