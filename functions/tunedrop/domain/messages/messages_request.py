"""The body of `POST /v1/messages` as a validated value. Every refusal names the field and what it allows.

Nothing here depends on the deployment's base model: the two mappings refuse what their models can't do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tunedrop.domain.messages.api_errors import ApiError, invalid

_T = TypeVar("_T")

Role = Literal["user", "assistant"]
MessageBlock = Mapping[str, Any]
"""A content block as written. Its `type` is one of `BLOCK_TYPES`; a block of type `text` has non-empty text."""

TOOL_CHOICES = ("auto", "any", "tool", "none")
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
BLOCK_TYPES = ("text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking")


@dataclass(frozen=True, slots=True)
class MessageTurn:
    """One message as written, with non-empty content."""

    role: Role
    content: str | tuple[MessageBlock, ...]

    @property
    def blocks(self) -> tuple[MessageBlock, ...]:
        """The content as blocks, even if it was written as plain text."""
        return ({"type": "text", "text": self.content},) if isinstance(self.content, str) else self.content


@dataclass(frozen=True, slots=True)
class MessagesRequest:
    """A caller's request to a deployment. None means left out: the model's default applies."""

    model: str
    """The deployment's name."""
    max_tokens: int
    turns: tuple[MessageTurn, ...]
    """As written: the first is the user's, and neighbors may share a role (see `alternating`)."""
    system: str | tuple[MessageBlock, ...] | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: tuple[str, ...] = ()
    tools: tuple[Mapping[str, Any], ...] | None = None
    tool_choice: Mapping[str, Any] | None = None
    stream: bool = False


def parse(body: bytes) -> MessagesRequest:
    """Parse and validate a request. Raises ApiError `invalid_request_error` naming the field."""
    wire = _decode(body, _decoder)
    return replace(_prompt(wire), max_tokens=wire.max_tokens, stream=wire.stream)


def parse_prompt(body: bytes) -> MessagesRequest:
    """A request whose tokens are to be counted, which asks for no answer. Raises ApiError as `parse` does."""
    return _prompt(_decode(body, _prompt_decoder))


def _prompt(wire: _WirePrompt) -> MessagesRequest:
    return MessagesRequest(
        model=wire.model,
        max_tokens=0,
        turns=_turns(wire.messages),
        system=_system(wire.system),
        temperature=_given(wire.temperature),
        top_p=_given(wire.top_p),
        top_k=_given(wire.top_k),
        stop_sequences=_stop_sequences(wire.stop_sequences),
        tools=_tools(wire.tools),
        tool_choice=_tool_choice(wire.tool_choice),
    )


def alternating(turns: Sequence[MessageTurn]) -> tuple[MessageTurn, ...]:
    """The turns with neighbors of the same role merged: the Messages API allows them, models on Bedrock do not."""
    return tuple(_combined(tuple(same)) for _, same in groupby(turns, key=lambda turn: turn.role))


class _WireTurn(msgspec.Struct, forbid_unknown_fields=True):
    role: Role
    content: str | list[dict[str, Any]]


