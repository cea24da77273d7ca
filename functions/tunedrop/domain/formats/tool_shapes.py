"""Definitions, calls and results of tools as OpenAI, Anthropic and Converse write them, read as one kind of value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.formats import foreign_blocks, shapes
from tunedrop.domain.formats.shapes import Fields, WrongShape
from tunedrop.domain.records import strict_json
from tunedrop.domain.records.defects import Defect, kind, shown
from tunedrop.domain.records.record import Block
from tunedrop.domain.texts.tool_blocks import ToolCall, ToolDefinition

CALLS = frozenset({"tool_calls", "function_call", "tool_use", "toolUse"})
RESULTS = frozenset({"tool_result", "toolResult"})
RESULT_ROLES = frozenset({"tool", "function", "observation", "tool_response", "function_response"})
"""Roles of turns that are results: OpenAI's, its old one, and those of ShareGPT's relatives."""
CALL_ROLES = frozenset({"function_call", "tool_call"})
"""Roles by which ShareGPT's relatives mark a turn that is calls, as JSON text."""

_TOOL = Fields(("function",), ("type",))
_DEFINITION = Fields(("name",), ("description", "parameters", "type"), frozenset({"strict"}))
_ANTHROPIC = Fields(("name",), ("description", "input_schema", "type"), frozenset({"strict", "cache_control"}))
_SPEC = Fields(("name",), ("description", "inputSchema"), frozenset({"strict"}))
_OPENAI_CALL = Fields(("function",), ("id", "type"), frozenset({"index"}))
_FUNCTION = Fields(("name",), ("arguments",))
_USE = Fields(("name",), ("id", "input", "type"), frozenset({"cache_control", "caller"}))
_TOOL_USE = Fields(("name",), ("toolUseId", "input"))
_MESSAGE = Fields(("role",), ("content", "tool_call_id", "name"))
_RESULT = Fields(("tool_use_id",), ("content", "is_error", "type"), frozenset({"cache_control"}))
_TOOL_RESULT = Fields(("toolUseId",), ("content", "status"))


@dataclass(frozen=True, slots=True)
class Made:
    """A call, and what its results name it by, if anything."""

    call: ToolCall
    id: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """A result: which call it names by an id or by the tool's name, if any, and what the tool answered."""

    path: str
    id: str | None
    name: str | None
    content: str | tuple[Mapping[str, Any], ...]
    is_error: bool = False


def definitions(block: Block, left_out: list[str]) -> Iterator[ToolDefinition]:
    """The definitions that a record's field of tools holds; notes on what is left out are appended. Raises WrongShape.

    OpenAI's `tools` and `functions`, Anthropic's `tools`, Converse's `toolConfig`.
    """
    listed, path = block.opaque, block.path
    if path.endswith(".toolConfig"):
        config = _known(listed, Fields(("tools",), (), frozenset({"toolChoice"})), path, left_out)
        listed, path = shapes.required(config, "tools", path), f"{path}.tools"
    for index, item in enumerate(shapes.items(listed, path)):
        yield _definition(shapes.fields(item, f"{path}[{index}]"), f"{path}[{index}]", left_out)


def _definition(tool: Mapping[str, Any], path: str, left_out: list[str]) -> ToolDefinition:
    if "toolSpec" in tool:
        spec = _known(tool["toolSpec"], _SPEC, f"{path}.toolSpec", left_out)
        schema = shapes.fields(spec.get("inputSchema", {}), f"{path}.toolSpec.inputSchema").get("json")
        return _defined(spec, schema, f"{path}.toolSpec")
    if tool.get("type") == "function" and "function" in tool:
        tool, path = _known(tool, _TOOL, path, left_out)["function"], f"{path}.function"
    elif tool.get("type", "custom") not in ("custom", "function"):
        raise _not_expressible(f"A tool of the type {shown(tool['type'])}, which is no function.", path)
    if "input_schema" in shapes.fields(tool, path):
        return _defined(_known(tool, _ANTHROPIC, path, left_out), tool["input_schema"], path)
    return _defined(_known(tool, _DEFINITION, path, left_out), tool.get("parameters"), path)


def _defined(given: Mapping[str, Any], schema: Any, path: str) -> ToolDefinition:
    description = given.get("description")
    return ToolDefinition(
        shapes.text(shapes.required(given, "name", path), f"{path}.name"),
        None if description is None else shapes.text(description, f"{path}.description"),
        None if schema is None else shapes.fields(schema, path),
    )


