"""Tables restored to a time before a purchase: what Bedrock has is adopted, ended in time, and never bought again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tunedrop.domain.serving.purchase_states import LONG_SETTLE, RELEASE_TIME, SETTLE
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.edges import clients
from tunedrop.errors import CapExceeded

from tests.faults import restores
from tests.faults.restores import restored
from tests.integration import bedrock_world
from tests.integration.bedrock_world import HOUR, TRAINED, Crash, World, crash, deaths
from tests.integration.caller import call

FIVE_MINUTES = 300
MOMENTS = (*restores.MOMENTS, restores.WHILE_BOUGHT)


@pytest.fixture
def world(stack, environment) -> World:
    return bedrock_world.make(stack, environment)


@pytest.fixture
def on_demand(stack, environment) -> World:
    return bedrock_world.make(stack, environment, base_model="nova-lite", region="us-east-1")


@pytest.mark.parametrize("moment", MOMENTS)
def test_capacity_that_restored_rows_do_not_know_serves_on_and_ends_when_it_was_to_end(world, moment):
    restored(world, moment)
    (bought,) = world.live()
    ends_at = world.schedules()[bought.name] - RELEASE_TIME
    for _ in range(3):
        world.wait(FIVE_MINUTES)
    found = world.deployment()
    assert (found.state, found.arn, found.expires_at) == ("Ready", bought.resource_arn, ends_at)
    assert (found.owner, found.dataset, found.version, found.base_model) == (
        "support-team",
        "support",
        1,
        "claude-3-haiku",
    )
    assert world.purchase(generation=found.generation).intent_id == bought.tags["tunedrop:intent"]
    assert world.units() == (1, {f"support-prod#{found.generation}"})
    assert abs(world.schedules()[bought.name] - ends_at - RELEASE_TIME) <= SETTLE
    _ends_on_time(world, ends_at)


def _ends_on_time(world: World, ends_at) -> None:
    world.wait((ends_at - world.clock.now()).total_seconds() - FIVE_MINUTES)
    assert len(world.live()) == 1, "not early either"
    world.wait(FIVE_MINUTES)
    (ended,) = world.bought()
    assert ended.ended_at is not None
    assert ended.ended_at - ends_at <= timedelta(seconds=FIVE_MINUTES)
    world.wait(HOUR)
    world.fire_schedules()
    assert (len(world.bought()), world.units(), world.deployment().state) == (1, (0, frozenset()), "Released")


@pytest.mark.parametrize("moment", MOMENTS[:-1])
def test_a_day_after_the_purchase_a_restore_before_it_adopts_by_the_end_that_was_last_renewed(world, moment):
    restored(world, moment)
    (bought,) = world.live()
    ends_at = world.clock.now() + timedelta(hours=100)
    restores.renewed(world, ends_at)
    world.clock.advance(30 * HOUR)
    world.simulator.run_due()
    for _ in range(5):
        world.wait(FIVE_MINUTES)
    found = world.deployment()
    assert (found.state, found.arn, found.expires_at) == ("Ready", bought.resource_arn, ends_at)
    _ends_on_time(world, ends_at)


@pytest.mark.parametrize("by", ["itself", "a person"])
def test_what_is_adopted_after_its_row_lapsed_keeps_its_idle_minutes_and_what_the_budget_means_to_it(world, by):
    wish = DeploymentRequest("support-prod", hours=24, idle_minutes=600, on_budget="release")
    restored(world, "before the purchase", wish)
    restores.renewed(world, world.clock.now() + timedelta(hours=100))
    (bought,) = world.live()
    world.clock.advance(30 * HOUR)
    world.simulator.run_due()
    if by == "a person":
        without_schedule(world)
    for _ in range(5):
        world.wait(FIVE_MINUTES)
    if by == "a person":
        assert world.purchase(generation=1).state == "lapsed"
        assert put(world, {"arn": bought.resource_arn, "hours": 40})[0] == 202
        world.wait(0)
    found = world.deployment()
    assert (found.state, found.generation, found.arn, found.idle_minutes) == ("Ready", 2, bought.resource_arn, 600)
    assert (world.purchase(generation=2).idle_minutes, world.purchase(generation=2).on_budget) == (600, "release")


def test_whoever_releases_what_was_restored_as_planned_ends_what_was_bought(world):
    restored(world, "before the purchase")
    world.release("support-prod")
    assert world.deployment().state == "Released"
    for _ in range(2):
        world.wait(FIVE_MINUTES)
    assert (world.live(), len(world.bought())) == ([], 1)
    assert world.deployment().state == "Released"


def test_whoever_releases_what_was_restored_before_its_job_ended_ends_what_was_bought(world):
    restored(world, "while the job ran")
    world.release("support-prod")
    for _ in range(3):
        world.wait(FIVE_MINUTES)
    assert (world.live(), len(world.bought())) == ([], 1)


@pytest.mark.parametrize("moment", MOMENTS[1:])
def test_what_was_bought_and_given_back_since_is_not_bought_again(world, moment):
    rows = restored(world, moment)
    world.put_back_rows(rows["now"])
    world.release("support-prod")
    world.deliver()
    assert world.live() == []
    world.put_back_rows(rows[moment])
    for _ in range(LONG_SETTLE // timedelta(minutes=5) + 2):
        world.wait(FIVE_MINUTES)
    assert (len(world.bought()), world.live(), world.units()) == (1, [], (0, frozenset()))
    assert world.deployment().state in {"Failed", "Released"}


def test_two_deliveries_at_once_adopt_it_once(world):
    restored(world, "before the job")
    world.reconcile()
    (message,) = world.stack.messages(world.settings.spend_queue_url)
    calls = len(world.calls_of(lambda: world.spend(message)))
    checkpoint = world.checkpoint()
    for nth in range(calls):
        world.restore(checkpoint)
        with world.interrupted(lambda: world.spend(message), nth):
            world.spend(message)
        assert (world.deployment().state, world.deployment().generation) == ("Ready", 1), nth
        assert (world.units(), len(world.bought())) == ((1, {"support-prod#1"}), 1), nth


def test_a_swapped_model_is_known_by_its_own_name_and_tags(world):
    backup = world.kept_rows()
    first, second = trained_twice(world)
    put(world, {"job_id": second.id})
    world.wait(0)
    world.wait(HOUR)
    assert world.deployment().job_id == second.id
    world.put_back_rows(backup)
    world.wait(FIVE_MINUTES)
    found = world.deployment()
    assert (found.state, found.job_id, found.model_arn) == ("Ready", second.id, second.model_arn)
    assert first.model_arn != second.model_arn


def trained_twice(world: World) -> tuple[Job, Job]:
    """A deployment that serves the first job's model, and another job with a model."""
    first = world.ready(deployment=DeploymentRequest("support-prod", hours=24))
    second = world.start()
    world.deliver()
    world.wait(TRAINED)
    return first, world.job(second.id)


