"""The steps of a run, as data: what a person, SQS, Bedrock, the clock or a fault can do next.

A new step is one more entry of `STEPS`; a walk draws its arguments, and may take it whenever `when` holds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tunedrop.domain.checks import examples

from tests.faults.kinds import FAULTS, Fault
from tests.faults.stateful import money_steps
from tests.faults.stateful.history import Asked
from tests.faults.stateful.money_steps import pick
from tests.faults.stateful.program import QUOTA, Program
from tests.faults.stateful.wire import Strike

MINUTE, HOUR, DAY = 60, 3_600, 86_400
DATASETS, DEPLOYMENTS = ("support", "billing"), ("prod", "next")
BASE_MODELS = ("claude-3-haiku", "llama-3-1-8b")
"""Datasets are prepared for the first; a job on the second waits until its data is."""
RECORDS = 34
CONTENTS: Mapping[str, bytes] = {
    **{f"good {number}": examples.good(RECORDS, 1_000 * number, conversations=True)() for number in range(1, 4)},
    "too few": examples.good(3, 9_000, conversations=True)(),
    "no JSON": b"no JSON\n",
}
SETTINGS: Mapping[str, bytes] = {
    "on accept": b'[job]\nstart = "on_accept"\n[deployment]\nname = "next"\nhours = 2\n',
    "broken": b"owner = \n",
}
Draw = Callable[[random.Random], Any]


def one_of(*choices: Any) -> Draw:
    """Each as often; one that is named twice, twice as often."""
    return lambda chance: chance.choice(choices)


def some_of(**fields: Draw) -> Draw:
    """A dict with some of these."""
    return lambda chance: {name: draw(chance) for name, draw in fields.items() if chance.random() < 0.5}


def _fault(chance: random.Random) -> Strike | None:
    """Which call is struck, one time in three; a delivery that makes fewer goes through."""
    if chance.randrange(3):
        return None
    return Strike(chance.choice(FAULTS), chance.choice((None, chance.randrange(16))))


def _number(chance: random.Random) -> int:
    """Chooses one of what there is."""
    return chance.randrange(12)


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of step. `weight`: how many times as often as others it is drawn."""

    act: Callable[..., None]
    arguments: Mapping[str, Draw] = field(default_factory=dict)
    when: Callable[[Program], bool] = lambda program: True
    weight: int = 1


def _is_under_way(program: Program) -> bool:
    """Whether time or the schedule can change anything."""
    return bool(program.queues.waiting or program.world.events) or program.has_open_work()


def upload(program: Program, dataset: str, split: str, content: str) -> None:
    """Put one of `CONTENTS`."""
    program.upload(dataset, split, CONTENTS[content], content, good=content.startswith("good"))


def _write_settings(program: Program, dataset: str, content: str) -> None:
    program.upload(dataset, "dataset.toml", SETTINGS[content], content, good=True)


def _start(
    program: Program, number: int, base_model: str, wish: Any, hours_left: int | None, fault: Strike | None
) -> None:
    deadline = program.now + timedelta(hours=hours_left) if hours_left else None
    dataset = pick(program.history.uploads, number).dataset
    body = {"dataset": dataset, "base_model": base_model, "deployment": wish}
    if deadline:
        body["deadline"] = deadline.isoformat()
    program.ask("POST", "/jobs", body, program.new_key(), fault)


def _starts(program: Program) -> list[Asked]:
    return [asked for asked in program.history.requests if asked.key]


def _repeat(program: Program, number: int, changed: bool, fault: Strike | None) -> None:
    first = pick(_starts(program), number)
    body = {**first.body, "sweep": "another-body"} if changed else first.body
    program.ask(first.method, first.path, body, first.key, fault)


def _plan(program: Program, dataset: str, wish: Any) -> None:
    program.plan({"dataset": dataset, "base_model": BASE_MODELS[0], "deployment": wish})


def _stop(program: Program, number: int, fault: Strike | None) -> None:
    program.ask("POST", f"/jobs/{pick(list(program.history.jobs()), number)}/stop", fault=fault)