class _WireThinking(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["disabled"]


class _WireMetadata(msgspec.Struct, forbid_unknown_fields=True):
    user_id: str | None = None


_Share = Annotated[float, Meta(ge=0, le=1)]


class _WirePrompt(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    model: Annotated[str, Meta(min_length=1, max_length=256)]
    messages: Annotated[list[_WireTurn], Meta(min_length=1)]
    system: str | list[dict[str, Any]] | UnsetType = UNSET
    temperature: _Share | UnsetType = UNSET
    top_p: _Share | UnsetType = UNSET
    top_k: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    stop_sequences: list[str] | UnsetType = UNSET
    tools: list[dict[str, Any]] | UnsetType = UNSET
    tool_choice: dict[str, Any] | UnsetType = UNSET
    # Accepted and ignored, because they change nothing here: clients send them by habit.
    metadata: _WireMetadata | UnsetType = UNSET
    anthropic_version: str | UnsetType = UNSET
    cache_control: dict[str, Any] | UnsetType | None = UNSET
    service_tier: Literal["auto", "standard_only"] | UnsetType = UNSET
    thinking: _WireThinking | UnsetType = UNSET


class _WireRequest(_WirePrompt, forbid_unknown_fields=True, kw_only=True):
    max_tokens: Annotated[int, Meta(ge=1)]
    stream: bool = False


_REQUIRED = ("model", "max_tokens", "messages")
FIELDS = tuple(dict.fromkeys((*_REQUIRED, *(field.name for field in msgspec.structs.fields(_WireRequest)))))

_ALLOWED: Mapping[str, str] = {
    "": ", ".join(FIELDS),
    "messages.N": "role, content",
    "messages.N.role": "user, assistant",
    "metadata": "user_id",
    "service_tier": "auto, standard_only",
    "thinking": "type",
    "thinking.type": "disabled; no base model that is tuned here thinks before it answers",
}

_decoder = msgspec.json.Decoder(_WireRequest)
_prompt_decoder = msgspec.json.Decoder(_WirePrompt)


def _decode(body: bytes, decoder: msgspec.json.Decoder[_T]) -> _T:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except RecursionError:
        raise invalid("", "the body is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid("", f"the body is not valid JSON: {error}") from None


def _invalid(words: str) -> ApiError:
    problem, _, place = words.partition(" - at `$")
    field = re.sub(r"\[(\d+|\.\.\.)\]", r".\1", place.rstrip("`")).lstrip(".")
    known = _ALLOWED.get(re.sub(r"\.\d+", ".N", field), "")
    if extra := re.fullmatch(r"Object contains unknown field `(.*)`", problem, re.DOTALL):
        return invalid(f"{field}.{extra[1]}".lstrip("."), f"Extra inputs are not permitted. Allowed: {known}")
    allowed = known if "enum" in words else ""
    return invalid(field, f"{problem}. Allowed: {allowed}" if allowed else problem)


def _given(value: _T | UnsetType) -> _T | None:
    return None if isinstance(value, UnsetType) else value


def _turns(messages: Sequence[_WireTurn]) -> tuple[MessageTurn, ...]:
    if messages[0].role != "user":
        raise invalid("messages.0.role", "the first message must be the user's")
    return tuple(
        MessageTurn(each.role, _content(each.content, f"messages.{n}.content")) for n, each in enumerate(messages)
    )


def _combined(turns: Sequence[MessageTurn]) -> MessageTurn:
    if len(turns) == 1:
        return turns[0]
    return MessageTurn(turns[0].role, tuple(block for turn in turns for block in turn.blocks))


def _content(content: str | list[dict[str, Any]], field: str) -> str | tuple[MessageBlock, ...]:
    if not content:
        raise invalid(field, "must not be empty")
    if isinstance(content, str):
        return content
    return tuple(_block(block, f"{field}.{n}", BLOCK_TYPES) for n, block in enumerate(content))


def _system(system: str | list[dict[str, Any]] | UnsetType) -> str | tuple[MessageBlock, ...] | None:
    if isinstance(system, UnsetType):
        return None
    if isinstance(system, str):
        return system or None
    return tuple(_block(block, f"system.{n}", ("text",)) for n, block in enumerate(system)) or None


def _block(block: dict[str, Any], field: str, types: Sequence[str]) -> MessageBlock:
    kind = block.get("type")
    if not isinstance(kind, str) or kind not in types:
        raise invalid(f"{field}.type", f"must be one of {', '.join(types)}")
    if kind == "text":
        _text(block.get("text"), f"{field}.text")
    if kind == "tool_result" and isinstance(content := block.get("content"), list):
        block = {**block, "content": [_uncached(each) if isinstance(each, dict) else each for each in content]}
    return _uncached(block)


def _uncached(of: dict[str, Any]) -> dict[str, Any]:
    """Without its point of caching: no answer depends on one, and Bedrock takes none here."""
    return {name: value for name, value in of.items() if name != "cache_control"} if "cache_control" in of else of


def _tools(tools: list[dict[str, Any]] | UnsetType) -> tuple[Mapping[str, Any], ...] | None:
    return None if isinstance(tools, UnsetType) else tuple(_tool(tool, f"tools.{n}") for n, tool in enumerate(tools))


def _tool(tool: dict[str, Any], field: str) -> Mapping[str, Any]:
    if tool.get("type", "custom") not in ("custom", None):
        raise invalid(f"{field}.type", "must be custom: a tool that runs elsewhere than at the caller is none of ours")
    if not isinstance(name := tool.get("name"), str) or not _TOOL_NAME.fullmatch(name):
        raise invalid(f"{field}.name", "must be 1 to 64 letters, digits, hyphens and underscores")
    if not isinstance(tool.get("input_schema"), dict):
        raise invalid(f"{field}.input_schema", "must be a JSON schema: an object")
    return _uncached(tool)


def _tool_choice(choice: dict[str, Any] | UnsetType) -> Mapping[str, Any] | None:
    if isinstance(choice, UnsetType):
        return None
    if choice.get("type") not in TOOL_CHOICES:
        raise invalid("tool_choice.type", f"must be one of {', '.join(TOOL_CHOICES)}")
    if choice["type"] == "tool" and not isinstance(choice.get("name"), str):
        raise invalid("tool_choice.name", "must be the name of a tool")
    return choice


def _text(text: object, field: str) -> None:
    if not isinstance(text, str) or not text:
        raise invalid(field, "must be a non-empty text")


def _stop_sequences(sequences: list[str] | UnsetType) -> tuple[str, ...]:
    if isinstance(sequences, UnsetType):
        return ()
    for number, sequence in enumerate(sequences):
        if not sequence:
            raise invalid(f"stop_sequences.{number}", "must not be empty")
    return tuple(sequences)
