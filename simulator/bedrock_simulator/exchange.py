"""The types of the simulator's interface: requests, responses, events, and IAM questions for the host."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request that the host has authenticated.

    `service` is "bedrock", "bedrock-runtime" or "servicequotas"; `path` may be percent-encoded; header names are in
    lower case. `lag_seconds` is for faults: a list leaves out what was created in the last so many seconds.
    """

    service: str
    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes
    account: str
    region: str
    lag_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a streamed body; the host waits for `delay_seconds` of real time, then sends `data`."""

    delay_seconds: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: bytes, or chunks of an event stream.

    If it is `lost`, the answer must not arrive: the host closes the connection silently. Otherwise it waits for
    `delay_seconds` of real time before it sends anything.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | Iterable[Chunk]
    lost: bool = False
    delay_seconds: float = 0


@dataclass(frozen=True, slots=True)
class Event:
    """An event for EventBridge's default bus; the host gives it an id."""

    account: str
    region: str
    source: str
    detail_type: str
    resources: tuple[str, ...]
    detail: Mapping[str, Any]
    time: datetime


@dataclass(frozen=True, slots=True)
class IamContext:
    """One question for a policy evaluator: may the caller do `action` on `resource_arn`, given condition `keys`."""

    action: str
    resource_arn: str
    keys: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


Publish = Callable[[Event], None]


class Door(Protocol):
    """Answers requests: the simulator itself, or a wrapper that loses some answers."""

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        ...