def calls(block: Block, left_out: list[str]) -> Sequence[Made]:
    """The calls that a block of one of the kinds CALLS makes. Raises WrongShape."""
    path, found = block.path, block.opaque
    match foreign_blocks.kind_of(block):
        case "tool_calls":
            return [
                _openai_call(item, f"{path}[{index}]", left_out) for index, item in enumerate(shapes.items(found, path))
            ]
        case "function_call":
            return [Made(_function(found, path, left_out), None)]
        case "tool_use":
            use = _known(found, _USE, path, left_out)
            return [Made(_called(use, use.get("input"), path, f"{path}.input"), _id(use, "id", path))]
    use = _known(found["toolUse"], _TOOL_USE, f"{path}.toolUse", left_out)
    call = _called(use, use.get("input"), f"{path}.toolUse", f"{path}.toolUse.input")
    return [Made(call, _id(use, "toolUseId", f"{path}.toolUse"))]


def told_calls(text: str, path: str, left_out: list[str]) -> Sequence[Made]:
    """The calls that a turn of CALL_ROLES tells as JSON text: one, or a list of them. Raises WrongShape."""
    found = _parsed(text, path)
    listed = found if isinstance(found, list) else [found]
    return [Made(_function(item, path, left_out), None) for item in listed]


def _openai_call(item: Any, path: str, left_out: list[str]) -> Made:
    call = shapes.fields(item, path)
    if call.get("type") not in (None, "function"):
        raise _not_expressible(f"A call of the type {shown(call['type'])}, which is no function's.", path)
    _known(call, _OPENAI_CALL, path, left_out)
    function = shapes.required(call, "function", path)
    return Made(_function(function, f"{path}.function", left_out), _id(call, "id", path))


def _function(found: Any, path: str, left_out: list[str]) -> ToolCall:
    function = _known(found, _FUNCTION, path, left_out)
    return _called(function, function.get("arguments"), path, f"{path}.arguments")


def _called(call: Mapping[str, Any], arguments: Any, path: str, place: str) -> ToolCall:
    """A call with its arguments, an object or its JSON text; a blank text is none."""
    name = shapes.text(shapes.required(call, "name", path), f"{path}.name")
    given = arguments.strip() if isinstance(arguments, str) else arguments
    if given is None or given == "":
        return ToolCall(name, {})
    found = _parsed(given, place) if isinstance(given, str) else given
    if not isinstance(found, dict):
        message = f"Expected an object of arguments, found {kind(found)}."
        raise WrongShape(Defect("wrong_type", message, place, hint=_AS_JSON))
    return ToolCall(name, found)


def result(block: Block, left_out: list[str]) -> Answered:
    """The result that a block of one of the kinds RESULTS, or a message of RESULT_ROLES, holds. Raises WrongShape."""
    path, found = block.path, block.opaque
    if "toolResult" in found:
        path = f"{path}.toolResult"
        told = _known(found["toolResult"], _TOOL_RESULT, path, left_out)
        name, failed = "toolUseId", told.get("status") == "error"
    elif "role" in found:
        told = _known(found, _MESSAGE, path, left_out)
        name, failed = "tool_call_id", False
    else:
        told = _known(found, _RESULT, path, left_out)
        name, failed = "tool_use_id", told.get("is_error") is True
    return Answered(path, _id(told, name, path), told.get("name"), _content(told, f"{path}.content"), failed)


def _content(told: Mapping[str, Any], path: str) -> str | tuple[Mapping[str, Any], ...]:
    """A text, or several blocks, or one of JSON; no content is an empty text."""
    content = told.get("content")
    if content is None or isinstance(content, str):
        return content or ""
    blocks = tuple(_piece(item, f"{path}[{index}]") for index, item in enumerate(shapes.items(content, path)))
    return blocks[0]["text"] if len(blocks) == 1 and "text" in blocks[0] else blocks or ""


def _piece(item: Any, path: str) -> Mapping[str, Any]:
    block = shapes.fields(item, path)
    if "text" in block and block.get("type", "text") == "text":
        return {"text": shapes.text(block["text"], f"{path}.text")}
    if block.keys() == {"json"}:
        return {"json": block["json"]}
    raise _not_expressible(f"{foreign_blocks.named(Block(path, None, block)).what} in a tool's result.", path)


def _parsed(text: str, path: str) -> Any:
    found = strict_json.parse_cell(text, "text")
    if isinstance(found, Defect):
        raise WrongShape(Defect(found.code, found.message, path, hint=_AS_JSON))
    return found


def _known(found: Any, allowed: Fields, path: str, left_out: list[str]) -> Mapping[str, Any]:
    """The object, if it has no other fields than those. Raises WrongShape."""
    document = shapes.fields(found, path)
    for defect in allowed.unknown(document, path):
        raise WrongShape(defect)
    left_out += allowed.left_out(document)
    return document


def _id(found: Mapping[str, Any], name: str, path: str) -> str | None:
    given = found.get(name)
    return None if given is None else shapes.text(given, f"{path}.{name}")


def _not_expressible(message: str, path: str) -> WrongShape:
    return WrongShape(Defect("not_expressible", message, path, hint="Remove the record."))


_AS_JSON = r'Write the arguments of a call as JSON text, such as "{\"order\": 7}", or remove the record.'
