"""Puts the parts together: MiniStack, the simulator, the function host, autosave, and what stands before them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bedrock_simulator import Configuration, Simulator

from tunedrop_local.adapter import (
    alarms,
    bedrock,
    dropped_properties,
    gateway_responses,
    policies,
    schedules,
    seams,
    streaming,
    uploads,
)
from tunedrop_local.adapter.front import Asgi, front
from tunedrop_local.adapter.functions import Functions
from tunedrop_local.adapter.state import Autosave
from tunedrop_local.code_store import CodeStore
from tunedrop_local.control import Control
from tunedrop_local.settings import Keys, Settings


@dataclass(frozen=True, slots=True)
class Cloud:
    """What the server runs. `start` once it listens: the state was loaded by then."""

    application: Asgi
    functions: Functions
    mount: bedrock.Mount
    autosave: Autosave

    def start(self) -> None:
        self.mount.start()
        self.autosave.start()

    def stop(self) -> None:
        self.functions.stop()
        self.autosave.stop()


@dataclass(frozen=True, slots=True)
class World:
    """The simulator and the recorder, in the words of the control paths."""

    simulator: Simulator
    recorder: policies.Recorder
    autosave: Autosave
    mount: bedrock.Mount

    def ledger(self) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self.simulator.ledger()]

    def set_lifecycle(self, wish: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def add_fault(self, wish: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def clear_faults(self) -> None:
        raise NotImplementedError

    def record_decisions(self, *, on: bool) -> None:
        self.recorder.on = on
        self.recorder.clear()

    def decisions(self) -> list[dict[str, str]]:
        return [asdict(decision) for decision in self.recorder.decisions()]

    def save(self) -> None:
        self.autosave.save()


def assemble(settings: Settings, root: Keys) -> Cloud:
    seams.check_version()
    simulator = Simulator(
        objects=bedrock.RoleObjects(settings.endpoint),
        publish=bedrock.publish,
        configuration=Configuration(time_scale=settings.time_scale),
    )
    snapshot = settings.state / "simulator.json"
    if snapshot.exists():
        simulator.restore(snapshot.read_bytes())
    code = CodeStore(settings.code_cache or settings.state / "code")
    functions = Functions(code=code, logs=settings.function_logs, endpoint=settings.endpoint)
    recorder, mount = policies.Recorder(), bedrock.Mount(simulator)
    autosave = Autosave(snapshot=simulator.snapshot, snapshot_path=snapshot)
    for part in (functions, recorder, mount, streaming, uploads, gateway_responses, alarms):
        part.install()
    schedules.install(settings)
    dropped_properties.install(settings.endpoint)
    world = World(simulator, recorder, autosave, mount)
    control = Control(world, root.control_token, about(settings))
    return Cloud(front(control), functions, mount, autosave)


def about(settings: Settings) -> dict[str, Any]:
    """What `health` tells."""
    return {
        "status": "ready",
        "endpoint": settings.endpoint,
        "account": settings.account,
        "region": settings.region,
        "time_scale": settings.time_scale,
        "pid": os.getpid(),
    }
