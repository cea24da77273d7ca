"""The steps of a run, as data: what a person, SQS, Bedrock, the clock or a fault can do next.

A new step is one more entry of `STEPS`; the machine draws its arguments and takes it whenever `when` holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from tunedrop.domain.checks import examples

from tests.faults.kinds import FAULTS
from tests.faults.stateful import money_steps
from tests.faults.stateful.history import Asked
from tests.faults.stateful.money_steps import LATE, pick
from tests.faults.stateful.program import Program
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
BEGINNINGS = ("nothing", "a version", "a training", "a training that is over", "a purchase", "two models")
"""How far a run has come when its steps begin."""
faults = st.none() | st.none() | st.builds(Strike, st.sampled_from(FAULTS), st.none() | st.integers(0, 15))
"""Which call is struck; a delivery that makes fewer goes through."""
numbers = st.integers(0, 11)
"""Chooses one of what there is."""


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of step. `weight`: how many times as often as others it is drawn."""

    act: Callable[..., None]
    arguments: Mapping[str, st.SearchStrategy[Any]] = field(default_factory=dict)
    when: Callable[[Program], bool] = lambda program: True
    weight: int = 1


def _is_under_way(program: Program) -> bool:
    """Whether time or the schedule can change anything."""
    return bool(program.queues.waiting or program.world.events) or program.has_open_work()


def _upload(program: Program, dataset: str, split: str, content: str) -> None:
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


def begin(program: Program, beginning: str, skew: int) -> None:
    """Come so far without faults: runs that begin with nothing seldom come far. `skew`: of Bedrock's clock, minutes."""
    program.world.bedrock_clock.skew = timedelta(minutes=skew)
    so_far = BEGINNINGS.index(beginning if beginning in BEGINNINGS else BEGINNINGS[-1])
    if so_far >= 1:
        _upload(program, DATASETS[0], "train", "good 1")
        program.deliver_due()
        program.look()
    if so_far >= 2:
        wish = {"name": DEPLOYMENTS[0]}
        body = {"dataset": DATASETS[0], "base_model": BASE_MODELS[0], "deployment": wish}
        program.ask("POST", "/jobs", body, program.new_key())
        program.tick()
    if so_far >= 3:
        program.wait(3 * HOUR)
    if so_far >= 4:
        program.tick()
    if so_far >= 5:
        another = {"dataset": DATASETS[0], "base_model": BASE_MODELS[0], "sweep": "another", "deployment": None}
        program.ask("POST", "/jobs", another, program.new_key())
        program.tick()
        program.wait(3 * HOUR)
        program.tick()
    if beginning in LATE:
        LATE[beginning](program)


def _go_on(program: Program, fault: Strike | None) -> None:
    """An afternoon like most: every event and message arrives, and the schedule fires before and after."""
    while program.world.events:
        program.event_arrives(0, 1)
    program.tick()
    program.wait(3 * HOUR)
    program.tick(fault)


def _wait(program: Program, seconds: int) -> None:
    program.wait(seconds)


_wish = st.fixed_dictionaries({"name": st.sampled_from(DEPLOYMENTS)}, optional={"hours": st.sampled_from((1, 3))})
wishes = st.none() | _wish | _wish
_puts: Mapping[str, st.SearchStrategy[Any]] = {
    "hours": st.sampled_from((1, 3)),
    "second_unit": st.just(True),
    "idle_minutes": st.sampled_from((0, 10, 60)),
    "on_budget": st.sampled_from(("notify", "release")),
}

