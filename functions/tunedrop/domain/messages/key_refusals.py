"""Why an API key does not admit a call: each refusal of a limit names it, its value, and when it resets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tunedrop.domain.messages import key_limits
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.api_key import ApiKey
from tunedrop.domain.messages.key_limits import KeyLimit, Measure, Use
from tunedrop.domain.messages.messages_request import MessagesRequest

UNAUTHENTICATED: Mapping[str, tuple[str, str]] = {
    "missing_key": ("missing_key", "Send an API key as `x-api-key` or as `Authorization: Bearer`."),
    "malformed_key": ("invalid_key", "This is not a Tunedrop API key, or it was not copied completely."),
    "unknown_key": ("invalid_key", "This API key does not exist here."),
    "key_revoked": ("key_revoked", "This API key was revoked."),
    "key_expired": ("key_expired", "This API key has expired."),
}
CODES: Mapping[Measure, str] = {"requests": "key_rate_limit", "tokens": "key_token_limit", "cost": "key_cost_limit"}
_SOON = 60
"""Seconds: an SDK that repeats a call by itself should not wait longer."""


def unauthenticated(
    why: Literal["missing_key", "malformed_key", "unknown_key", "key_revoked", "key_expired"],
) -> ApiError:
    """There is no key here that works."""
    return ApiError("authentication_error", *UNAUTHENTICATED[why])


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call that was not admitted: what it names and asks for, may take, the window it counts in, and when it came."""

    name: str | None
    asked: MessagesRequest | None
    most: Use
    window: str
    now: datetime


def of(key: ApiKey, attempt: Attempt, short: KeyLimit | None) -> ApiError | None:
    """Why this call of the key was not admitted; None: for no reason that lasts. `short`: the limit with too little."""
    if key.revoked_at is not None:
        return unauthenticated("key_revoked")
    if not key.works(attempt.now):
        return unauthenticated("key_expired")
    if attempt.name is not None and not key.may_call(attempt.name):
        words = f"This API key may not call deployment {attempt.name!r}; its scope is narrower."
        return ApiError("permission_error", "key_scope", words)
    large = too_large(key, attempt.asked, attempt.most) if attempt.asked else None
    return large or (_over(key, short, attempt) if short else None)


def too_large(key: ApiKey, asked: MessagesRequest, most: Use) -> ApiError | None:
    """Why this key may not make so large a call; None: it may."""
    if asked.max_tokens > key.max_tokens:
        words = f"max_tokens: this API key may ask for at most {key.max_tokens:,} in one call."
        return ApiError("invalid_request_error", "key_max_tokens", words, details=_limit("max_tokens", key.max_tokens))
    if key.max_input_tokens is not None and most.input_tokens > key.max_input_tokens:
        words = (
            f"messages: this API key may send at most {key.max_input_tokens:,} tokens in one call, and these are "
            f"an estimated {most.input_tokens:,}."
        )
        details = _limit("max_input_tokens", key.max_input_tokens)
        return ApiError("invalid_request_error", "key_max_input_tokens", words, details=details)
    return None


def _over(key: ApiKey, limit: KeyLimit, attempt: Attempt) -> ApiError:
    allowed, wanted, code = key.allowed(limit), attempt.most.of(limit.measure), CODES[limit.measure]
    resets = key_limits.resets_at(limit.span, attempt.window)
    may = f"This API key may {_VERBS[limit.measure].format(allowed or 0)} a {limit.span}"
    details = {**_limit(limit.name, allowed), "resets_at": f"{resets:%Y-%m-%dT%H:%M:%SZ}"}
    if wanted > key_limits.full(allowed):
        words = f"{may} (`{limit.name}`), and this call alone may take {wanted:,}: ask for fewer `max_tokens`."
        return ApiError("invalid_request_error", code, words, details=details)
    wait = key_limits.seconds_left(limit.span, attempt.window, attempt.now)
    words = (
        f"{may}, and has {_TAKEN[limit.measure].format(wanted)} (`{limit.name}`, until {resets:%Y-%m-%d %H:%M} UTC)."
    )
    return ApiError("rate_limit_error", code, words, again=wait <= _SOON, retry_after=wait, details=details)


_VERBS: Mapping[Measure, str] = {
    "requests": "make {:,} requests",
    "tokens": "use {:,} tokens",
    "cost": "cost {:,}",
}
_TAKEN: Mapping[Measure, str] = {
    "requests": "made them",
    "tokens": "fewer left than the {:,} that this call may take",
    "cost": "less left than the {:,} that this call may cost",
}


def _limit(name: str, value: float | None) -> dict[str, object]:
    return {"limit": name, "value": value}