def put(world: World, body: Any, *, name: str = "support-prod", **query: str) -> Any:
    """One PUT, at the world's own time and under its settings."""
    key = world.new_id()
    return call("PUT", f"/deployments/{name}", body, key=key, query=query or None, cloud=world.cloud)


def test_what_is_served_on_demand_is_adopted_without_an_end(on_demand):
    world = on_demand
    backup = world.kept_rows()
    world.ready()
    arn = world.deployment().arn
    world.put_back_rows(backup)
    world.wait(FIVE_MINUTES)
    found = world.deployment()
    assert (found.state, found.arn, found.expires_at, found.base_model) == ("Ready", arn, None, "nova-lite")
    assert world.units() == (0, frozenset())


def test_a_deployment_whose_rows_were_rebuilt_is_renewed_and_released_like_any_other(world):
    restored(world, "before the job")
    world.wait(FIVE_MINUTES)
    renewed = (world.clock.now() + timedelta(hours=50)).replace(microsecond=0)
    status, answer = put(world, {"expires_at": renewed.isoformat()})
    assert (status, answer["expires_at"]) == (200, renewed.isoformat().replace("+00:00", "Z"))
    world.deliver()
    assert world.schedules()[world.purchase().name] == renewed + RELEASE_TIME
    assert put(world, {"expires_at": renewed.isoformat()}, plan="true")[1]["changes"] == []
    world.release("support-prod")
    world.deliver()
    assert (world.live(), world.deployment().state) == ([], "Released")


