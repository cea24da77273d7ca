"""A deployment that nobody calls is given back, if that was asked for; what could not be read is never idle."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.edges.rows import call_rows
from tunedrop.edges.rows.writes import Delete, Key

from tests.integration import caller
from tests.integration.bedrock_world import HOUR, Crash, World, crash, deaths, make, refusing
from tests.integration.test_serving_a_model_that_exists import put

MINUTE = 60.0
ROUND = 5 * MINUTE
"""Between two runs of reconcile."""
ADVANCE = {"kind": "advance_purchase", "deployment": "support-prod", "generation": 1}


@pytest.fixture
def world(stack, environment) -> World:
    return make(stack, environment)


def ready(world: World, idle_minutes: int | None = 30) -> None:
    world.ready(deployment=DeploymentRequest("support-prod", hours=24, idle_minutes=idle_minutes))
    world.told()


def call(world: World) -> None:
    """POST /v1/messages, as far as it is written down."""
    call_rows.record(world.stack.access_table, "support-prod", world.clock.now())


def minutes_until_released(world: World, most: float) -> float | None:
    for passed in range(0, int(most), int(ROUND)):
        if not world.live():
            return passed / MINUTE
        world.wait(ROUND)
    return None


def test_what_nobody_calls_is_released_after_its_minutes_and_not_a_round_later(world):
    ready(world)
    assert minutes_until_released(world, 2 * HOUR) == 30
    assert world.deployment().state == "Released"
    assert "nobody called it for 30 minutes" in [entry.note for entry in world.deployment().history]
    assert "DeploymentReleased" in world.told()


def test_without_idle_minutes_nothing_is_released_for_want_of_calls(world):
    ready(world, idle_minutes=None)
    assert minutes_until_released(world, 4 * HOUR) is None


def test_calls_keep_it_and_the_last_one_counts_to_the_minute(world):
    ready(world)
    for _ in range(20):
        world.wait(ROUND)
        call(world)
    assert len(world.live()) == 1
    assert minutes_until_released(world, 2 * HOUR) == 35, "30 minutes, the minute of the last call, and the next round"


def test_a_reading_that_fails_is_never_idle_and_reconcile_is_not_complete(world):
    ready(world)
    with refusing(world.stack.dynamodb, "Query", "InternalServerError", 500, about="CALLED"):
        world.clock.advance(3 * HOUR)
        with pytest.raises(ClientError):
            world.reconcile()
        world.deliver()
    with refusing(world.stack.dynamodb, "GetItem", "AccessDeniedException", about="CALLED"):
        world.spend(ADVANCE)
    assert len(world.live()) == 1
    assert minutes_until_released(world, HOUR) == 5


def test_a_row_that_was_lost_is_no_proof_and_the_minutes_begin_anew(world):
    ready(world)
    world.wait(20 * MINUTE)
    world.stack.access_table.delete(Delete(Key("CALLED", "support-prod")))
    assert minutes_until_released(world, 2 * HOUR) == 35, "a round until it is seen, and 30 minutes"


def test_a_call_between_the_look_of_reconcile_and_that_of_spending_keeps_it(world):
    ready(world)
    world.clock.advance(31 * MINUTE)
    world.reconcile()
    call(world)
    world.deliver()
    assert len(world.live()) == 1
    assert world.deployment().state == "Ready"


@pytest.mark.parametrize("minutes", [-1, 1, 9, 10_081])
def test_it_is_from_ten_minutes_to_a_week(world, minutes):
    job = world.trained(deployment=None)
    status, answer = put(world, {"job_id": job.id, "idle_minutes": minutes})
    assert (status, answer["error"]["code"]) == (422, "out_of_range")


def test_it_can_be_asked_for_changed_and_taken_back_and_counts_from_then(world):
    ready(world, idle_minutes=None)
    world.wait(3 * HOUR)
    status, answer = put(world, {"idle_minutes": 60})
    assert (status, answer["idle_minutes"]) == (200, 60)
    world.wait(50 * MINUTE)
    status, answer = put(world, {"idle_minutes": 0})
    assert (status, answer["idle_minutes"]) == (200, None)
    world.wait(3 * HOUR)
    assert len(world.live()) == 1
    put(world, {"idle_minutes": 10})
    assert minutes_until_released(world, HOUR) == 10


def test_whatever_call_a_crash_follows_it_ends_once_and_not_before_its_time(world):
    ready(world)
    world.wait(25 * MINUTE)
    assert len(world.live()) == 1
    world.clock.advance(6 * MINUTE)
    calls = world.calls_of(lambda: world.spend(ADVANCE))
    start = world.checkpoint()
    assert "DeleteProvisionedModelThroughput" in calls
    for nth, name in deaths(calls):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            world.spend(ADVANCE)
        world.wait(2 * MINUTE)
        world.wait(2 * MINUTE)
        assert (world.live(), world.deployment().state) == ([], "Released"), name


def test_a_release_waits_for_the_calls_that_it_took_and_for_no_new_ones(world):
    ready(world, idle_minutes=None)
    world.clock.advance(HOUR)
    call(world)
    world.clock.advance(MINUTE)
    assert world.release("support-prod").state == "Releasing", "so no call finds it any more"
    world.deliver()
    world.wait(3 * MINUTE)
    assert len(world.live()) == 1
    world.wait(3 * MINUTE)
    assert world.live() == []


def test_a_release_does_not_wait_where_nobody_called_lately(world):
    ready(world, idle_minutes=None)
    call(world)
    world.clock.advance(7 * MINUTE)
    world.release("support-prod")
    world.deliver()
    assert world.live() == []


def test_a_release_waits_six_minutes_where_calls_can_not_be_read_and_no_longer(world):
    ready(world, idle_minutes=None)
    with refusing(world.stack.dynamodb, "GetItem", "ThrottlingException", about="CALLED"):
        world.release("support-prod")
        world.wait(5 * MINUTE)
        assert len(world.live()) == 1
        world.wait(MINUTE + 1)
    assert world.live() == []


def test_the_end_waits_for_nobody(world):
    ready(world, idle_minutes=None)
    end = world.purchase().expires_at
    world.clock.time = end - timedelta(minutes=2)
    call(world)
    world.clock.time = end
    world.wait(0)
    assert world.live() == []


def test_a_release_shortly_before_the_end_waits_until_then_at_most(world):
    ready(world, idle_minutes=None)
    end = world.purchase().expires_at
    world.clock.time = end - timedelta(minutes=2)
    call(world)
    world.release("support-prod")
    world.deliver()
    assert len(world.live()) == 1
    world.wait(2 * MINUTE)
    assert world.live() == []


def test_a_release_at_once_moves_no_end_that_has_come(world):
    ready(world, idle_minutes=None)
    end = world.purchase().expires_at
    world.clock.time = end + timedelta(minutes=7)
    caller.call("DELETE", "/deployments/support-prod", query={"now": "true"}, cloud=world.cloud)
    assert world.purchase().expires_at == end
    world.deliver()
    assert world.live() == []


@pytest.mark.parametrize("serving", ["provisioned_throughput", "on_demand"])
def test_a_release_that_shall_be_at_once_waits_for_no_call_also_where_it_waits_already(stack, environment, serving):
    more = {"base_model": "nova-lite", "region": "us-east-1"} if serving == "on_demand" else {}
    world = make(stack, environment, **more)
    world.ready(deployment=DeploymentRequest("support-prod"))
    kind = "custom_model_deployment" if serving == "on_demand" else serving
    call(world)
    world.release("support-prod")
    world.deliver()
    assert len(world.live(kind)) == 1
    path = "/deployments/support-prod"
    assert caller.call("DELETE", path, query={"now": "true"}, cloud=world.cloud)[1]["state"] == "Releasing"
    world.deliver()
    assert (world.live(kind), world.deployment().state) == ([], "Released")
    assert caller.call("DELETE", path, query={"now": "true"}, cloud=world.cloud)[1]["state"] == "Released"
