"""What crosses the simulator's border: requests and responses, events, and the IAM questions a host may ask."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request after the host has authenticated it.

    `service` is "bedrock", "bedrock-runtime" or "servicequotas"; `path` may be percent-encoded or not;
    header names are lower case.
    """

    service: str
    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes
    account: str
    region: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a streamed body; the host waits `delay_seconds` (real time), then sends `data`."""

    delay_seconds: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """The answer: bytes, or chunks of an event stream.

    A `lost` one took effect but must never arrive: the host closes the connection without a byte.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | Iterable[Chunk]
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """An EventBridge event of the default bus, before the host gives it an id."""

    account: str
    region: str
    source: str
    detail_type: str
    resources: tuple[str, ...]
    detail: Mapping[str, Any]
    time: datetime


@dataclass(frozen=True, slots=True)
class IamContext:
    """One question for a policy evaluator: whether the caller may do `action` on `resource_arn`."""

    action: str
    resource_arn: str
    keys: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


Publish = Callable[[Event], None]


class Door(Protocol):
    """Whatever answers requests: the simulator itself, or a wrapper that loses some answers."""

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        ...