def test_wherever_the_function_dies_capacity_is_adopted_once(world):
    restored(world, "before the job")
    world.reconcile()
    (message,) = world.stack.messages(world.settings.spend_queue_url)
    calls = world.calls_of(lambda: world.spend(message))
    assert "TransactWriteItems" in calls
    checkpoint = world.checkpoint()
    for nth, name in deaths(calls):
        world.restore(checkpoint)
        with world.interrupted(crash, nth, "after"), suppress(Crash):
            world.spend(message)
        world.spend(message)
        world.wait(FIVE_MINUTES)
        assert (world.deployment().state, world.deployment().generation) == ("Ready", 1), name
        assert world.units() == (1, {"support-prod#1"}), name
        assert (len(world.bought()), len(world.live())) == (1, 1), name


def test_adopted_units_count_against_the_cap(world):
    restored(world, "before the job")
    world.wait(FIVE_MINUTES)
    with pytest.raises(CapExceeded, match="1 are spoken for by support-prod"):
        world.start(deployment="support-next", cap=1)


# What can't be adopted


def told_of_orphans(world: World) -> list[str]:
    return [detail["why"] for kind, detail in world.notifications() if kind == "OrphanFound"]


def without_schedule(world: World) -> None:
    clients.scheduler().delete_schedule(Name=world.live()[0].name)


def renamed(world: World) -> None:
    clients.bedrock().update_provisioned_model_throughput(
        provisionedModelId=world.live()[0].resource_arn, desiredProvisionedModelName="another-name"
    )


def bought_by_an_older_release(world: World) -> None:
    clients.bedrock().untag_resource(resourceARN=world.live()[0].resource_arn, tagKeys=["tunedrop:deployment"])


def without_the_stacks_tag(world: World) -> None:
    clients.bedrock().untag_resource(resourceARN=world.live()[0].resource_arn, tagKeys=["tunedrop:stack"])


def past_its_end(world: World) -> None:
    world.clock.advance(8 * HOUR)


def of_a_model_without_tags(world: World) -> None:
    model = clients.bedrock().get_provisioned_model_throughput(provisionedModelId=world.live()[0].resource_arn)
    clients.bedrock().untag_resource(resourceARN=model["modelArn"], tagKeys=["tunedrop:job"])


REASONS: Mapping[Callable[[World], None], str] = {
    without_schedule: "no schedule bears its name",
    renamed: "its name does not follow from its tags",
    bought_by_an_older_release: "no tag names the deployment",
    without_the_stacks_tag: "it lacks this stack's tag",
    past_its_end: "its end has come",
    of_a_model_without_tags: "it serves no custom model of this stack",
}


