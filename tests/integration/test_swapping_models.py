"""Another model of the same base is put behind a deployment that serves: no second unit, no gap, and the way back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tunedrop.domain.serving.purchase_states import LONG_SETTLE
from tunedrop.edges import clients
from tunedrop.edges.rows import job_rows

from tests import builders
from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, HOUR, Crash, World, crash, deaths, refusing
from tests.integration.caller import call, refused
from tests.integration.test_serving_a_model_that_exists import PROD, erase, plan, put, train

ADVANCE = {"kind": "advance_purchase", "deployment": "support-prod", "generation": 1}
WAYS = {
    "provisioned_throughput": ("claude-3-haiku", "us-west-2", "UpdateProvisionedModelThroughput"),
    "on_demand": ("nova-lite", "us-east-1", "UpdateCustomModelDeployment"),
}
KINDS = {"provisioned_throughput": "provisioned_throughput", "on_demand": "custom_model_deployment"}


@pytest.fixture(params=WAYS)
def way(request) -> str:
    return str(request.param)


@pytest.fixture
def world(stack, environment, way) -> World:
    base_model, region, _ = WAYS[way]
    return bedrock_world.make(stack, environment, base_model=base_model, region=region)


@pytest.fixture
def served(world) -> str:
    """The id of the job whose model `support-prod` serves."""
    first = train(world)
    put(world, {"job_id": first})
    world.deliver()
    world.wait(BOUGHT)
    assert world.deployment().state == "Ready"
    world.told()
    return first


@pytest.fixture
def sibling(world, served) -> str:
    """The id of another job on the same data."""
    return train(world)


def in_bedrock(world: World) -> str:
    """The model that the capacity serves, as Bedrock says."""
    arn, bedrock = world.deployment().arn or "", clients.bedrock()
    if world.deployment().serving == "on_demand":
        return bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)["modelArn"]
    return bedrock.get_provisioned_model_throughput(provisionedModelId=arn)["modelArn"]


def model(world: World, job_id: str) -> str:
    return world.job(job_id).model_arn or ""


def one_unit(world: World, way: str) -> None:
    """Nothing was bought for a swap, and nothing ended."""
    assert len(world.bought(KINDS[way])) == len(world.live(KINDS[way])) == 1


def swapped(world: World, way: str, after: str, before: str, where: str = "") -> None:
    head = world.deployment()
    assert (head.state, head.job_id, head.previous_job_id) == ("Ready", after, before), where
    assert head.model_arn == in_bedrock(world) == model(world, after), where
    assert world.purchase().swap is None, where
    one_unit(world, way)


def test_a_swap_keeps_the_capacity_and_the_way_back_is_one_call(world, way, served, sibling):
    arn = world.deployment().arn
    told = plan(world, {"job_id": sibling})[1]
    assert (told["changes"], told["serves_job_id"], told["job_id"]) == (["swap"], served, sibling)
    status, answer = put(world, {"job_id": sibling, "plan_id": told["plan_id"]})
    assert (status, answer["state"], answer["job_id"]) == (202, "Updating", served)
    world.deliver()
    assert world.deployment().state == "Updating"
    world.wait(HOUR)
    swapped(world, way, sibling, served)
    status, answer = put(world, {"job_id": served})
    assert (status, answer["state"], answer["previous_job_id"]) == (202, "Updating", served)
    world.deliver()
    world.wait(HOUR)
    swapped(world, way, served, sibling)
    assert world.deployment().arn == arn
    assert world.door.calls(WAYS[way][2]) == 2


def test_the_same_body_again_changes_nothing_while_it_is_swapped_and_afterwards(world, way, served, sibling):
    assert put(world, {"job_id": sibling})[0] == 202
    assert put(world, {"job_id": sibling})[0] == 200
    world.deliver()
    before = world.rows()
    assert put(world, {"job_id": sibling})[0] == 200
    assert world.rows() == before
    world.wait(HOUR)
    assert put(world, {"job_id": sibling})[0] == 200
    assert world.door.calls(WAYS[way][2]) == 1
    swapped(world, way, sibling, served)


def test_a_crash_at_any_call_of_a_swap_ends_in_the_other_model_and_buys_nothing(world, way, served, sibling):
    put(world, {"job_id": sibling})
    world.stack.messages(world.settings.spend_queue_url)
    start = world.checkpoint()
    calls = world.calls_of(lambda: world.spend(ADVANCE))
    assert WAYS[way][2] in calls
    for nth, name in deaths(calls):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            world.spend(ADVANCE)
        world.wait(LONG_SETTLE.total_seconds() + 1)
        world.wait(BOUGHT)
        swapped(world, way, sibling, served, name)


@pytest.mark.thorough
def test_a_rival_at_any_call_of_a_swap_does_no_harm(world, way, served, sibling):
    put(world, {"job_id": sibling})
    world.stack.messages(world.settings.spend_queue_url)
    start = world.checkpoint()
    for nth, name in enumerate(world.calls_of(lambda: world.spend(ADVANCE))):
        world.restore(start)
        with world.interrupted(lambda: world.spend(ADVANCE), nth, "after"):
            world.spend(ADVANCE)
        world.wait(LONG_SETTLE.total_seconds() + 1)
        world.wait(BOUGHT)
        swapped(world, way, sibling, served, name)


def test_a_lost_answer_is_found_by_what_bedrock_shows(world, way, served, sibling):
    world.lose_answer(WAYS[way][2])
    put(world, {"job_id": sibling})
    world.deliver()
    world.wait(HOUR)
    swapped(world, way, sibling, served)
    assert world.door.calls(WAYS[way][2]) == 1


def test_a_swap_that_bedrock_refuses_is_given_up_and_the_model_before_goes_on(world, way, served, sibling):
    with refusing(clients.spender(), WAYS[way][2], "ValidationException", 400):
        put(world, {"job_id": sibling})
        world.deliver()
        world.wait(300)
    head = world.deployment()
    assert (head.state, head.job_id, head.previous_job_id) == ("Ready", served, None)
    assert "ValidationException" in head.history[-1].note
    assert in_bedrock(world) == model(world, served)
    assert put(world, {"job_id": sibling})[0] == 202
    world.deliver()
    world.wait(HOUR)
    swapped(world, way, sibling, served)


def test_a_swap_that_is_denied_for_now_is_tried_for_an_hour(world, way, served, sibling):
    with refusing(clients.spender(), WAYS[way][2], "AccessDeniedException"):
        put(world, {"job_id": sibling})
        world.deliver()
        world.wait(300)
        assert world.deployment().state == "Updating"
    world.wait(300)
    world.wait(HOUR)
    swapped(world, way, sibling, served)
    with refusing(clients.spender(), WAYS[way][2], "AccessDeniedException"):
        put(world, {"job_id": served})
        world.deliver()
        world.wait(0.5 * HOUR)
        assert world.deployment().state == "Updating"
        world.wait(0.6 * HOUR)
    assert (world.deployment().state, world.deployment().job_id) == ("Ready", sibling)
    assert "within an hour" in world.deployment().history[-1].note


def test_a_release_while_it_is_swapped_ends_what_it_costs(world, way, served, sibling):
    put(world, {"job_id": sibling})
    world.deliver()
    world.release("support-prod")
    world.deliver()
    world.wait(HOUR)
    assert world.live(KINDS[way]) == []
    assert (world.deployment().state, world.open_work()) == ("Released", [])


def test_what_was_swapped_is_given_back_by_its_arn(world, way, served, sibling):
    put(world, {"job_id": sibling})
    world.deliver()
    world.wait(HOUR)
    world.release("support-prod")
    world.deliver()
    assert world.live(KINDS[way]) == []
    world.wait(HOUR)
    assert (world.deployment().state, world.open_work(), world.units()[0]) == ("Released", [], 0)


def test_a_new_end_may_come_with_another_model(world, way, served, sibling):
    later = (world.clock.now().replace(microsecond=0)).isoformat().replace("22T", "26T", 1)
    assert put(world, {"job_id": sibling, "expires_at": later})[0] == 202
    world.deliver()
    world.wait(HOUR)
    swapped(world, way, sibling, served)
    assert world.purchase().expires_at.isoformat() == later


def test_only_a_ready_deployment_is_swapped_and_one_model_at_a_time(world, way, served, sibling):
    third = train(world)
    put(world, {"job_id": sibling})
    assert refused(put(world, {"job_id": third})) == (409, "deployment_updating")
    assert refused(put(world, {"job_id": served})) == (409, "deployment_updating")
    world.deliver()
    world.wait(HOUR)
    world.settings = replace(world.settings, max_model_units=2)
    put(world, {"job_id": served}, name="support-next")
    assert refused(put(world, {"job_id": sibling}, name="support-next")) == (409, "deployment_not_ready")


def test_a_model_of_another_base_or_whose_data_was_erased_is_not_swapped_in(world, way, served, sibling):
    stranger = replace(world.job(sibling), id="01stranger", base_model="llama-3-1-8b", revision=0)
    assert world.stack.table.put(job_rows.put_job(stranger)).done
    assert refused(put(world, {"job_id": "01stranger"})) == (409, "other_base_model")
    clients.bedrock().delete_custom_model(modelIdentifier=model(world, sibling))
    assert refused(put(world, {"job_id": sibling})) == (409, "model_gone")
    erase(world)
    assert refused(put(world, {"job_id": sibling})) == (409, "data_erased")
    assert world.deployment().state == "Ready"


def test_a_purchase_says_who_asked_bought_renewed_swapped_and_ended_it_by_which_request(world):
    first, second = train(world), train(world)
    put(world, {"job_id": first, "hours": 4})
    world.deliver()
    world.wait(BOUGHT)
    put(world, {"hours": 6})
    put(world, {"job_id": second})
    world.deliver()
    world.wait(BOUGHT)
    put(world, {"hours": 5})
    world.wait(3 * HOUR)
    world.wait(HOUR)
    _, answer = call("GET", PROD, cloud=world.cloud)
    assert answer["state"] == "Released"
    person, stack = builders.CALLER, "stack"
    assert [(act["did"], act["by"]) for act in answer["acts"]] == [
        ("asked", person),
        ("bought", stack),
        ("renewed", person),
        ("swap_asked", person),
        ("swapped", stack),
        ("shortened", person),
        ("released", "expiry"),
        ("deleted", stack),
    ]
    assert all(act["request_id"] for act in answer["acts"] if act["by"] != "expiry")
    asked, bought, *_, deleted = (act["request_id"] for act in answer["acts"])
    assert len({asked, bought, deleted}) == 3
    assert [act["time"] for act in answer["acts"]] == sorted(act["time"] for act in answer["acts"])


def test_a_purchase_for_a_job_names_who_started_the_job_and_who_gave_it_back(world):
    world.start(deployment="support-prod")
    call("DELETE", PROD, cloud=world.cloud)
    _, answer = call("GET", PROD, cloud=world.cloud)
    acts = [(act["did"], act["by"]) for act in answer["acts"]]
    assert acts == [("asked", bedrock_world.CALLER), ("released", builders.CALLER)]
