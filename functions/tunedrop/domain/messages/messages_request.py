"""The body of `POST /v1/messages` as a validated value. Every refusal names the field and what it allows.

Nothing here depends on the deployment's base model: the two mappings refuse what their models can't do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tunedrop.domain.messages.api_errors import ApiError, invalid

_T = TypeVar("_T")

Role = Literal["user", "assistant"]
MessageBlock = Mapping[str, Any]
"""A content block as written. Its `type` is one of `BLOCK_TYPES`; a block of type `text` has non-empty text."""

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


def parse(body: bytes, *, counting: bool = False) -> MessagesRequest:
    """Parse and validate a request. Raises ApiError `invalid_request_error` naming the field.

    `counting`: only its tokens are asked for, so that it needs no `max_tokens`.
    """
    wire = _decode(body)
    if isinstance(wire.max_tokens, UnsetType) and not counting:
        raise invalid("max_tokens", "Field required")
    _habits(wire)
    return MessagesRequest(
        model=wire.model,
        max_tokens=1 if isinstance(wire.max_tokens, UnsetType) else wire.max_tokens,
        turns=_turns(wire.messages),
        system=_system(wire.system),
        temperature=_given(wire.temperature),
        top_p=_given(wire.top_p),
        top_k=_given(wire.top_k),
        stop_sequences=_stop_sequences(wire.stop_sequences),
        tools=None if isinstance(wire.tools, UnsetType) else tuple(map(_uncached, wire.tools)),
        tool_choice=_given(wire.tool_choice),
        stream=wire.stream,
    )


def alternating(turns: Sequence[MessageTurn]) -> tuple[MessageTurn, ...]:
    """The turns with neighbors of the same role merged: the Messages API allows them, models on Bedrock do not."""
    return tuple(_combined(tuple(same)) for _, same in groupby(turns, key=lambda turn: turn.role))


class _WireTurn(msgspec.Struct, forbid_unknown_fields=True):
    role: Role
    content: str | list[dict[str, Any]]


class _WireMetadata(msgspec.Struct, forbid_unknown_fields=True):
    user_id: str | None = None


_Share = Annotated[float, Meta(ge=0, le=1)]


class _WireRequest(msgspec.Struct, forbid_unknown_fields=True):
    model: Annotated[str, Meta(min_length=1, max_length=256)]
    messages: Annotated[list[_WireTurn], Meta(min_length=1)]
    max_tokens: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    """Required, except where tokens are only counted."""
    system: str | list[dict[str, Any]] | UnsetType = UNSET
    temperature: _Share | UnsetType = UNSET
    top_p: _Share | UnsetType = UNSET
    top_k: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    stop_sequences: list[str] | UnsetType = UNSET
    tools: list[dict[str, Any]] | UnsetType = UNSET
    tool_choice: dict[str, Any] | UnsetType = UNSET
    stream: bool = False
    # Sent by habit, and taken where they change nothing: see `_habits`.
    thinking: dict[str, Any] | UnsetType = UNSET
    service_tier: Literal["auto", "standard_only"] | UnsetType = UNSET
    # Accepted and ignored: only Anthropic's own API uses them, but SDKs send them (those for Bedrock the second).
    metadata: _WireMetadata | UnsetType = UNSET
    anthropic_version: str | UnsetType = UNSET


FIELDS = tuple(field.name for field in msgspec.structs.fields(_WireRequest))

_ALLOWED: Mapping[str, str] = {
    "": ", ".join(FIELDS),
    "messages.N": "role, content",
    "messages.N.role": "user, assistant",
    "metadata": "user_id",
}

_decoder = msgspec.json.Decoder(_WireRequest)


def _decode(body: bytes) -> _WireRequest:
    try:
        return _decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from None
    except RecursionError:
        raise invalid("", "the body is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid("", f"the body is not valid JSON: {error}") from None


def _invalid(words: str) -> ApiError:
    problem, _, place = words.partition(" - at `$")
    field = re.sub(r"\[(\d+|\.\.\.)\]", r".\1", place.rstrip("`")).lstrip(".")
    if extra := re.fullmatch(r"Object contains unknown field `(.*)`", problem, re.DOTALL):
        known = _ALLOWED.get(re.sub(r"\.\d+", ".N", field), "")
        return invalid(f"{field}.{extra[1]}".lstrip("."), f"Extra inputs are not permitted. Allowed: {known}")
    allowed = _ALLOWED.get(re.sub(r"\.\d+", ".N", field)) if "enum" in words else None
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
    return _uncached(block)


def _uncached(block: dict[str, Any]) -> dict[str, Any]:
    """The block without its mark for the prompt cache, which changes what a request costs and never its answer."""
    plain = {name: value for name, value in block.items() if name != "cache_control"}
    if block.get("type") == "tool_result" and isinstance(inner := block.get("content"), list):
        plain["content"] = [_uncached(each) if isinstance(each, dict) else each for each in inner]
    return plain


def _habits(wire: _WireRequest) -> None:
    if isinstance(wire.thinking, dict) and wire.thinking.get("type") != "disabled":
        raise invalid("thinking", 'no model that can be tuned thinks aloud; leave it out, or send {"type": "disabled"}')


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
