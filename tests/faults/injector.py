"""Stands between botocore's clients and what answers them here: counts the application's calls and interferes.

A call is one operation that the application asked for; botocore may send it several times, each of which is an attempt.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from bedrock_simulator.exchange import Door
from bedrock_simulator.in_process import mount
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.hooks import HierarchicalEmitter, first_non_none_response
from botocore.session import Session
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

_Handler = Callable[..., None]  # as botocore's stubs have it, though some answer
_MOTO = cast("_Handler", botocore_stubber)

When = Literal["before", "after"]
WHEN: tuple[When, ...] = get_args(When)
Answer = AWSResponse | None
"""None: nothing here answers that service."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request about to be sent."""

    service: str
    operation: str
    number: int
    """Of its call, from 1."""
    request: AWSPreparedRequest
    read_seconds: float
    """How long its client waits for an answer."""


Interference = Callable[[Attempt, Callable[[], Answer]], Answer]
"""What happens at one call instead of its answer; the second argument lets it take effect and gives the true answer."""


def response(attempt: Attempt, status: int, headers: Mapping[str, str], body: str) -> AWSResponse:
    """An answer as it comes from the network."""
    return AWSResponse(attempt.request.url, status, cast("Any", HeadersDict(headers)), MockRawResponse(body))


def happening(happens: Callable[[], None], when: When) -> Interference:
    """Something else happens before or after the call takes effect; the call itself is answered."""

    def interfere(_: Attempt, answered: Callable[[], Answer]) -> Answer:
        if when == "before":
            INJECTOR.let(happens)
        answer = answered()
        if when == "after":
            INJECTOR.let(happens)
        return answer

    return interfere


@dataclass(slots=True)
class Watch:
    """The application's calls from now on, and what is to happen at some of them, by their index from 0."""

    plan: Mapping[int, Interference] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    """Of the operations, in the order of the calls."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, name: str) -> int:
        """The index of the call that begins now."""
        with self.lock:
            self.names.append(name)
            return len(self.names) - 1


class _Here(threading.local):
    """What this thread is sending."""

    call: int | None = None
    attempts: int = 0
    read_seconds: float = 0
    within: bool = False
    """Inside the answer to a call: what the simulator calls there is not counted."""


class Injector:
    """One for the process, because sessions outlive the worlds that are made in them."""

    def __init__(self) -> None:
        self._here = _Here()
        self._watch: Watch | None = None
        self.sent = 0
        """How many requests have been sent in all."""
        self.forget()

    @property
    def is_watched(self) -> bool:
        """Whether somebody counts calls, or interferes."""
        return self._watch is not None

    def forget(self) -> None:
        """Be answered by moto alone."""
        self._answering = HierarchicalEmitter()
        self._answering.register("before-send", _MOTO)
        self.servers: dict[str, Callable[[Attempt], AWSResponse]] = {}

    def mount(self, door: Door) -> None:
        """Be answered by a simulated Bedrock, too; moto has to pass its services on."""
        mount(self._answering, door)

    def attach(self, session: Session) -> None:
        """Stand in the way of all clients of the session to be."""
        begin, send = cast("_Handler", self._begin), cast("_Handler", self._send)
        session.unregister("before-send", _MOTO)
        session.register("before-call", begin)
        session.register("before-send", send)

    @contextmanager
    def watched(self, watch: Watch) -> Iterator[Watch]:
        """Count the calls of the block; a watch may be used again and goes on counting."""
        before, self._watch = self._watch, watch
        try:
            yield watch
        finally:
            self._watch = before

    def let(self, happens: Callable[[], None]) -> None:
        """Let something happen in the midst of a call; nobody watches its own calls unless it begins to itself."""
        here, watch = self._here, self._watch
        held = here.call, here.attempts, here.read_seconds
        here.within, self._watch = False, None
        try:
            happens()
        finally:
            here.within, self._watch = True, watch
            here.call, here.attempts, here.read_seconds = held

    def _begin(self, model: Any, context: Mapping[str, Any], **_: Any) -> None:
        here = self._here
        if here.within:
            return
        here.call = self._watch.count(model.name) if self._watch else None
        here.attempts, here.read_seconds = 0, context["client_config"].read_timeout

    def _send(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> Answer:
        here = self._here
        service, operation = event_name.split(".")[1:]
        if here.within:
            return self._answer(Attempt(service, operation, 1, request, 0))
        here.attempts += 1
        attempt = Attempt(service, operation, here.attempts, request, here.read_seconds)
        plan = self._watch.plan if self._watch else {}
        here.within = True
        try:
            interfere = None if here.call is None else plan.get(here.call)
            return interfere(attempt, lambda: self._answer(attempt)) if interfere else self._answer(attempt)
        finally:
            here.within = False

    def _answer(self, attempt: Attempt) -> Answer:
        self.sent += 1
        if server := self.servers.get(attempt.service):
            return server(attempt)
        event = f"before-send.{attempt.service}.{attempt.operation}"
        answer: Answer = first_non_none_response(self._answering.emit(event, request=attempt.request))
        return answer


INJECTOR = Injector()
