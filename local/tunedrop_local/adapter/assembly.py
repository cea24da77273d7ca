"""Assembles the embedded cloud: MiniStack, the simulator, the function host, autosave, and the front before them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from bedrock_simulator import Configuration, FaultWishes, FaultyDoor, FaultyEvents, Lifecycle, Simulator, knowledge

from tunedrop_local.activity import Activity
from tunedrop_local.adapter import (
    alarms,
    asked_resources,
    bedrock,
    deletions,
    dropped_properties,
    event_versions,
    gateway_responses,
    names,
    policies,
    policy_variables,
    ranges,
    redrive,
    schedules,
    seams,
    streaming,
    universal_targets,
)
from tunedrop_local.adapter.front import Asgi, front
from tunedrop_local.adapter.functions import Functions
from tunedrop_local.adapter.state import Autosave
from tunedrop_local.code_store import CodeStore
from tunedrop_local.control import Control
from tunedrop_local.settings import Keys, Settings

SEAMS = (
    streaming,
    event_versions,
    ranges,
    redrive,
    asked_resources,
    policy_variables,
    gateway_responses,
    alarms,
    names,
    deletions,
)
"""Those that need nothing to be installed."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """What the server runs. Call `start` once it listens, when MiniStack has loaded its state."""

    application: Asgi
    functions: Functions
    mount: bedrock.Mount
    autosave: Autosave

    def start(self) -> None:
        """Starts to run what is due and to save the state."""
        self.mount.start()
        self.autosave.start()

    def stop(self) -> None:
        """Ends the functions and saves the state."""
        self.functions.stop()
        self.autosave.stop()


@dataclass(frozen=True, slots=True)
class World:
    """The simulator and the recorder, as the control paths see them."""

    simulator: Simulator
    wishes: FaultWishes
    recorder: policies.Recorder
    autosave: Autosave

    def ledger(self) -> list[dict[str, Any]]:
        """Returns what was bought and trained so far."""
        return [asdict(entry) for entry in self.simulator.ledger()]

    def set_lifecycle(self, wish: Mapping[str, Any]) -> None:
        """Changes a base model's lifecycle until the server ends."""
        now = self.simulator.configuration
        wanted = Lifecycle(wish["status"], _moment(wish, "legacy_time"), _moment(wish, "end_of_life"))
        lifecycle = {**now.lifecycle, wish["model_id"]: wanted}
        self.simulator.reconfigure(replace(now, lifecycle=lifecycle))

    def set_knowledge(self, wish: Mapping[str, Any]) -> None:
        """Changes what the world and its models know until the server ends."""
        self.simulator.teach(knowledge.read(wish))

    def add_fault(self, wish: Mapping[str, Any]) -> None:
        """Adds a fault of calls, events or jobs."""
        self.wishes.add(wish)

    def clear_faults(self) -> None:
        """Removes all faults."""
        self.wishes.clear()

    def record_decisions(self, *, on: bool) -> None:
        """Starts a new recording, or stops it."""
        self.recorder.on = on
        self.recorder.clear()

    def decisions(self) -> list[dict[str, str]]:
        """Returns the decisions recorded so far."""
        return [asdict(decision) for decision in self.recorder.decisions()]

    def save(self) -> None:
        """Writes the state now."""
        self.autosave.save()


def _moment(wish: Mapping[str, Any], name: str) -> datetime | None:
    return datetime.fromisoformat(wish[name]) if wish.get(name) else None


def assemble(settings: Settings, root: Keys) -> Cloud:
    """Installs every seam in this process, which will serve. Raises SeamMissing."""
    seams.check_version()
    events = FaultyEvents(bedrock.publish)
    simulator = Simulator(
        objects=bedrock.RoleObjects(settings.endpoint),
        publish=events,
        configuration=Configuration(time_scale=settings.time_scale),
    )
    snapshot = settings.state / "simulator.json"
    if snapshot.exists():
        simulator.restore(snapshot.read_bytes())
    code = CodeStore(settings.code_cache or settings.state / "code")
    activity = Activity()
    functions = Functions(code=code, logs=settings.function_logs, endpoint=settings.endpoint, activity=activity)
    door, recorder = FaultyDoor(simulator), policies.Recorder()
    mount = bedrock.Mount(simulator, door, events, activity)
    autosave = Autosave(activity, folder=settings.services, snapshot=simulator.snapshot, snapshot_path=snapshot)
    for part in (functions, recorder, mount, *SEAMS, autosave):
        part.install()
    schedules.install(settings)
    universal_targets.install(settings.endpoint)
    dropped_properties.install(settings.endpoint)
    world = World(simulator, FaultWishes(simulator, door, events), recorder, autosave)
    control = Control(world, root.control_token, about(settings))
    return Cloud(front(control, activity), functions, mount, autosave)


def about(settings: Settings) -> dict[str, Any]:
    """The answer of `GET /_tunedrop/health`."""
    return {
        "status": "ready",
        "state": str(settings.state),
        "endpoint": settings.endpoint,
        "account": settings.account,
        "region": settings.region,
        "time_scale": settings.time_scale,
        "pid": os.getpid(),
    }
