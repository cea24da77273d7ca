"""Deployments of other models: a request in Converse's format. Nothing that a caller asked for is dropped silently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunedrop.domain.base_models.catalogue import Answering
from tunedrop.domain.messages import converse_blocks
from tunedrop.domain.messages.api_errors import invalid
from tunedrop.domain.messages.messages_request import MessagesRequest, alternating

_STOP_SEQUENCES = 2_500  # docs/facts.md#converse
_TOOL_FIELDS = {"type", "name", "description", "input_schema", "strict"}


def arguments(request: MessagesRequest, can: Answering) -> dict[str, Any]:
    """The keyword arguments for Converse and ConverseStream, without `modelId`.

    Raises ApiError `invalid_request_error` naming the field, for what Converse has no place for or the model cannot do.
    """
    _refuse_unmapped(request)
    inference = {
        "maxTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": list(request.stop_sequences) or None,
    }
    answer: dict[str, Any] = {
        "messages": _messages(request, can),
        "inferenceConfig": {name: value for name, value in inference.items() if value is not None},
    }
    if request.system is not None:
        answer["system"] = _system(request)
    if tools := _tools(request, can):
        answer["toolConfig"] = tools
    return answer


def _refuse_unmapped(request: MessagesRequest) -> None:
    if request.top_k is not None:
        raise invalid("top_k", f"the base model of deployment {request.model!r} does not take it; leave it out")
    if len(request.stop_sequences) > _STOP_SEQUENCES:
        raise invalid("stop_sequences", f"at most {_STOP_SEQUENCES:,} for this deployment")


def _messages(request: MessagesRequest, can: Answering) -> list[dict[str, Any]]:
    for number, turn in enumerate(request.turns):  # before neighbors are merged, so that a refusal names the place
        for place, block in enumerate(turn.blocks):
            converse_blocks.of(block, f"messages.{number}.content.{place}", can)
    documents = converse_blocks.DocumentNames()
    return [
        {"role": turn.role, "content": [converse_blocks.of(block, "", can, documents) for block in turn.blocks]}
        for turn in alternating(request.turns)
    ]


def _system(request: MessagesRequest) -> list[dict[str, Any]]:
    if isinstance(request.system, str):
        return [{"text": request.system}]
    return [converse_blocks.text(block, f"system.{n}") for n, block in enumerate(request.system or ())]


def _tools(request: MessagesRequest, can: Answering) -> dict[str, Any] | None:
    choice = request.tool_choice or {"type": "auto"}
    if not request.tools:
        if request.tool_choice is not None and choice["type"] != "none":
            raise invalid("tool_choice", "there are no tools to choose from")
        return None
    if not can.tool_choices:
        raise invalid("tools", f"the base model of deployment {request.model!r} takes no tools; leave them out")
    offered = {"tools": [{"toolSpec": _tool(tool, f"tools.{n}")} for n, tool in enumerate(request.tools)]}
    if choice["type"] == "none":
        return _of_earlier_calls(request, offered)
    if choice.get("disable_parallel_tool_use"):
        raise invalid("tool_choice.disable_parallel_tool_use", "Bedrock has no such setting for this deployment")
    if choice["type"] not in can.tool_choices:
        raise invalid("tool_choice.type", f"this deployment takes {', '.join(can.tool_choices)} and none")
    chosen: Mapping[str, Any] = {"name": choice.get("name")} if choice["type"] == "tool" else {}
    return {**offered, "toolChoice": {choice["type"]: chosen}}


def _of_earlier_calls(request: MessagesRequest, offered: dict[str, Any]) -> dict[str, Any] | None:
    """Converse cannot forbid tools: leaving them out does, unless there are calls already, which need them."""
    kinds = {block["type"] for turn in request.turns for block in turn.blocks}
    if kinds & {"tool_use", "tool_result"}:
        raise invalid("tool_choice.type", "this deployment cannot keep from tools once some were called")
    return None


def _tool(tool: Mapping[str, Any], place: str) -> dict[str, Any]:
    if unknown := sorted(tool.keys() - _TOOL_FIELDS):
        raise invalid(f"{place}.{unknown[0]}", f"a tool of this deployment has {', '.join(sorted(_TOOL_FIELDS))} only")
    fields = {"name": tool["name"], "description": tool.get("description"), "strict": tool.get("strict")}
    return {
        **{name: value for name, value in fields.items() if value is not None},
        "inputSchema": {"json": tool["input_schema"]},
    }
