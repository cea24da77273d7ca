"""Sorting, filtering and paging, shared by all List operations."""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from bedrock_simulator.errors import invalid
from bedrock_simulator.world import Call

DEFAULT_PAGE = 100


class Listed(Protocol):
    """A resource that can be listed."""

    @property
    def arn(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def created_at(self) -> datetime: ...  # noqa: D102


T = TypeVar("T", bound=Listed)


def page(call: Call, result_key: str, things: Iterable[T], summary: Callable[[T], Mapping[str, Any]]) -> dict[str, Any]:
    """Build one page of resources by creation time, newest first unless asked otherwise. Raises ValidationException."""
    seen = call.now - timedelta(seconds=call.lag_seconds)
    chosen = [thing for thing in things if _matches(call, thing) and thing.created_at <= seen]
    descending = call["sortOrder"] != "Ascending"
    chosen.sort(key=_position, reverse=descending)
    if call["nextToken"]:
        last = _decode(call["nextToken"])
        chosen = [t for t in chosen if (_position(t) < last if descending else _position(t) > last)]
    size = call["maxResults"] or DEFAULT_PAGE
    token = _encode(_position(chosen[size - 1])) if len(chosen) > size else None
    return {result_key: [summary(thing) for thing in chosen[:size]], "nextToken": token}


def _matches(call: Call, thing: Listed) -> bool:
    after = call["creationTimeAfter"] or call["createdAfter"]
    before = call["creationTimeBefore"] or call["createdBefore"]
    return (
        (call["nameContains"] or "") in thing.name
        and (after is None or thing.created_at > after)
        and (before is None or thing.created_at < before)
    )


def _position(thing: Listed) -> tuple[str, str]:
    return thing.created_at.isoformat(), thing.arn


def _encode(position: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(" ".join(position).encode()).decode()


def _decode(token: str) -> tuple[str, str]:
    try:
        created_at, arn = base64.urlsafe_b64decode(token).decode().split(" ")
    except (ValueError, binascii.Error):
        raise invalid("The provided nextToken is not valid.") from None
    return created_at, arn
