"""Injected faults: a door that refuses, delays or loses calls, without the simulator behind it knowing.

A rule says which calls of which operation fail, and how. Kinds are `timeout_before_effect` (the request is lost),
`timeout_after_effect` (it is carried out, but the answer never arrives), `slow` (the answer arrives `seconds` later),
`lagging` (a list lacks what was created in the last `seconds`), or the code of an error that the service's own model
of the operation declares. `event_faults` has those of events, `job_failures` the ways in which a job fails.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, Literal

from bedrock_simulator import quotas
from bedrock_simulator.clock import Clock, SystemClock
from bedrock_simulator.errors import ServiceError
from bedrock_simulator.exchange import Door, Request, Response
from bedrock_simulator.occasions import LONGEST, Occasions
from bedrock_simulator.operations import CONTROL, RUNTIME
from bedrock_simulator.protocol import answer_headers, declared_errors, refusal, rest_json

FaultKind = Literal[
    "timeout_before_effect",
    "timeout_after_effect",
    "slow",
    "lagging",
    "AccessDeniedException",
    "ConflictException",
    "InternalServerException",
    "ModelErrorException",
    "ModelNotReadyException",
    "ModelStreamErrorException",
    "ModelTimeoutException",
    "ResourceNotFoundException",
    "ServiceQuotaExceededException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "TooManyRequestsException",
    "TooManyTagsException",
    "ValidationException",
]
EVERY: Final = "*"
_TIMED: Final = frozenset({"slow", "lagging"})
_LOST: Final = frozenset({"timeout_before_effect", "timeout_after_effect"})
_QUOTAS: Final = frozenset({"GetServiceQuota", "ListServiceQuotas"})
_WORDS: Final = {
    "ThrottlingException": "Too many requests, please wait before trying again.",
    "InternalServerException": "The server encountered an internal error while processing the request.",
    "ServiceUnavailableException": "Bedrock is unable to process your request.",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Some calls of `operation` ("*": of any) fail; with `model`, only those whose `modelId` it is.

    It strikes the `nth` call, counted from 1 since the door was created; or, with `share`, that part of all calls; or,
    with `above`, those that come faster than so many in a second. An error with `after_effect` is answered although the
    request was carried out. `seconds` belongs to the kinds `slow` (real time) and `lagging` (the simulator's clock).
    """

    operation: str
    nth: int = 1
    kind: FaultKind = "timeout_after_effect"
    share: float | None = None
    above: float | None = None
    after_effect: bool = False
    seconds: float = 0
    model: str | None = None


def check(fault: Fault) -> None:
    """Check that there are such calls, and that they can fail so. Raises ValueError, or TypeError for a wrong type."""
    if fault.operation != EVERY and fault.operation not in CONTROL.keys() | RUNTIME.keys() | _QUOTAS:
        raise ValueError(f"no operation is called {fault.operation}")
    if not isinstance(fault.model, str | None):
        raise TypeError("model is text")
    if fault.model is not None and fault.operation not in {EVERY, *RUNTIME}:
        raise ValueError(f"{fault.operation} asks no model")
    if fault.kind in _TIMED and fault.seconds <= 0:
        raise ValueError(f"{fault.kind} needs a positive number of seconds")
    if not 0 <= fault.seconds <= LONGEST:
        raise ValueError(f"seconds are a number from 0 to {LONGEST:,}")
    if fault.kind == "lagging" and not fault.operation.startswith("List"):
        raise ValueError("only a list can lag")
    if fault.kind not in _TIMED | _LOST and fault.kind not in _declared(fault.operation):
        raise ValueError(f"{fault.operation} does not declare {fault.kind}")


def _declared(operation: str) -> frozenset[str]:
    """The codes of an operation's errors; of every operation, those that all of them declare."""
    if operation == EVERY:
        return frozenset.intersection(*map(_declared, (*CONTROL, *RUNTIME)))
    service = "bedrock" if operation in CONTROL else "bedrock-runtime" if operation in RUNTIME else "service-quotas"
    return declared_errors(service, operation)


class FaultyDoor:
    """Passes requests on to a door and applies the rules to them. Of several that strike one call, the first counts."""

    def __init__(self, door: Door, faults: Iterable[Fault] = (), clock: Clock | None = None) -> None:
        self._door = door
        self._clock = clock or SystemClock()
        self._rules: list[tuple[Fault, Occasions]] = []
        self._calls: Counter[tuple[str, str | None]] = Counter()
        self._lock = threading.Lock()
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        """Add a rule. Raises ValueError if nothing can fail like that."""
        check(fault)
        with self._lock:
            self._rules.append((fault, Occasions(fault)))

    def calls(self, operation: str, model: str | None = None) -> int:
        """The number of calls of an operation ("*": of all) so far, or of those that asked a model."""
        return self._calls[operation, model]

    def clear(self) -> None:
        """Forget all rules and counts."""
        with self._lock:
            self._rules.clear()
            self._calls.clear()

    def handle(self, request: Request) -> Response:
        """Answer one request. Response says what the host has to do of it: wait, or lose it."""
        fault = self._next(*_asked(request))
        if fault is None:
            return self._door.handle(request)
        if fault.kind == "timeout_before_effect":
            return Response(200, answer_headers(), b"", lost=True)
        if fault.kind == "timeout_after_effect":
            return replace(self._door.handle(request), lost=True)
        if fault.kind == "slow":
            return replace(self._door.handle(request), delay_seconds=fault.seconds)
        if fault.kind == "lagging":
            return self._door.handle(replace(request, lag_seconds=fault.seconds))
        if fault.after_effect:
            self._door.handle(request)
        words = _WORDS.get(fault.kind, f"{fault.kind}, as this simulator was told to answer.")
        return refusal(ServiceError(fault.kind, words), answer_headers())

    def _next(self, operation: str, model: str | None) -> Fault | None:
        """Count a call; the first rule that strikes it. Every rule sees it, so that none depends on the others."""
        with self._lock:
            operations, models = {operation, EVERY}, {model, None}
            self._calls.update(product(operations, models))
            now = self._clock.now()
            struck = [
                rule
                for rule, occasions in self._rules
                if rule.operation in operations
                and rule.model in models
                and occasions.struck(self._calls[rule.operation, rule.model], now)
            ]
        return struck[0] if struck else None


def _asked(request: Request) -> tuple[str, str | None]:
    """The operation of a request, empty if there is none, and the model that it asks."""
    if request.service == "servicequotas":
        return quotas.operation(request) or "", None
    operation, labels = rest_json(request.service).match(request.method, request.path) or ("", {})
    return operation, labels.get("modelId")