def _delete(program: Program, dataset: str, version: int | None, fault: Strike | None) -> None:
    program.ask("DELETE", f"/datasets/{dataset}" + (f"/versions/{version}" if version else ""), fault=fault)


def _deliver(program: Program, number: int, fault: Strike | None) -> None:
    program.deliver(pick(program.queues.due(program.now), number), fault)


def _deliver_again(program: Program, number: int) -> None:
    queues = program.queues
    queues.repeat(pick([*queues.done, *queues.waiting], number), program.now)


def _die(program: Program, number: int) -> None:
    """The function dies of one message until that is a dead letter."""
    message = pick(program.queues.due(program.now), number)
    while message in program.queues.waiting:
        program.wait(max((message.visible_at - program.now).total_seconds(), 0))
        program.deliver(message, Strike(Fault("crash_before"), 0))


def _go_on(program: Program, fault: Strike | None) -> None:
    """An afternoon like most: every event and message arrives, and the schedule fires before and after."""
    while program.world.events:
        program.event_arrives(0, 1)
    program.tick()
    program.wait(3 * HOUR)
    program.tick(fault)


def _wait(program: Program, seconds: int) -> None:
    program.wait(seconds)


def _wish(chance: random.Random) -> dict[str, Any] | None:
    named = {"name": chance.choice(DEPLOYMENTS)} | some_of(hours=one_of(1, 3))(chance)
    return named if chance.randrange(3) else None


_puts = some_of(
    hours=one_of(1, 3),
    second_unit=one_of(True),
    idle_minutes=one_of(0, 10, 60),
    on_budget=one_of("notify", "release"),
)