@pytest.mark.parametrize("spoil", REASONS, ids=lambda spoil: spoil.__name__)
def test_what_can_not_be_adopted_is_told_with_its_cost_and_commands_and_never_deleted(world, spoil):
    world.settings = replace(world.settings, prices={"claude-3-haiku.model_unit_hour": 20.0})
    restored(world, "before the job")
    spoil(world)
    world.wait(FIVE_MINUTES)
    world.wait(FIVE_MINUTES)
    ((kind, detail),) = world.notifications()
    (bought,) = world.live()
    assert (kind, detail["arn"], detail["hourly_cost"]) == ("OrphanFound", bought.resource_arn, 20.0)
    assert detail["why"].startswith(REASONS[spoil])
    assert detail["cost_so_far"] >= 20
    assert detail["end_command"].endswith(f"--provisioned-model-id {bought.resource_arn}")
    adopts = f"tunedrop deployments put {'support' if spoil is bought_by_an_older_release else 'support-prod'} --arn"
    assert detail["next_command"].startswith("aws" if spoil is of_a_model_without_tags else adopts)
    assert world.units() == (0, frozenset())


def test_an_orphan_is_told_daily_and_the_same_day_only_for_another_reason(world):
    restored(world, "before the job")
    without_schedule(world)
    for _ in range(3):
        world.wait(FIVE_MINUTES)
    assert len(told_of_orphans(world)) == 1
    bought_by_an_older_release(world)
    world.wait(FIVE_MINUTES)
    assert told_of_orphans(world) == ["no tag names the deployment that it was bought for"]
    for _ in range(2):
        world.wait(23 * HOUR)
        assert told_of_orphans(world) == []
        world.wait(HOUR)
        assert len(told_of_orphans(world)) == 1
    assert len(world.live()) == 1


def test_an_orphan_is_told_under_one_id_although_its_mark_was_lost(world):
    restored(world, "before the job")
    without_schedule(world)
    world.reconcile()
    (message,) = world.stack.messages(world.settings.spend_queue_url)
    telling = world.calls_of(lambda: world.spend(message)).index("PutEvents")
    with world.interrupted(crash, telling, "after"), suppress(Crash):
        world.spend(message)
    world.spend(message)
    ids = [detail["event_id"] for kind, detail in world.notifications() if kind == "OrphanFound"]
    assert (len(ids), len(set(ids))) == (2, 1)


def test_a_name_that_serves_something_else_by_now_is_left_to_it(world):
    restored(world, "before the job")
    lost = world.live()[0].resource_arn
    world.ready()
    for _ in range(2):
        world.wait(FIVE_MINUTES)
    assert world.deployment().arn != lost
    assert [why.startswith("deployment support-prod, for which it was bought") for why in told_of_orphans(world)]
    assert len(world.live()) == 2


def test_a_late_message_about_capacity_that_has_a_row_or_is_gone_changes_nothing(world):
    restored(world, "before the job")
    world.reconcile()
    (message,) = world.stack.messages(world.settings.spend_queue_url)
    world.spend(message)
    rows = world.rows()
    world.spend(message)
    assert world.rows() == rows
    world.release("support-prod")
    world.deliver()
    rows = world.rows()
    world.spend(message)
    assert (world.rows(), world.live()) == (rows, [])


def test_what_another_stack_made_is_never_adopted_and_told_to_nobody(world):
    restored(world, "before the job")
    arn = world.live()[0].resource_arn
    clients.bedrock().tag_resource(resourceARN=arn, tags=[{"key": "tunedrop:stack", "value": "another"}])
    renamed(world)
    for _ in range(3):
        world.wait(FIVE_MINUTES)
    assert (told_of_orphans(world), world.open_work(), len(world.live())) == ([], [], 1)


def test_a_swap_that_restored_rows_do_not_know_is_known_again_by_asking_for_its_model(world):
    _, second = trained_twice(world)
    backup = world.kept_rows()
    put(world, {"job_id": second.id})
    world.wait(0)
    world.wait(HOUR)
    world.put_back_rows(backup)
    assert world.deployment().job_id != second.id
    assert put(world, {"job_id": second.id})[0] == 202
    world.wait(0)
    world.wait(HOUR)
    found = world.deployment()
    assert (found.state, found.job_id, found.model_arn) == ("Ready", second.id, second.model_arn)
    assert (len(world.live()), len(world.bought())) == (1, 1)
