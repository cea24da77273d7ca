"""Every AWS call of the program passes here: each is heard, and one of them may be struck by a fault."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote

from tests.faults.injector import INJECTOR, Answer, Attempt, Interference, Watch
from tests.faults.kinds import Fault, interference
from tests.faults.taking_turns import AtEachCall

SPENDING = frozenset({"CreateModelCustomizationJob", "CreateProvisionedModelThroughput", "CreateCustomModelDeployment"})

TOUCHING = frozenset(
    {
        "DeleteProvisionedModelThroughput",
        "DeleteCustomModelDeployment",
        "UpdateProvisionedModelThroughput",
        "UpdateCustomModelDeployment",
        "DeleteCustomModel",
    }
)


@dataclass(frozen=True, slots=True)
class Strike:
    """At the `nth` AWS call of one delivery or request, counted from 0, this fault; None: at the one that spends."""

    fault: Fault
    nth: int | None


@dataclass(slots=True)
class Wire:
    """Hears the calls of a block; `heard` is told of each call that starts spending, before it takes effect.

    `touched` is told of each that deletes or changes what is paid for, by its ARN.
    """

    heard: Callable[[str, Mapping[str, Any]], None]
    touched: Callable[[str, str], None]
    struck: bool = False
    _due: Strike | None = None
    _calls: int = 0
    _at: int | None = None
    """The call that is struck, with all its attempts."""
    _interfere: Interference | None = field(default=None)

    @contextmanager
    def watching(self, strike: Strike | None) -> Iterator[None]:
        """A delivery or a request; the fault strikes it if it makes so many calls."""
        self.struck, self._due, self._calls, self._at = False, strike, 0, None
        self._interfere = interference(strike.fault, _no_time) if strike else None
        with INJECTOR.watched(Watch(AtEachCall(self._meet))):
            yield

    def _meet(self, attempt: Attempt, answered: Callable[[], Answer]) -> Answer:
        if attempt.number == 1:
            self._begin(attempt)
        if self._interfere and self._at == self._calls:
            return self._interfere(attempt, answered)
        return answered()

    def _begin(self, attempt: Attempt) -> None:
        number, self._calls = self._calls, self._calls + 1
        if attempt.operation in SPENDING:
            self.heard(attempt.operation, json.loads(cast("bytes", attempt.request.body)))
        if attempt.operation in TOUCHING:
            self.touched(attempt.operation, unquote(attempt.request.url).partition("/arn:")[2])
        if self._due and self._at is None:
            nth = self._due.nth
            if attempt.operation in SPENDING if nth is None else number == nth:
                self.struck, self._at = True, self._calls


def _no_time(_: float) -> None:
    """Waits in vain take no time on the stepped clock."""
