"""The body of `POST /v1/chat/completions` as a request of the one core. Pure.

It becomes the same document that `POST /v1/messages` takes, so that one parser checks both. What OpenAI's clients send
by habit is taken where it changes nothing; any other field is refused by its name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.messages import messages_request
from tunedrop.domain.messages.api_errors import invalid
from tunedrop.domain.messages.message_events import from_json
from tunedrop.domain.messages.messages_request import MessagesRequest

DEFAULT_MAX_TOKENS = 4_096
"""For a request that says none: OpenAI's contract does not ask for it."""
_SAME = ("model", "temperature", "top_p", "tools", "tool_choice", "stream")
_OTHER = ("messages", "max_tokens", "max_completion_tokens", "stop", "stream_options", "response_format")
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "n": (1,),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logprobs": (False,),
    "store": (False,),
    "parallel_tool_calls": (True,),
    "service_tier": ("auto", "default"),
    "logit_bias": ({},),
    "modalities": (["text"],),
}
"""Fields that change nothing with these values."""
_IGNORED = ("user", "metadata", "safety_identifier", "prompt_cache_key")
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The request to the core, and how its answer is to be told."""

    core: MessagesRequest
    include_usage: bool
    answer_tool: str | None
    """The tool whose arguments are the answer's text, where a schema was asked for."""


def parse(body: bytes) -> ChatRequest:
    """Parse and validate a request. Raises ApiError `invalid_request_error` naming the field."""
    given = _object(body)
    document, schema = _document(given), _schema(given.get("response_format"))
    if schema:
        if "tools" in document:
            raise invalid("response_format", "a schema and tools can't be asked for together here")
        document |= {"tools": [schema], "tool_choice": {"type": "tool", "name": schema["name"]}}
    options = given.get("stream_options") or {}
    wants_usage = isinstance(options, dict) and options.get("include_usage") is True
    core = messages_request.parse(json.dumps(document).encode())
    return ChatRequest(core, wants_usage, schema["name"] if schema else None)


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = from_json(body)
    except ValueError as error:
        raise invalid("", f"the body is not valid JSON: {error}") from None
    if not isinstance(given, dict):
        raise invalid("", "the body must be a JSON object")
    given = {name: value for name, value in given.items() if value is not None}
    for name, value in given.items():
        if name in _NEUTRAL and value not in _NEUTRAL[name]:
            raise invalid(name, "this value is not served here; leave it out")
        if name not in (*_SAME, *_OTHER, *_NEUTRAL, *_IGNORED):
            raise invalid(name, f"Extra inputs are not permitted. Allowed: {', '.join((*_SAME, *_OTHER))}")
    return given


def _document(given: Mapping[str, Any]) -> dict[str, Any]:
    written = given.get("messages")
    if not isinstance(written, list) or not all(isinstance(each, dict) for each in written):
        raise invalid("messages", "must be a list of messages")
    document = {name: given[name] for name in _SAME if name in given}
    document["max_tokens"] = given.get("max_completion_tokens", given.get("max_tokens", DEFAULT_MAX_TOKENS))
    turns = [(each, f"messages.{number}") for number, each in enumerate(written)]
    told = [_text_parts(each, place) for each, place in turns if each.get("role") in {"system", "developer"}]
    if any(each.get("role") in {"system", "developer"} for each, _ in turns[len(told) :]):
        raise invalid("messages", "system messages come before all others")
    if told:
        document["system"] = [part for parts in told for part in parts]
    document["messages"] = [_turn(each, place) for each, place in turns[len(told) :]]
    if stop := given.get("stop"):
        document["stop_sequences"] = [stop] if isinstance(stop, str) else stop
    return document | _tools(given)


