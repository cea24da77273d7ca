"""A custom model is deleted once nothing uses it; of a deletion and a use that come at once, one is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from bedrock_simulator import Configuration, Quotas
from tunedrop.actions.jobs import delete_model
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.edges import clients
from tunedrop.errors import Conflict, TunedropError

from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, CALLER, HOUR, TRAINED, Crash, World, crash, deaths, refusing
from tests.integration.caller import call, refused
from tests.integration.test_serving_a_model_that_exists import put, train

DELETE = "DeleteCustomModel"


@pytest.fixture
def world(stack, environment) -> World:
    account = Configuration(quotas=Quotas(model_units=4))
    world = bedrock_world.make(stack, environment, configuration=account)
    world.settings = replace(world.settings, max_model_units=4, prices={"custom_model_month": 1.95})
    return world


@pytest.fixture
def model(world) -> str:
    return world.job(train(world)).name


def delete(world: World, name: str, **query: str) -> Any:
    return call("DELETE", f"/models/{name}", query=query or None, cloud=world.cloud)


def shown(world: World, name: str) -> Any:
    return call("GET", f"/models/{name}", cloud=world.cloud)[1]


def stored(world: World) -> int:
    """How many custom models Bedrock keeps, and charges for."""
    assert len(world.live("custom_model")) == len(world.simulator._world.models)
    return len(world.simulator._world.models)


def test_a_model_that_nothing_uses_is_deleted_and_its_row_says_so(world, model):
    status, answer = delete(world, model)
    assert (status, answer["deletion"]["deleted_at"]) == (202, None)
    assert answer["deletion"]["asked_by"].endswith("/ada")
    world.deliver()
    assert stored(world) == 0
    found = shown(world, model)
    assert found["deletion"]["deleted_at"]
    assert (found["is_there"], found["storage_cost"]["month"]) == (False, 0)
    assert world.open_work() == []
    assert delete(world, model)[1]["deletion"] == found["deletion"], "again, it changes nothing"


def test_a_plan_says_what_would_go_and_changes_nothing(world, model):
    before = world.rows()
    status, answer = delete(world, model, plan="true")
    assert (status, answer["storage_cost"]["month"], answer["deletion"]) == (200, 1.95, None)
    assert world.rows() == before
    put(world, {"job_id": answer["job_id"]})
    assert refused(delete(world, model, plan="true")) == (409, "model_deployed")


def test_what_is_served_planned_to_be_served_or_swapped_to_is_not_deleted(world, model):
    job_id = shown(world, model)["job_id"]
    put(world, {"job_id": job_id})
    assert refused(delete(world, model)) == (409, "model_deployed")
    world.deliver()
    world.wait(BOUGHT)
    sibling = train(world)
    put(world, {"job_id": sibling})
    for each in (model, world.job(sibling).name):
        assert refused(delete(world, each)) == (409, "model_deployed")
    world.wait(HOUR / 2)
    world.wait(HOUR / 2)
    assert world.deployment().job_id == sibling
    assert delete(world, model)[0] == 202
    world.deliver()
    assert stored(world) == 1


def test_a_model_that_capacity_bought_past_the_stack_serves_stays_and_its_deletion_says_why(world, model):
    bedrock_world.foreign(world.job(shown(world, model)["job_id"]).model_arn, "made-by-hand")
    delete(world, model)
    world.deliver()
    deletion = shown(world, model)["deletion"]
    assert (deletion["code"], deletion["message"]) == ("ConflictException", "The model is in use and can't be deleted.")
    assert (stored(world), world.open_work()) == (1, [])


def test_what_a_job_learns_from_is_deleted_only_after_that(world, model):
    job_id = shown(world, model)["job_id"]
    further = world.start(from_job=job_id)
    assert refused(delete(world, model)) == (409, "model_learnt_from")
    world.deliver()
    world.wait(TRAINED)
    assert world.job(further.id).status == "Completed"
    assert delete(world, model)[0] == 202


def test_a_model_that_is_being_deleted_is_neither_served_nor_tuned_further(world, model):
    job_id = shown(world, model)["job_id"]
    delete(world, model)
    assert refused(put(world, {"job_id": job_id})) == (409, "model_deleted")
    with pytest.raises(Conflict, match="deleted"):
        world.start(from_job=job_id)
    world.deliver()
    assert refused(put(world, {"job_id": job_id})) == (409, "model_deleted")


@pytest.mark.thorough
def test_wherever_the_other_comes_in_between_only_one_of_deletion_and_deployment_wins(world, model):
    job_id = shown(world, model)["job_id"]
    start = world.checkpoint()

    def served() -> Any:
        return put(world, {"job_id": job_id})

    def deleted() -> Any:
        return delete(world, model)

    for first, second in ((served, deleted), (deleted, served)):
        world.restore(start)
        calls = world.calls_of(first)
        for nth, name in enumerate(calls):
            world.restore(start)
            with world.interrupted(second, nth):
                first()
            world.deliver()
            world.wait(BOUGHT)
            world.wait(HOUR)
            is_gone = stored(world) == 0
            assert is_gone != bool(world.live()), f"{first.__name__}, {second.__name__} before {name}"


def test_whatever_call_a_crash_follows_the_model_is_deleted_and_bedrock_is_asked_no_more(world, model):
    delete(world, model)
    advance = {"kind": "advance_job", "job_id": shown(world, model)["job_id"]}
    calls = world.calls_of(lambda: world.spend(advance))
    start = world.checkpoint()
    assert calls.count(DELETE) == 1
    for nth, name in deaths(calls):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            world.spend(advance)
        world.wait(0)
        assert (stored(world), world.open_work()) == (0, []), name
        assert shown(world, model)["deletion"]["deleted_at"], name
        assert DELETE not in world.calls_of(lambda: world.spend(advance)), name


def test_a_lost_answer_or_a_busy_bedrock_is_asked_again(world, model):
    delete(world, model)
    world.lose_answer(DELETE)
    world.deliver()
    assert shown(world, model)["deletion"]["deleted_at"] is None
    world.wait(0)
    assert shown(world, model)["deletion"]["deleted_at"]


def test_what_bedrock_refuses_is_said_and_may_be_asked_for_again(world, model):
    delete(world, model)
    with refusing(clients.spender(), DELETE, "AccessDeniedException", words="your policy says no"):
        world.deliver()
    told = shown(world, model)["deletion"]
    assert (told["code"], told["message"], told["deleted_at"]) == ("AccessDeniedException", "your policy says no", None)
    assert (stored(world), world.open_work()) == (1, [])
    assert put(world, {"job_id": shown(world, model)["job_id"]})[0] == 202, "it stays, and may be served"
    world.release("support-prod")
    assert delete(world, model)[0] == 202
    world.deliver()
    assert stored(world) == 0


def test_a_hundred_deletions_at_once_are_one(world, model):
    answers = set()
    for _ in range(100):
        answers.add(delete(world, model)[0])
    world.deliver()
    assert (answers, stored(world)) == ({202}, 0)


def test_nothing_of_others_is_deleted(world, model):
    for name in ("made-by-hand", "support-v1-ffffffff-ffffffff", "x" * 100):
        assert refused(delete(world, name)) == (404, "unknown_model")
    running = world.start(deployment=DeploymentRequest("support-next"))
    with pytest.raises(TunedropError):
        delete_model.ask(running.name, world.cloud, caller=CALLER)
    assert stored(world) == 1


def test_a_model_is_found_by_the_id_of_its_job_too(world, model):
    job_id = shown(world, model)["job_id"]
    assert shown(world, job_id)["name"] == model
    assert delete(world, job_id)[0] == 202


@pytest.mark.parametrize(("code", "status"), [("ThrottlingException", 400), ("InternalServerException", 500)])
def test_a_denial_after_a_send_that_had_no_effect_is_told_and_charges_on(world, model, code, status):
    delete(world, model)
    with refusing(clients.spender(), DELETE, code, status):
        world.deliver()
    with refusing(clients.spender(), DELETE, "AccessDeniedException"):
        world.wait(300)
        assert shown(world, model)["deletion"]["deleted_at"] is None
        world.wait(HOUR)
    found = shown(world, model)
    assert (found["deletion"]["deleted_at"], found["deletion"]["code"]) == (None, "AccessDeniedException")
    assert (stored(world), found["is_there"], found["storage_cost"]["month"]) == (1, True, 1.95)
    delete(world, model)
    world.deliver()
    assert stored(world) == 0
