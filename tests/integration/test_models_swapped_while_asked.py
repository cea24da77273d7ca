"""A deployment that is given another model while an evaluation asks it: no verdict is ever on answers of two models."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration import evaluation_world
from tests.integration.bedrock_world import BOUGHT, HOUR, TRAINED, World
from tests.integration.caller import call, refused
from tests.integration.evaluation_world import get, messages, row, settle, start, work
from tests.integration.test_serving_a_model_that_exists import put, train

PROD = {"candidate": "support-prod", "against": ["base"]}


@pytest.fixture
def world(stack, environment) -> World:
    return evaluation_world.make(stack, environment, tested=12)


@pytest.fixture
def served(world) -> str:
    """The job whose model `support-prod` serves."""
    return world.deployment().job_id


@pytest.fixture
def sibling(world, served) -> str:
    """Another job of the same base model."""
    return train(world)


def swap(world: World, job_id: str) -> None:
    """Put the model behind `support-prod`, and leave messages of evaluations where they are."""
    assert put(world, {"job_id": job_id})[0] == 202
    for seconds in (0, HOUR):
        world.clock.advance(seconds)
        world.simulator.run_due()
        for message in world.stack.messages(world.settings.spend_queue_url):
            world.spend(message)
        world.spend({"kind": "advance_purchase", "deployment": "support-prod", "generation": 1})
    assert (world.deployment().state, world.deployment().job_id) == ("Ready", job_id)


def begun(world: World, **body: Any) -> tuple[str, list[dict[str, Any]]]:
    evaluation_id = start(world, **{**PROD, **body})
    (advance,) = messages(world)
    world.evaluate(advance)
    return evaluation_id, messages(world)


def check_no_verdict(world: World, evaluation_id: str, asked: int) -> None:
    """It has failed, told so, asked nothing more, and takes what its calls took."""
    evaluation = settle(world, evaluation_id)
    assert (evaluation.state, evaluation.failure_code, evaluation.conclusion) == ("Failed", "model_changed", None)
    assert world.door.calls("Converse") == asked
    assert sum(tokens.output > 0 for tokens in evaluation.used) + evaluation.lost_calls > 0 or asked == 0
    told = get(world, evaluation_id)
    assert (told["verdict"], told["contrasts"]) == (None, [])
    assert "Deployment support-prod was given" in told["failure"]
    assert [kind for kind, _ in world.notifications()].count("EvaluationFailed") == 1


def test_before_it_began_nothing_is_asked(world, served, sibling):
    evaluation_id = start(world, **PROD)
    (advance,) = messages(world)
    swap(world, sibling)
    world.evaluate(advance)
    check_no_verdict(world, evaluation_id, 0)


def test_between_two_chunks_the_rest_is_not_asked(world, served, sibling):
    evaluation_id, asking = begun(world)
    world.evaluate(asking[0])
    asked = world.door.calls("Converse")
    assert asked == 20
    swap(world, sibling)
    ours = [message for message in asking[1:] if message["candidate"] == 0]
    work(world, ours)
    check_no_verdict(world, evaluation_id, asked)


def test_after_the_last_answer_they_are_not_scored(world, served, sibling):
    """Whoever looks at the answers then can't tell when the other model began to answer."""
    evaluation_id, asking = begun(world)
    for message in asking:
        world.evaluate(message)
    asked = world.door.calls("Converse")
    assert asked == 2 * (12 + 12)
    swap(world, sibling)
    work(world)
    check_no_verdict(world, evaluation_id, asked)


def test_forth_and_back_is_no_better(world, served, sibling):
    evaluation_id, asking = begun(world)
    world.evaluate(asking[0])
    swap(world, sibling)
    swap(world, served)
    work(world, asking[1:])
    assert row(world, evaluation_id).candidates[0].job_id == world.deployment().job_id == served
    settle(world, evaluation_id)
    assert get(world, evaluation_id)["failure_code"] == "model_changed"


def test_the_one_that_it_is_judged_against_counts_as_well(world, served, sibling):
    evaluation_id, asking = begun(world, candidate="nova-lite", against=["support-prod"])
    swap(world, sibling)
    work(world, asking)
    settle(world, evaluation_id)
    assert get(world, evaluation_id)["failure_code"] == "model_changed"


def test_a_swap_that_was_only_asked_for_counts_because_nobody_sees_when_it_takes_effect(world, served, sibling):
    evaluation_id, asking = begun(world)
    assert put(world, {"job_id": sibling})[0] == 202
    work(world, asking)
    assert world.deployment().state == "Updating"
    assert settle(world, evaluation_id).failure_code == "model_changed"


def test_what_is_being_given_another_model_is_not_evaluated_and_afterwards_it_is(world, served, sibling):
    assert put(world, {"job_id": sibling})[0] == 202
    body = {"dataset": "support", **PROD}
    answer = call("POST", "/evaluations", body, key=world.new_id(), cloud=world.cloud)
    assert refused(answer) == (409, "deployment_updating")
    world.deliver()
    world.wait(HOUR)
    evaluation = settle(world, start(world, **PROD))
    assert (evaluation.state, evaluation.candidates[0].job_id) == ("Completed", sibling)


def test_a_verdict_that_was_given_stays(world, served, sibling):
    evaluation = settle(world, start(world, **PROD))
    swap(world, sibling)
    world.evaluate({"kind": "advance_evaluation", "evaluation_id": evaluation.id})
    assert row(world, evaluation.id) == evaluation


def test_a_second_unit_that_takes_over_changes_nothing_for_what_asks_the_first(world, served, sibling):
    evaluation_id, asking = begun(world)
    world.evaluate(asking[0])
    assert put(world, {"job_id": sibling, "second_unit": True})[0] == 202
    for message in world.stack.messages(world.settings.spend_queue_url):
        world.spend(message)
    assert world.deployment().state == "Updating"
    work(world, asking[1:])
    evaluation = settle(world, evaluation_id)
    assert (evaluation.state, evaluation.candidates[0].generation) == ("Completed", 1)


def test_a_gate_whose_rival_is_given_another_model_lets_nothing_live(world, served, sibling):
    body = {
        "dataset": "support",
        "base_model": "nova-lite",
        "deployment": {"name": "support-next", "serving": "on_demand"},
        "evaluation": {"gate": "not_worse", "against": ["support-prod"]},
    }
    call("POST", "/jobs", body, key=world.new_id(), cloud=world.cloud)
    world.deliver()
    world.wait(TRAINED)
    assert put(world, {"job_id": sibling})[0] == 202
    world.wait(BOUGHT)
    world.wait(HOUR)
    (judging,) = [each for each in world.notifications() if each[0] == "EvaluationFailed"]
    assert judging[1]["failure_code"] == "model_changed"
    assert world.deployment("support-next").state == "Released"
