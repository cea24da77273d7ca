"""OpenAI's chat format: `{"messages": [{"role": "system" …}, …]}`, in which the system text is a message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Any

from tunedrop.domain.formats import claude_messages, shapes
from tunedrop.domain.records import weights
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Block, Document, Reading, Record, Turn

EXAMPLE = (
    '{"messages": [{"role": "system", "content": "You are the help desk of Larkspur Home."}, '
    '{"role": "user", "content": "How do I reset my thermostat?"}, '
    '{"role": "assistant", "content": "Hold the dial for ten seconds."}]}'
)
SYSTEM_ROLES = frozenset({"system", "developer"})

_TOOLS = ("tools", "functions")
_NO_TOOLS = frozenset({"", "[]", "{}", "null", "none", "[ ]"})
_TOOL_OPTIONS = frozenset({"parallel_tool_calls", "function_call", "tool_choice"})
_RECORD_MARKS = frozenset({*_TOOLS, *_TOOL_OPTIONS})
CALLS = ("tool_calls", "function_call")
"""Fields of a message that call tools."""
_MESSAGE_MARKS = frozenset({*CALLS, *weights.MARKS, "name", "refusal", "tool_call_id"})
_TOOL_ROLES = frozenset({"tool", "function"})
_MESSAGE = shapes.Fields(required=("role", "content"), ignored=frozenset(weights.MARKS))


def detect(document: Document) -> bool:
    """Whether an object with messages is OpenAI's: it has a system message or a field that only OpenAI uses."""
    messages = document.get("messages")
    if not _RECORD_MARKS.isdisjoint(document):
        return True
    return isinstance(messages, list) and any(_is_marked(item) for item in messages if isinstance(item, dict))


def _is_marked(message: Mapping[str, Any]) -> bool:
    role = message.get("role")
    known = isinstance(role, str) and role in SYSTEM_ROLES | _TOOL_ROLES
    return known or not _MESSAGE_MARKS.isdisjoint(message)


def read(document: Document, name: str = "messages") -> Reading:
    """Read a record. Leading system messages become system texts; later ones stay turns, which a check refuses.

    Tools are never dropped: definitions, calls and results are passed on unread. A conversation ends at its last answer
    to learn, by the messages' weights. Null fields count as absent.
    """
    document = _present(document)
    defined = tools(document)
    fields = shapes.Fields((name,), ("system", *defined), shapes.METADATA | (_RECORD_MARKS - defined.keys()))
    defects = [*fields.unknown(document, "$")]
    normalised = [*fields.left_out(document)]
    try:
        opening = shapes.system(document)
        messages = shapes.items(shapes.required(document, name, "$"), f"$.{name}")
        turns = [_turn(item, f"$.{name}[{index}]", defects, normalised) for index, item in enumerate(messages)]
    except shapes.WrongShape as wrong:
        return Reading(None, (*defects, wrong.defect))
    record, nothing, cut = weights.cut(with_system(opening, turns), f"$.{name}")
    return Reading(replace(record, tools=(*defined.values(),)), (*defects, *nothing), (*normalised, *cut))


def with_system(opening: tuple[Block, ...], turns: list[Turn]) -> Record:
    """Build a record whose system texts are `opening` and the leading system messages.

    Exports give records without a system text an empty system message, which is therefore ignored.
    """
    leading = list(takewhile(lambda turn: turn.role in SYSTEM_ROLES, turns))
    system = (*opening, *(block for turn in leading for block in turn.blocks if block.text != ""))
    return Record(system, tuple(turns[len(leading) :]))


def tools(document: Document) -> Mapping[str, Block]:
    """Definitions of tools, unread, by the fields that hold some."""
    return {name: Block(f"$.{name}", None, document[name]) for name in _TOOLS if not _is_none(document.get(name))}


def _is_none(given: Any) -> bool:
    """Whether there are no tools: null, an empty list, or text that says so."""
    return not given or (isinstance(given, str) and given.strip().casefold() in _NO_TOOLS)


def _present(found: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in found.items() if value is not None or name in {"content", "messages"}}


def _turn(item: Any, path: str, defects: list[Defect], normalised: list[str]) -> Turn:
    message = _present(shapes.fields(item, path))
    role = shapes.text(shapes.required(message, "role", path), f"{path}.role")
    made = calls(message, path)
    if role in _TOOL_ROLES:
        return Turn(path, role, (Block(path, None, item), *made))
    defects += [*_MESSAGE.unknown({name: message[name] for name in message if name not in CALLS}, path)]
    defects += weights.defects(message, path)
    normalised += _MESSAGE.left_out(message)
    content = shapes.required(message, "content", path) if not made else message.get("content")
    blocks = () if made and content is None else claude_messages.blocks(content, f"{path}.content", defects)
    return Turn(path, role, blocks + made, weights.is_learned(message))


def calls(message: Mapping[str, Any], path: str) -> tuple[Block, ...]:
    """A message's calls of tools, as blocks that are carried unread; an empty list of them is none."""
    return tuple(Block(f"{path}.{name}", None, message[name]) for name in CALLS if message.get(name))