STEPS: Mapping[str, Step] = {
    "upload": Step(
        upload,
        {
            "dataset": one_of(*DATASETS),
            "split": one_of("train", "train", "validation"),
            "content": one_of("good 1", "good 1", "good 2", *CONTENTS),
        },
    ),
    "write_settings": Step(_write_settings, {"dataset": one_of(*DATASETS), "content": one_of(*SETTINGS)}),
    "start": Step(
        _start,
        {
            "number": _number,
            "base_model": one_of(*BASE_MODELS[:1] * 2, *BASE_MODELS),
            "wish": _wish,
            "hours_left": one_of(None, None, 2),
            "fault": _fault,
        },
        when=lambda program: bool(program.history.uploads),
        weight=3,
    ),
    "repeat": Step(
        _repeat,
        {"number": _number, "changed": one_of(True, False), "fault": _fault},
        when=lambda program: bool(_starts(program)),
    ),
    "plan": Step(
        _plan,
        {"dataset": one_of(*DATASETS), "wish": _wish},
        when=lambda program: bool(program.history.uploads),
    ),
    "stop": Step(
        _stop, {"number": _number, "fault": _fault}, when=lambda program: bool(program.history.jobs()), weight=2
    ),
    "release": Step(
        money_steps.release,
        {"name": one_of(*DEPLOYMENTS), "now": one_of(True, False), "fault": _fault},
        when=lambda program: bool(program.history.jobs()),
        weight=2,
    ),
    "put": Step(
        money_steps.put,
        {
            "number": lambda chance: chance.choice((None, _number(chance))),
            "name": one_of(*DEPLOYMENTS),
            "wish": _puts,
            "ahead": one_of(None, 2, 30),
            "fault": _fault,
        },
        when=lambda program: bool(program.history.jobs()),
        weight=6,
    ),
    "serve_another": Step(
        money_steps.serve_another,
        {"number": _number, "second_unit": one_of(True, False), "fault": _fault},
        when=lambda program: bool(money_steps.others(program)),
        weight=14,
    ),
    "set_budget": Step(
        money_steps.set_budget,
        {"budget": one_of(None, 50, 100, 400)},
        when=lambda program: bool(program.history.jobs()),
    ),
    "call": Step(money_steps.call, {"number": _number}, when=lambda program: bool(program.answering()), weight=3),
    "drain": Step(
        money_steps.drain,
        {"number": _number, "now": one_of(False, False, True), "fault": _fault},
        when=lambda program: bool(program.answering()),
        weight=5,
    ),
    "leave_alone": Step(
        money_steps.leave_alone,
        {"number": _number, "called": one_of(True, False), "fault": _fault},
        when=lambda program: bool(program.answering()),
        weight=6,
    ),
    "delete_model": Step(
        money_steps.delete_model,
        {"number": _number, "fault": _fault},
        when=lambda program: bool(program.trained()),
        weight=2,
    ),
    "buy_by_hand": Step(
        money_steps.buy_by_hand,
        {"number": _number},
        when=lambda program: bool(program.bedrock_jobs()) and not program.by_hand(),
        weight=2,
    ),
    "sleep": Step(Program.sleep, {"seconds": one_of(HOUR, 3 * HOUR, 9 * HOUR)}, when=_is_under_way),
    "put_back": Step(
        Program.put_back,
        {"ago": one_of(*range(1, 21))},
        when=lambda program: bool(program.ledger("provisioned_throughput")),
        weight=2,
    ),
    "make_anew": Step(
        lambda program: program.make_anew(), when=lambda program: bool(program.ledger("provisioned_throughput"))
    ),
    "delete": Step(
        _delete,
        {"dataset": one_of(*DATASETS), "version": one_of(None, None, 1, 2), "fault": _fault},
        when=lambda program: bool(program.history.uploads),
        weight=2,
    ),
    "deliver": Step(
        _deliver,
        {"number": _number, "fault": _fault},
        when=lambda program: bool(program.queues.due(program.now)),
        weight=4,
    ),
    "deliver_again": Step(
        _deliver_again,
        {"number": _number},
        when=lambda program: bool(program.queues.done or program.queues.waiting),
    ),
    "deliver_due": Step(
        Program.deliver_due, {"fault": _fault}, when=lambda program: bool(program.queues.due(program.now))
    ),
    "event_arrives": Step(
        Program.event_arrives,
        {"number": _number, "times": one_of(1, 1, 2, 0)},
        when=lambda program: bool(program.world.events),
        weight=2,
    ),
    "reconcile": Step(Program.reconcile, {"fault": _fault}, when=_is_under_way),
    "tick": Step(Program.tick, {"fault": _fault}, when=_is_under_way),
    "go_on": Step(_go_on, {"fault": _fault}, when=_is_under_way, weight=3),
    "wait": Step(
        _wait,
        {"seconds": one_of(*(MINUTE, 11 * MINUTE, HOUR, 3 * HOUR) * 2, 9 * HOUR, 26 * HOUR, 3 * DAY)},
        when=_is_under_way,
        weight=2,
    ),
    "die": Step(_die, {"number": _number}, when=lambda program: bool(program.queues.due(program.now))),
    "redrive": Step(
        lambda program: program.queues.redrive(program.now), when=lambda program: bool(program.queues.dead), weight=3
    ),
    "sell": Step(Program.sell, {"units": one_of(0, QUOTA, QUOTA)}, when=lambda program: bool(program.history.jobs())),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """One step with its arguments."""

    name: str
    arguments: Mapping[str, Any]

    def take(self, program: Program) -> bool:
        """Take it, if it can be taken now; whether it was."""
        step = STEPS[self.name]
        if not step.when(program):
            return False
        program.wait(1)
        step.act(program, **self.arguments)
        return True

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.arguments.items())})"


def draw(program: Program, kept_out: Collection[str], chance: random.Random) -> Taken:
    """One of the steps that can be taken now."""
    possible = [name for name, step in STEPS.items() if name not in kept_out and step.when(program)]
    (name,) = chance.choices(possible or ["upload"], [STEPS[each].weight for each in possible] or None)
    return Taken(name, {key: value(chance) for key, value in STEPS[name].arguments.items()})