STEPS: Mapping[str, Step] = {
    "upload": Step(
        _upload,
        {
            "dataset": st.sampled_from(DATASETS),
            "split": st.sampled_from(("train", "train", "validation")),
            "content": st.sampled_from(("good 1", "good 1", "good 2", *CONTENTS)),
        },
    ),
    "write_settings": Step(
        _write_settings, {"dataset": st.sampled_from(DATASETS), "content": st.sampled_from(tuple(SETTINGS))}
    ),
    "start": Step(
        _start,
        {
            "number": numbers,
            "base_model": st.sampled_from((*BASE_MODELS[:1] * 2, *BASE_MODELS)),
            "wish": wishes,
            "hours_left": st.sampled_from((None, None, 2)),
            "fault": faults,
        },
        when=lambda program: bool(program.history.uploads),
        weight=3,
    ),
    "repeat": Step(
        _repeat,
        {"number": numbers, "changed": st.booleans(), "fault": faults},
        when=lambda program: bool(_starts(program)),
    ),
    "plan": Step(
        _plan,
        {"dataset": st.sampled_from(DATASETS), "wish": wishes},
        when=lambda program: bool(program.history.uploads),
    ),
    "stop": Step(
        _stop, {"number": numbers, "fault": faults}, when=lambda program: bool(program.history.jobs()), weight=2
    ),
    "release": Step(
        money_steps.release,
        {"name": st.sampled_from(DEPLOYMENTS), "now": st.booleans(), "fault": faults},
        when=lambda program: bool(program.history.jobs()),
        weight=2,
    ),
    "put": Step(
        money_steps.put,
        {
            "number": st.none() | numbers,
            "name": st.sampled_from(DEPLOYMENTS),
            "wish": st.fixed_dictionaries({}, optional=_puts),
            "ahead": st.sampled_from((None, None, 2, 30)),
            "fault": faults,
        },
        when=lambda program: bool(program.history.jobs()),
        weight=4,
    ),
    "serve_another": Step(
        money_steps.serve_another,
        {"number": numbers, "second_unit": st.booleans(), "fault": faults},
        when=lambda program: bool(money_steps.others(program)),
        weight=5,
    ),
    "set_budget": Step(
        money_steps.set_budget,
        {"budget": st.sampled_from((None, 50, 100, 400))},
        when=lambda program: bool(program.history.jobs()),
    ),
    "call": Step(money_steps.call, {"number": numbers}, when=lambda program: bool(program.answering())),
    "drain": Step(
        money_steps.drain,
        {"number": numbers, "now": st.sampled_from((False, False, True)), "fault": faults},
        when=lambda program: bool(program.answering()),
    ),
    "leave_alone": Step(
        money_steps.leave_alone,
        {"number": numbers, "called": st.booleans(), "fault": faults},
        when=lambda program: bool(program.answering()),
    ),
    "delete_model": Step(
        money_steps.delete_model,
        {"number": numbers, "fault": faults},
        when=lambda program: bool(program.trained()),
    ),
    "buy_by_hand": Step(
        money_steps.buy_by_hand,
        {"number": numbers},
        when=lambda program: bool(program.bedrock_jobs()) and not program.by_hand(),
    ),
    "sleep": Step(Program.sleep, {"seconds": st.sampled_from((HOUR, 3 * HOUR, 9 * HOUR))}, when=_is_under_way),
    "put_back": Step(
        Program.put_back,
        {"ago": st.integers(1, 20)},
        when=lambda program: bool(program.ledger("provisioned_throughput")),
        weight=2,
    ),
    "make_anew": Step(
        lambda program: program.make_anew(), when=lambda program: bool(program.ledger("provisioned_throughput"))
    ),
    "delete": Step(
        _delete,
        {"dataset": st.sampled_from(DATASETS), "version": st.sampled_from((None, None, 1, 2)), "fault": faults},
        when=lambda program: bool(program.history.uploads),
    ),
    "deliver": Step(
        _deliver,
        {"number": numbers, "fault": faults},
        when=lambda program: bool(program.queues.due(program.now)),
        weight=3,
    ),
    "deliver_again": Step(
        _deliver_again,
        {"number": numbers},
        when=lambda program: bool(program.queues.done or program.queues.waiting),
    ),
    "deliver_due": Step(
        Program.deliver_due, {"fault": faults}, when=lambda program: bool(program.queues.due(program.now))
    ),
    "event_arrives": Step(
        Program.event_arrives,
        {"number": numbers, "times": st.sampled_from((1, 1, 2, 0))},
        when=lambda program: bool(program.world.events),
        weight=2,
    ),
    "reconcile": Step(Program.reconcile, {"fault": faults}, when=_is_under_way),
    "tick": Step(Program.tick, {"fault": faults}, when=_is_under_way),
    "go_on": Step(_go_on, {"fault": faults}, when=_is_under_way, weight=3),
    "wait": Step(
        _wait,
        {"seconds": st.sampled_from((MINUTE, 11 * MINUTE, HOUR, 3 * HOUR, 9 * HOUR, 26 * HOUR, 3 * DAY))},
        when=_is_under_way,
        weight=2,
    ),
    "redrive": Step(
        lambda program: program.queues.redrive(program.now), when=lambda program: bool(program.queues.dead)
    ),
    "sell": Step(
        Program.sell, {"units": st.sampled_from((0, 0, 2))}, when=lambda program: bool(program.history.jobs()), weight=2
    ),
}
