r"""Tools written as text and read back: the rendering `json-blocks-1` of definitions, calls and results of tools. Pure.

Whoever prepares records for training and whoever calls the tuned model use this module, so that both see one form.

A text is a sequence of items, each on lines of its own, joined by line feeds. A definition, a call or a result is one
line: a mark, a JSON object, the mark's end.

    <tool>{"name": "find_order", "description": "…", "parameters": {…}}</tool>
    <tool_call>{"name": "find_order", "arguments": {"order": 7}}</tool_call>
    <tool_result>{"call": 1, "content": "shipped"}</tool_result>

- A call has no id, which a model could only learn to invent. A result says which call of the answer before it is
  meant, counted from 1.
- A line of any other text that begins with such a mark, after any number of backslashes, gets one more backslash.
- Inside the JSON, a word that a base model reserves has one of its characters as `\u00XX`: such words fail a job.

So `parse(render(items)) == items`, for items without empty texts and without two texts in a row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, NoReturn

Rendering = Literal["json-blocks-1"]
RENDERING: Rendering = "json-blocks-1"
"""A change to what is written here needs another name: models were trained on it."""

RESERVED = (
    *("User:", "Bot:", "Assistant:", "System:", "USER:", "BOT:", "ASSISTANT:", "SYSTEM:", "Thought:"),
    *("<image>", "<video>", "<unk>", "[EOS]"),
)
"""The words that are escaped in JSON: the catalogue's. Those that begin with a line feed cannot stand in a line."""

_MARKED = re.compile(r"^(?=\\*<tool(?:_call|_result)?>)", re.MULTILINE)
_ESCAPED = re.compile(r"^\\(?=\\*<tool(?:_call|_result)?>)", re.MULTILINE)
_BLOCK = re.compile(r"<(tool(?:_call|_result)?)>(\{.*\})</\1>", re.DOTALL)
_WORDS = re.compile("|".join(map(re.escape, RESERVED)))
_SIGN = re.compile(r"\W")


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """A tool that may be called."""

    name: str
    description: str | None = None
    parameters: Mapping[str, Any] | None = None
    """The JSON Schema of its arguments; None if it takes none."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that an answer makes."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered."""

    call: int
    """Which call of the answer before it, counted from 1."""
    content: str | Sequence[Mapping[str, Any]]
    """A text, or Converse's blocks of another number or kind: each `{"text": …}` or `{"json": …}`."""
    is_error: bool = False


Item = str | ToolDefinition | ToolCall | ToolResult
"""A text, or a block."""


def render(items: Sequence[Item]) -> str:
    """Write the items of a system text or a turn as one text. Their values are those of JSON."""
    return "\n".join(escaped(item) if isinstance(item, str) else _block(*_written(item)) for item in items)


def parse(text: str) -> tuple[Item, ...]:
    """Read a text as its items. Never raises: what looks like a block, and is none, is text."""
    found = [(_read(line), line) for line in text.split("\n")] if text else []
    return tuple(_items(found))


def escaped(text: str) -> str:
    """The text with a backslash before each line that could be taken for a block."""
    return _MARKED.sub(r"\\", text)


def _items(lines: Sequence[tuple[Item | None, str]]) -> Iterator[Item]:
    for is_text, group in groupby(lines, lambda each: each[0] is None):
        if is_text:
            yield _ESCAPED.sub("", "\n".join(line for _, line in group))
        else:
            yield from (item for item, _ in group if item is not None)


def _written(item: ToolDefinition | ToolCall | ToolResult) -> tuple[str, Mapping[str, Any]]:
    match item:
        case ToolDefinition(name, description, parameters):
            given = {"name": name, "description": description, "parameters": parameters}
            return "tool", {key: value for key, value in given.items() if value is not None}
        case ToolCall(name, arguments):
            return "tool_call", {"name": name, "arguments": arguments}
        case ToolResult(call, content, is_error):
            said = content if isinstance(content, str) else list(content)
            return "tool_result", {"call": call, "content": said, **({"is_error": True} if is_error else {})}


def _block(mark: str, content: Mapping[str, Any]) -> str:
    written = json.dumps(content, ensure_ascii=False, allow_nan=False)
    return f"<{mark}>{_WORDS.sub(_without_word, written)}</{mark}>"


def _without_word(word: re.Match[str]) -> str:
    return _SIGN.sub(lambda sign: f"\\u{ord(sign[0]):04x}", word[0], count=1)


def _read(line: str) -> ToolDefinition | ToolCall | ToolResult | None:
    found = _BLOCK.fullmatch(line)
    if found is None:
        return None
    try:
        content = json.loads(found[2], object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return _READERS[found[1]](content)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _definition(content: Mapping[str, Any]) -> ToolDefinition | None:
    match content:
        case {"name": str(name), **rest} if rest.keys() <= {"description", "parameters"}:
            description, parameters = rest.get("description"), rest.get("parameters")
            if isinstance(description, str | None) and isinstance(parameters, dict | None):
                return ToolDefinition(name, description, parameters)
    return None


def _call(content: Mapping[str, Any]) -> ToolCall | None:
    match content:
        case {"name": str(name), "arguments": dict(arguments), **rest} if not rest:
            return ToolCall(name, arguments)
    return None


def _result(content: Mapping[str, Any]) -> ToolResult | None:
    match content:
        case {"call": int(call), "content": str(said) | list(said), **rest} if rest in ({}, {"is_error": True}):
            if type(call) is int and (isinstance(said, str) or all(map(_is_result_block, said))):
                return ToolResult(call, said if isinstance(said, str) else tuple(said), bool(rest))
    return None


def _is_result_block(block: object) -> bool:
    match block:
        case {"text": str(_), **rest} | {"json": _, **rest}:
            return not rest
    return False


_READERS: Mapping[str, Callable[[Mapping[str, Any]], ToolDefinition | ToolCall | ToolResult | None]] = {
    "tool": _definition,
    "tool_call": _call,
    "tool_result": _result,
}
