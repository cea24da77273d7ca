"""Faults as a person or a program in any language asks for them: one JSON object for each.

* `{"operation": "GetModelCustomizationJob", "kind": "ThrottlingException", "share": 0.2}`: calls (see Fault)
* `{"event": "drop", "status": "Completed", "share": 1}`: events (see EventFault)
* `{"job": "data_access"}`: the next job that is created fails (see job_failures)

`nth`, where neither `share` nor `above` is given, counts from now on.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from bedrock_simulator import occasions
from bedrock_simulator.event_faults import EventFault, FaultyEvents
from bedrock_simulator.faults import Fault, FaultyDoor
from bedrock_simulator.simulator import Simulator


class FaultWishes:
    """Adds faults to a simulator, its door and its events."""

    def __init__(self, simulator: Simulator, door: FaultyDoor, events: FaultyEvents) -> None:
        self._simulator, self._door, self._events = simulator, door, events

    def add(self, wish: object) -> None:
        """Add one fault. Raises ValueError, or TypeError for a value of another type."""
        if not isinstance(wish, Mapping):
            raise TypeError("a fault is one JSON object")
        named = {"operation", "event", "job"} & wish.keys()
        if len(named) != 1:
            raise ValueError("a fault names one of operation, event and job")
        if "operation" in named:
            self._add_call(wish)
        elif "event" in named:
            values = {("kind" if name == "event" else name): value for name, value in wish.items()}
            _check_names(values, EventFault)
            self._events.add(EventFault(**values))
        elif wish.keys() == named:
            self._simulator.fail_next_job(wish["job"])
        else:
            raise ValueError("a job's failure has a cause and nothing else")

    def clear(self) -> None:
        """Remove all faults that have not happened yet."""
        self._door.clear()
        self._events.clear()
        self._simulator.fail_no_job()

    def _add_call(self, wish: Mapping[str, Any]) -> None:
        _check_names(wish, Fault)
        fault = Fault(**wish)
        occasions.check(fault)  # of the number as it was wished: with the calls so far, -3 may be one that has passed
        self._door.add(replace(fault, nth=self._door.calls(fault.operation, fault.model) + fault.nth))


def _check_names(wish: Mapping[str, Any], kind: type[Fault] | type[EventFault]) -> None:
    known = {each.name for each in fields(kind)}
    if unknown := wish.keys() - known:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(sorted(known))}")
