"""Injected faults: a door that loses answers, without the simulator behind it knowing.

A rule says which call of which operation fails, and how. The only kind so far is `timeout_after_effect`: the simulator
carries out the request, but its answer never arrives. Further kinds (throttle, fail, cut a stream) belong in
`FaultyDoor`; those that drop, duplicate, delay or reorder events belong in a wrapper around the simulator's `publish`.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from bedrock_simulator import quotas
from bedrock_simulator.exchange import Door, Request, Response
from bedrock_simulator.protocol import rest_json

FaultKind = Literal["timeout_after_effect"]


@dataclass(frozen=True, slots=True)
class Fault:
    """The `nth` call of `operation`, counted from 1 since the door was created, fails."""

    operation: str
    nth: int = 1
    kind: FaultKind = "timeout_after_effect"


class FaultyDoor:
    """Passes requests on to a door and applies the rules to its answers."""

    def __init__(self, door: Door, faults: Iterable[Fault] = ()) -> None:
        self._door = door
        self._faults = set(faults)
        self._calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Add a rule."""
        with self._lock:
            self._faults.add(fault)

    def calls(self, operation: str) -> int:
        """The number of calls of an operation so far."""
        return self._calls[operation]

    def clear(self) -> None:
        """Forget all rules and counts."""
        with self._lock:
            self._faults.clear()
            self._calls.clear()

    def handle(self, request: Request) -> Response:
        """Answer one request; a lost answer says so in `Response.lost`."""
        operation = operation_name(request)
        with self._lock:
            self._calls[operation] += 1
            is_lost = Fault(operation, self._calls[operation]) in self._faults
        response = self._door.handle(request)
        return replace(response, lost=True) if is_lost else response


def operation_name(request: Request) -> str:
    """The operation of a request; an empty string if there is none."""
    if request.service == "servicequotas":
        return quotas.operation(request) or ""
    found = rest_json(request.service).match(request.method, request.path)
    return found[0] if found else ""
