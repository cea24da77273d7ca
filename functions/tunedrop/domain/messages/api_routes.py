"""The routes of MessagesApi: what each path is, and which of the two contracts its errors speak. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal
from urllib.parse import unquote

from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.http_call import Call

Operation = Literal["messages", "count_tokens", "chat_completions", "models"]
Contract = Literal["anthropic", "openai"]

_POSTS: Mapping[str, Operation] = MappingProxyType(
    {
        "/v1/messages": "messages",
        "/v1/messages/count_tokens": "count_tokens",
        "/v1/chat/completions": "chat_completions",
    }
)
MODELS, BATCHES = "/v1/models", "/v1/messages/batches"
_OF_OPENAI = ("/v1/chat", "/v1/completions", "/v1/responses", "/v1/embeddings")


@dataclass(frozen=True, slots=True)
class Route:
    """What a call asks for; `model` is the one that a path below `/v1/models` names."""

    operation: Operation
    model: str | None = None


def of(call: Call) -> Route:
    """The route of a call. Raises ApiError for a path that there is not, and for a method that it doesn't take."""
    path = call.path.rstrip("/")
    if operation := _POSTS.get(path):
        _method(call, path, "POST")
        return Route(operation)
    if path == MODELS or path.startswith(f"{MODELS}/"):
        _method(call, path, "GET")
        return Route("models", unquote(path[len(MODELS) + 1 :]) or None)
    if path == BATCHES or path.startswith(f"{BATCHES}/"):
        words = "There are no batches here: no tuned model takes them. Send each request to POST /v1/messages."
        raise ApiError("invalid_request_error", "batches_not_offered", words)
    words = f"There are only POST {', '.join(_POSTS)} and GET {MODELS} here."
    raise ApiError("not_found_error", "unknown_route", words)


def contract_of(call: Call) -> Contract:
    """Whose errors the caller reads: by the path, and where both have it, by Anthropic's own header."""
    if call.path.startswith(_OF_OPENAI):
        return "openai"
    return "openai" if call.path.startswith(MODELS) and "anthropic-version" not in call.headers else "anthropic"


def _method(call: Call, path: str, allowed: str) -> None:
    if call.method != allowed:
        raise ApiError("invalid_request_error", "method_not_allowed", f"{path} takes {allowed} only.", status=405)
