"""Model units are reserved with the intent: of jobs that ask at once for the last one, none trains in vain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from bedrock_simulator import Configuration, Quotas
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.edges.rows import deployment_rows, job_rows
from tunedrop.edges.rows.writes import Update
from tunedrop.errors import CapExceeded, TunedropError, Unavailable

from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, TRAINED, Crash, World, crash, deaths

AT_ONCE = 20
WRITE = "TransactWriteItems"


@pytest.fixture
def world(stack, environment) -> World:
    return bedrock_world.make(stack, environment)


def at_once(world: World, wishes: Iterator[DeploymentRequest], units: int | None = 1) -> list[str]:
    """Start a job for each wish, all of them checked before the first is written; what became of each.

    The innermost writes first: each of the others finds out only when it writes.
    """
    outcomes: list[str] = []
    writing = world.calls_of(lambda: world.start(deployment=DeploymentRequest("measured", model_units=units))).index(
        WRITE
    )

    def one() -> None:
        wish = next(wishes, None)
        if wish is None:
            return
        with world.interrupted(one, writing, "before"):
            try:
                outcomes.append(world.start(deployment=wish).status)
            except TunedropError as refusal:
                outcomes.append(refusal.code)

    one()
    return outcomes


def test_of_twenty_at_once_for_one_free_unit_one_trains_and_the_others_are_told_why(world):
    outcomes = at_once(world, (DeploymentRequest(f"support-{number}") for number in range(AT_ONCE)))
    assert sorted(outcomes) == ["Requested", *["model_units_cap"] * (AT_ONCE - 1)]
    world.deliver()
    world.wait(TRAINED)
    world.wait(BOUGHT)
    assert len(world.bought("customization_job")) == len(world.live()) == 1
    assert "DeploymentLapsed" not in world.told()


def test_units_of_several_sizes_at_once_never_sum_up_to_more_than_the_cap(stack, environment):
    account = Configuration(quotas=Quotas(model_units=9))
    world = bedrock_world.make(stack, environment, configuration=account)
    world.settings = replace(world.settings, max_model_units=4)
    sizes = [3, 2, 2, 1, 1]
    wishes = (DeploymentRequest(f"support-{number}", model_units=size) for number, size in enumerate(sizes))
    outcomes = at_once(world, wishes)[::-1]
    taken = [size for size, outcome in zip(sizes, outcomes, strict=True) if outcome == "Requested"]
    assert sum(taken) == 4, outcomes


def test_on_demand_takes_no_units(stack, environment):
    world = bedrock_world.make(stack, environment, base_model="nova-lite", region="us-east-1")
    world.settings = replace(world.settings, max_model_units=0)
    outcomes = at_once(world, (DeploymentRequest(f"support-{number}") for number in range(3)), units=None)
    assert outcomes == ["Requested"] * 3


def _rest(world: World) -> set[str]:
    return {row["sk"] for row in world.stack.table.query("OPEN").rows}


def test_a_crash_at_any_call_of_a_start_leaks_no_unit(world):
    start = world.checkpoint()
    for nth, name in deaths(world.calls_of(lambda: world.start(deployment="crashed"))):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            world.start(deployment="crashed")
        if "PURCHASE#crashed#1" in _rest(world):
            world.release("crashed")
            world.deliver()
            for row in world.stack.table.query("OPEN", "JOB#").rows:
                world.stop(row["job_id"])
            world.wait(TRAINED)
        assert _rest(world) == set(), name
        assert world.start(deployment="next").status == "Requested", name


@pytest.mark.parametrize("end", ["stopped", "released", "failed"])
def test_a_unit_is_free_again_once_nothing_will_be_bought(world, end):
    job = world.start(deployment="first")
    with pytest.raises(CapExceeded):
        world.start(deployment="second")
    if end == "stopped":
        world.stop(job.id)
    elif end == "released":
        world.release("first")
    else:
        failed = replace(world.job(job.id), attempts=0, request={**(job.request or {}), "jobName": "-"})
        assert world.stack.table.put(job_rows.put_job(failed)).done
    world.deliver()
    assert world.start(deployment="second").status == "Requested"


def test_a_planned_purchase_of_an_earlier_release_holds_its_units(world):
    """0.1.0 wrote no count of intents; its purchases count all the same, before and after the first new intent."""
    world.settings = replace(world.settings, max_model_units=2)
    world.start(deployment="earlier")
    forgotten = Update(deployment_rows.MODEL_UNITS, remove=("intents",))
    assert world.stack.table.update(forgotten).done
    assert world.start(deployment="later").status == "Requested"
    with pytest.raises(CapExceeded) as refusal:
        world.start(deployment="third")
    assert refusal.value.details["spoken_for"] == {"earlier": 1, "later": 1}


def test_intents_that_keep_coming_between_end_in_a_request_to_ask_again(world):
    world.settings = replace(world.settings, max_model_units=100)
    names = (f"rival-{number}" for number in range(50))

    def rival(model: Any, **_: Any) -> None:
        if model.name == WRITE and not busy:
            busy.append(1)
            world.start(deployment=next(names))
            busy.clear()

    busy: list[int] = []
    emitter = world.stack.dynamodb.meta.events
    emitter.register("before-call.dynamodb.*", rival)
    try:
        with pytest.raises(Unavailable) as asked:
            world.start(deployment="support-prod")
    finally:
        emitter.unregister("before-call.dynamodb.*", rival)
    assert asked.value.code == "busy"
    assert world.start(deployment="support-prod").status == "Requested"