def _tools(given: Mapping[str, Any]) -> dict[str, Any]:
    tools, choice = given.get("tools"), given.get("tool_choice")
    found: dict[str, Any] = {}
    if isinstance(tools, list):
        found["tools"] = [_tool(each, f"tools.{number}") for number, each in enumerate(tools)]
    match choice:
        case "auto" | "none":
            found["tool_choice"] = {"type": choice}
        case "required":
            found["tool_choice"] = {"type": "any"}
        case {"type": "function", "function": {"name": str(name)}}:
            found["tool_choice"] = {"type": "tool", "name": name}
        case None:
            pass
        case _:
            raise invalid("tool_choice", "must be auto, none, required, or a function's name")
    return {} if choice in {"auto", "none"} and not tools else found


def _tool(given: object, place: str) -> dict[str, Any]:
    match given:
        case {"type": "function", "function": {"name": str(name), **rest}}:
            schema = rest.get("parameters") or {"type": "object", "properties": {}}
            known = {"name": name, "description": rest.get("description"), "input_schema": schema}
            return {key: value for key, value in known.items() if value} | (
                {"strict": True} if rest.get("strict") else {}
            )
        case _:
            raise invalid(place, "must be a function with a name")


def _schema(wanted: object) -> dict[str, Any] | None:
    match wanted:
        case None | {"type": "text"}:
            return None
        case {"type": "json_schema", "json_schema": {"name": str(name), "schema": dict(schema), **rest}}:
            described = {"description": rest["description"]} if rest.get("description") else {}
            return {"name": name, **described, "input_schema": schema}
        case _:
            raise invalid("response_format", "must be of type text or json_schema, with a name and a schema")


def _turn(message: Mapping[str, Any], place: str) -> dict[str, Any]:
    match message.get("role"):
        case "user":
            return {"role": "user", "content": list(_user_parts(message.get("content"), f"{place}.content"))}
        case "assistant":
            content = _text_parts(message, place) if message.get("content") else []
            calls = message.get("tool_calls") or []
            return {"role": "assistant", "content": [*content, *(_call(each, f"{place}.tool_calls") for each in calls)]}
        case "tool":
            said = _text_parts(message, place) if message.get("content") else []
            result = {"type": "tool_result", "tool_use_id": message.get("tool_call_id"), "content": said}
            return {"role": "user", "content": [result]}
        case _:
            raise invalid(f"{place}.role", "must be one of system, developer, user, assistant, tool")


def _text_parts(message: Mapping[str, Any], place: str) -> list[dict[str, Any]]:
    return [_part(each, f"{place}.content", ("text",)) for each in _parts(message.get("content"), f"{place}.content")]


def _user_parts(content: object, place: str) -> Iterator[dict[str, Any]]:
    for part in _parts(content, place):
        yield _part(part, place, ("text", "image_url", "file"))


def _parts(content: object, place: str) -> list[Any]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        raise invalid(place, "must be a text or a list of parts")
    return content


def _part(part: object, place: str, kinds: tuple[str, ...]) -> dict[str, Any]:
    match part:
        case {"type": "text", "text": str(text)}:
            return {"type": "text", "text": text}
        case {"type": "image_url", "image_url": {"url": str(url)}} if "image_url" in kinds:
            return {"type": "image", "source": _source(url)}
        case {"type": "file", "file": {"file_data": str(url), **rest}} if "file" in kinds:
            return {"type": "document", "source": _source(url), "title": rest.get("filename")}
        case _:
            raise invalid(place, f"its parts must be of type {', '.join(kinds)}")


def _source(url: str) -> dict[str, Any]:
    """A data URL's content; the core refuses any other address."""
    found = _DATA_URL.fullmatch(url)
    return {"type": "base64", "media_type": found[1], "data": found[2]} if found else {"type": "url"}


def _call(call: object, place: str) -> dict[str, Any]:
    match call:
        case {"id": str(call_id), "function": {"name": str(name), "arguments": str(arguments)}}:
            try:
                return {"type": "tool_use", "id": call_id, "name": name, "input": from_json(arguments or "{}")}
            except ValueError:
                raise invalid(place, "the arguments of a call are not JSON") from None
        case _:
            raise invalid(place, "a call has an id, and a function with name and arguments")
