"""How far a walk has come before its random steps: those that begin with nothing seldom come far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

from tests.faults.stateful.program import Program
from tests.faults.stateful.steps import BASE_MODELS, DATASETS, DEPLOYMENTS, HOUR, Taken, upload


def begin(program: Program, beginning: str, skew: int) -> None:
    """An empty stack, and come so far without faults. `skew`: of Bedrock's clock, minutes."""
    program.reset()
    program.world.bedrock_clock.skew = timedelta(minutes=skew)
    stages = list(STAGES)
    for name in stages[: stages.index(beginning) + 1] if beginning in STAGES else stages:
        STAGES[name](program)
    for step in LATE.get(beginning, ()):
        step.take(program)


def _upload(program: Program) -> None:
    upload(program, DATASETS[0], "train", "good 1")
    program.deliver_due()
    program.look()


def _train(program: Program, wish: Mapping[str, str] | None, sweep: str) -> None:
    body = {"dataset": DATASETS[0], "base_model": BASE_MODELS[0], "deployment": wish, "sweep": sweep}
    program.ask("POST", "/jobs", body, program.new_key())
    program.tick()


def _train_another(program: Program) -> None:
    _train(program, None, "another")
    program.wait(3 * HOUR)
    program.tick()


STAGES: Mapping[str, Callable[[Program], None]] = {
    "nothing": lambda program: None,
    "a version": _upload,
    "a training": partial(_train, wish={"name": DEPLOYMENTS[0]}, sweep="first"),
    "a training that is over": lambda program: program.wait(3 * HOUR),
    "a purchase": Program.tick,
    "two models": _train_another,
}
"""One after the other."""
LATE: Mapping[str, tuple[Taken, ...]] = {
    "a swap": (Taken("serve_another", {"number": 0, "second_unit": False, "fault": None}),),
    "a second unit": (
        Taken("serve_another", {"number": 0, "second_unit": True, "fault": None}),
        Taken("deliver_due", {"fault": None}),
    ),
    "a restore": (Taken("put_back", {"ago": 10}),),
    "a renewal": (
        Taken("put", {"number": None, "name": DEPLOYMENTS[0], "wish": {}, "ahead": 30, "fault": None}),
        Taken("tick", {"fault": None}),
    ),
    "left alone": (Taken("leave_alone", {"number": 0, "called": True, "fault": None}),),
    "drained": (Taken("drain", {"number": 0, "now": False, "fault": None}),),
    "a budget": (
        Taken("set_budget", {"budget": 100}),
        Taken("put", {"number": 1, "name": DEPLOYMENTS[1], "wish": {}, "ahead": None, "fault": None}),
        Taken("deliver_due", {"fault": None}),
    ),
    "a deleted model": (Taken("delete_model", {"number": 1, "fault": None}),),
}
"""Each after two models."""
BEGINNINGS = (*STAGES, *LATE)
