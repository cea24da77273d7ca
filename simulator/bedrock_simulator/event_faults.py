"""Faults of events: a wrapper around a host's `publish` that drops, duplicates, delays or reorders them."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from bedrock_simulator.clock import Clock, SystemClock
from bedrock_simulator.exchange import Event, Publish
from bedrock_simulator.occasions import LONGEST, Occasions

EventFaultKind = Literal["drop", "duplicate", "delay", "reorder"]


@dataclass(frozen=True, slots=True)
class EventFault:
    """Some events fail: those of jobs in `status`, or all.

    It strikes the `nth` of them since the rule was added, a `share` of them, or those `above` a rate (see Fault).
    `delay` comes `seconds` late and `duplicate` a second time after `seconds`; `reorder` waits for the next event and
    comes behind it, or after `seconds` if there is none.
    """

    kind: EventFaultKind
    nth: int = 1
    status: str | None = None
    share: float | None = None
    above: float | None = None
    seconds: float = 0


@dataclass(slots=True)
class _Rule:
    fault: EventFault
    occasions: Occasions
    seen: int = 0

    def strikes(self, event: Event, now: datetime) -> bool:
        if self.fault.status not in {None, event.detail.get("jobStatus")}:
            return False
        self.seen += 1
        return self.occasions.struck(self.seen, now)


@dataclass(frozen=True, slots=True)
class _Held:
    event: Event
    until: datetime
    passed_by_next: bool


def check(fault: EventFault) -> None:
    """Check that events can fail so. Raises ValueError."""
    if fault.kind not in get_args(EventFaultKind):
        raise ValueError(f"no event fault is called {fault.kind}")
    if fault.kind in {"delay", "reorder"} and fault.seconds <= 0:
        raise ValueError(f"{fault.kind} needs a positive number of seconds")
    if not 0 <= fault.seconds <= LONGEST:
        raise ValueError(f"seconds are a number from 0 to {LONGEST:,}")


class FaultyEvents:
    """Is given to a simulator as its `publish`; passes events on by the rules. The host calls `run_due` as well."""

    def __init__(self, publish: Publish, faults: Iterable[EventFault] = (), clock: Clock | None = None) -> None:
        self._publish = publish
        self._clock = clock or SystemClock()
        self._rules: list[_Rule] = []
        self._held: list[_Held] = []
        self._lock = threading.Lock()
        for fault in faults:
            self.add(fault)

    def add(self, fault: EventFault) -> None:
        """Add a rule. Raises ValueError if nothing can fail like that."""
        check(fault)
        with self._lock:
            self._rules.append(_Rule(fault, Occasions(fault)))

    def clear(self) -> None:
        """Forget all rules. What they hold back still comes."""
        with self._lock:
            self._rules.clear()

    def __call__(self, event: Event) -> None:
        """Pass an event on, as the first rule that strikes it says."""
        now = self._clock.now()
        with self._lock:
            struck = [rule.fault for rule in self._rules if rule.strikes(event, now)]
            overtaken = [held for held in self._held if held.passed_by_next]
            self._held = [held for held in self._held if not held.passed_by_next]
            at_once = self._pass(event, struck[0] if struck else None, now)
        for each in (*at_once, *(held.event for held in overtaken)):
            self._publish(each)

    def run_due(self) -> float | None:
        """Pass on what was held back until now; the seconds until the next of them, or None if there is none."""
        now = self._clock.now()
        with self._lock:
            due = sorted((held for held in self._held if held.until <= now), key=lambda held: held.until)
            self._held = [held for held in self._held if held.until > now]
            later = min((held.until for held in self._held), default=None)
        for held in due:
            self._publish(held.event)
        return (later - now).total_seconds() if later else None

    def _pass(self, event: Event, fault: EventFault | None, now: datetime) -> list[Event]:
        """Hold back what comes later; what is published now."""
        if fault is None:
            return [event]
        if fault.kind == "duplicate" and not fault.seconds:
            return [event, event]
        if fault.kind != "drop":
            until = now + timedelta(seconds=fault.seconds)
            self._held.append(_Held(event, until, fault.kind == "reorder"))
        return [event] if fault.kind == "duplicate" else []
