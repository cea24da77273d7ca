"""A custom model that somebody deletes in Bedrock itself: its row says so, its charge ends; no failed look does it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tunedrop.domain.training.missed_models import SETTLES_IN
from tunedrop.edges import clients

from tests.integration import bedrock_world
from tests.integration.bedrock_world import HOUR, World, refusing, showing
from tests.integration.caller import call
from tests.integration.test_serving_a_model_that_exists import put, train

LIST, GET = "ListCustomModels", "GetCustomModel"
SETTLED = SETTLES_IN.total_seconds()


@pytest.fixture
def world(stack, environment) -> World:
    world = bedrock_world.make(stack, environment)
    world.settings = replace(world.settings, max_model_units=1, prices={"custom_model_month": 1.95})
    return world


@pytest.fixture
def model(world) -> str:
    """The name of a model that is older than any list lags."""
    name = world.job(train(world)).name
    world.wait(SETTLED)
    return name


def get(world: World, path: str) -> Any:
    status, answer = call("GET", path, cloud=world.cloud)
    assert status == 200, answer
    return answer


def storage(world: World) -> Any:
    (charge,) = (each for each in get(world, "/costs")["charges"] if each["kind"] == "storage")
    return charge


def delete_by_hand(world: World, model: str) -> None:
    clients.bedrock().delete_custom_model(modelIdentifier=get(world, f"/models/{model}")["model_arn"])


def test_the_charge_ends_where_it_was_first_missed_and_every_answer_says_that_it_is_gone(world, model):
    assert storage(world)["ended"] is None
    delete_by_hand(world, model)
    (listed,) = get(world, "/models")["models"]
    assert (listed["is_there"], listed["missed_at"], listed["storage_cost"]["month"]) == (False, None, 0)
    world.wait(300)
    missed_at = world.clock.now().isoformat().replace("+00:00", "Z")
    for _ in range(2):
        assert storage(world)["ended"] == missed_at
        (listed,) = get(world, "/models")["models"]
        for found in (listed, get(world, f"/models/{model}")):
            assert (found["is_there"], found["missed_at"], found["storage_cost"]["month"]) == (False, missed_at, 0)
        world.wait(HOUR)
    (entry,) = world.bought("custom_model")
    assert entry.ended_at is not None
    assert world.clock.now() - timedelta(hours=3) < entry.ended_at


def test_nobody_is_told_that_what_is_gone_still_bills(world, model):
    delete_by_hand(world, model)
    world.wait(300)
    planned = call("DELETE", "/datasets/support", query={"plan": "true"}, cloud=world.cloud)[1]
    assert model not in str(planned["still_bills"])


def test_a_look_that_failed_or_that_lags_marks_nothing(world, model):
    bedrock = clients.bedrock()
    for code, status in (
        ("ThrottlingException", 400),
        ("InternalServerException", 500),
        ("AccessDeniedException", 403),
    ):
        with refusing(bedrock, LIST, code, status), pytest.raises(Exception, match=code):
            world.wait(300)
        world.deliver()
    with showing(LIST, modelSummaries=[]):
        world.wait(300)
        with refusing(bedrock, GET, "ThrottlingException", 400), pytest.raises(Exception, match="Throttling"):
            world.wait(300)
    with refusing(bedrock, GET, "AccessDeniedException"):  # it lost its tags: it is stored all the same
        world.wait(300)
        advance = {"kind": "advance_job", "job_id": get(world, "/models")["models"][0]["job_id"]}
        world.spend(advance)
    assert storage(world)["ended"] is None
    assert get(world, f"/models/{model}")["is_there"] is True


def test_a_model_that_no_list_may_show_yet_is_not_missed(world):
    job_id = world.start().id
    while world.job(job_id).status != "Completed":
        world.wait(300)
    with showing(LIST, modelSummaries=[]), refusing(clients.bedrock(), GET, "AccessDeniedException"):
        world.wait(300)
        (listed,) = get(world, "/models")["models"]
        assert listed["is_there"] is None
    assert world.job(job_id).model_missed_at is None


def test_what_shows_again_was_never_gone(world, model):
    with showing(LIST, modelSummaries=[]), refusing(clients.bedrock(), GET, "ResourceNotFoundException", 404):
        world.wait(300)
        assert storage(world)["ended"] is not None
    world.wait(300)
    assert storage(world)["ended"] is None


def test_the_stack_may_still_be_asked_to_delete_it_and_says_when_it_went(world, model):
    delete_by_hand(world, model)
    world.wait(300)
    missed_at = get(world, f"/models/{model}")["missed_at"]
    world.wait(300)
    assert call("DELETE", f"/models/{model}", cloud=world.cloud)[0] == 202
    with refusing(clients.spender(), "DeleteCustomModel", "AccessDeniedException"):  # as AWS says of what has no tags
        world.deliver()
    assert get(world, f"/models/{model}")["deletion"]["deleted_at"] == missed_at
    assert world.open_work() == []


def test_a_model_that_was_missed_wrongly_is_deleted_when_the_stack_is_asked_to(world, model):
    with showing(LIST, modelSummaries=[]), refusing(clients.bedrock(), GET, "ResourceNotFoundException", 404):
        world.wait(300)
        assert get(world, f"/models/{model}")["missed_at"]
        world.wait(300)
        assert call("DELETE", f"/models/{model}", cloud=world.cloud)[0] == 202
        world.deliver()
    world.wait(HOUR)
    (entry,) = world.bought("custom_model")
    assert entry.ended_at is not None
    deleted_at = get(world, f"/models/{model}")["deletion"]["deleted_at"]
    assert (deleted_at is not None, storage(world)["ended"]) == (True, deleted_at)
    assert world.open_work() == []


def test_the_stack_may_be_asked_to_delete_it_before_anybody_missed_it(world, model):
    delete_by_hand(world, model)
    assert call("DELETE", f"/models/{model}", cloud=world.cloud)[0] == 202
    with refusing(clients.spender(), "DeleteCustomModel", "AccessDeniedException"):
        world.deliver()
    deletion = get(world, f"/models/{model}")["deletion"]
    assert (deletion["deleted_at"] is not None, deletion["code"]) == (True, None)


def test_a_model_that_the_stack_was_asked_to_delete_is_its_own_affair(world, model):
    call("DELETE", f"/models/{model}", cloud=world.cloud)
    world.deliver()
    world.wait(HOUR)
    found = get(world, f"/models/{model}")
    assert (found["is_there"], found["missed_at"]) == (False, None)
    assert found["deletion"]["deleted_at"]


@pytest.mark.parametrize("way", ["provisioned_throughput", "on_demand"])
def test_capacity_that_somebody_deletes_by_hand_ends_in_its_row_and_so_does_its_charge(stack, environment, way):
    base_model, region = ("claude-3-haiku", "us-west-2") if way != "on_demand" else ("nova-lite", "us-east-1")
    world = bedrock_world.make(stack, environment, base_model=base_model, region=region)
    world.settings = replace(world.settings, max_model_units=1, prices={f"{base_model}.model_unit_hour": 44.0})
    put(world, {"job_id": train(world)})
    world.deliver()
    world.wait(HOUR)
    arn = world.deployment().arn or ""
    if way == "on_demand":
        clients.bedrock().delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    else:
        clients.bedrock().delete_provisioned_model_throughput(provisionedModelId=arn)
    world.wait(300)
    ended = get(world, "/deployments/support-prod")
    assert (ended["state"], ended["hourly_cost"]) == ("Released", 0)
    assert "somebody else deleted it" in ended["history"][-1]["note"]
    charges = [each for each in get(world, "/costs")["charges"] if each["kind"] == "capacity"]
    assert [each["ended"] is not None for each in charges] == [True] * (way == "provisioned_throughput")
    world.wait(HOUR)
    assert get(world, "/deployments/support-prod")["cost_so_far"] == ended["cost_so_far"]
