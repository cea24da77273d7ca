"""The schedule that ends what was bought with none of our tables or code, judged by the simulated Bedrock's ledger."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from tunedrop.domain.serving.purchase_states import LONG_SETTLE, PAUSE, RELEASE_TIME, SETTLE
from tunedrop.edges import clients
from tunedrop.edges.rows import deployment_rows

from tests.integration import bedrock_world
from tests.integration.bedrock_world import HOUR, Crash, World, crash, deaths, refusing

BUY = {"schema": 1, "kind": "advance_purchase", "deployment": "support-prod", "generation": 1}


@pytest.fixture
def world(stack, environment) -> World:
    return bedrock_world.make(stack, environment)


def test_what_was_bought_ends_soon_after_its_hours_with_our_tables_gone(world):
    world.ready()
    expires_at = world.purchase().expires_at
    assert expires_at is not None
    world.stack.dynamodb.delete_table(TableName=world.settings.state_table)
    world.clock.advance((expires_at - world.clock.now()).total_seconds() + 60)
    world.fire_schedules()
    assert len(world.live()) == 1, "Tunedrop itself gets its time first"
    world.clock.advance(RELEASE_TIME.total_seconds())
    world.fire_schedules()
    (ended,) = world.bought()
    assert ended.ended_at is not None
    assert expires_at < ended.ended_at <= expires_at + RELEASE_TIME + SETTLE
    assert world.schedules() == {}


def test_the_whole_schedule_is_what_it_is_meant_to_be(world):
    world.ready()
    bought = world.purchase()
    stands = clients.scheduler().get_schedule(Name=bought.name)
    fires_at = f"{world.schedules()[bought.name]:%Y-%m-%dT%H:%M:%S}"
    assert {name: stands[name] for name in ("ScheduleExpression", "ScheduleExpressionTimezone", "GroupName")} == {
        "ScheduleExpression": f"at({fires_at})",
        "ScheduleExpressionTimezone": "UTC",
        "GroupName": "default",
    }
    assert stands["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert stands["ActionAfterCompletion"] == "DELETE"
    assert stands["Target"] == {
        "Arn": "arn:aws:scheduler:::aws-sdk:bedrock:deleteProvisionedModelThroughput",
        "RoleArn": world.settings.brake_role_arn,
        "Input": json.dumps({"ProvisionedModelId": bought.arn}),
        "RetryPolicy": {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185},  # what is not said
    }


def test_a_schedule_that_fires_after_the_release_harms_nothing(world):
    world.ready()
    world.release("support-prod")
    world.wait(60)
    world.wait(60)
    assert world.live() == []
    world.ready(deployment="support-next")
    world.clock.advance(9 * HOUR - bedrock_world.BOUGHT)
    first = world.purchase().name
    assert first in world.schedules()
    kept = [entry.name for entry in world.live()]
    assert first not in kept
    world.fire_schedules()
    assert first not in world.schedules()
    assert world.purchase("support-next").name in {entry.name for entry in world.bought()}


def test_whatever_is_billed_has_a_schedule_wherever_the_function_dies(world):
    world.trained()
    calls = world.calls_of(lambda: world.spend(BUY))
    assert "CreateSchedule" in calls
    checkpoint = world.checkpoint()
    for nth, call in deaths(calls):
        world.restore(checkpoint)
        for name in world.schedules():
            clients.scheduler().delete_schedule(Name=name)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            world.spend(BUY)
        assert {entry.name for entry in world.live()} <= set(world.schedules()), call
        world.wait(LONG_SETTLE.total_seconds() + 1)
        assert [len(world.bought()), len(world.live())] == [1, 1], call
        due = world.purchase().expires_at
        assert due is not None
        assert abs(world.schedules()[world.live()[0].name] - due - RELEASE_TIME) <= SETTLE


def test_without_a_schedule_nothing_is_bought_and_a_mended_policy_is_enough(world):
    world.trained()
    with refusing(clients.scheduler(), "CreateSchedule", "AccessDeniedException"):
        for _ in range(3):
            world.wait(PAUSE.total_seconds() + 1)
        assert world.bought() == []
        assert world.purchase().state == "requested"
        assert world.units() == (0, frozenset())
    world.wait(PAUSE.total_seconds() + 1)
    assert len(world.live()) == 1


def test_a_schedule_that_is_refused_for_good_ends_the_deployment_and_says_why(world):
    world.trained()
    with refusing(clients.scheduler(), "CreateSchedule", "ValidationException", 400):
        world.wait(0)
    assert world.bought() == []
    assert world.deployment().state == "Failed"
    assert world.deployment().failure == "ValidationException: no"


@pytest.mark.parametrize(
    ("operation", "code", "words"),
    [
        (
            "CreateSchedule",
            "ValidationException",
            "The execution role you provide must allow AWS ... to assume the role.",
        ),
        ("UpdateSchedule", "ConflictException", "no"),
        ("UpdateSchedule", "ResourceNotFoundException", "no"),
    ],
)
def test_an_answer_of_scheduler_that_passes_only_makes_it_wait(world, operation, code, words):
    world.trained()
    if operation == "UpdateSchedule":
        nth = world.calls_of(lambda: world.spend(BUY)).index("CreateSchedule")
        with world.interrupted(crash, nth, "after"), suppress(Crash):
            world.spend(BUY)
        assert world.schedules(), "the schedule stands, and its row does not know"
    with refusing(clients.scheduler(), operation, code, 400, words=words):
        world.wait(0)
        assert world.bought() == []
        assert world.deployment().state == "Creating"
        assert words in world.deployment().history[-1].note
    world.wait(PAUSE.total_seconds() + 1)
    assert len(world.live()) == 1


def test_a_doubled_purchase_is_given_back_although_no_schedule_can_be_made(world):
    world.ready()
    bought = world.purchase()
    with refusing(clients.scheduler(), "UpdateSchedule", "AccessDeniedException"):
        clients.bedrock().create_provisioned_model_throughput(
            provisionedModelName="doubled",
            modelId=bought.model_arn or "",
            modelUnits=1,
            tags=[
                {"key": "tunedrop:stack", "value": world.settings.stack_id},
                {"key": "tunedrop:intent", "value": bought.intent_id},
            ],
        )
        unset = replace(bought, brake_fires_at=None)
        world.stack.table.write_all(deployment_rows.put_purchase(unset))
        for _ in range(3):
            world.wait(PAUSE.total_seconds() + 1)
        assert [entry.name for entry in world.live()] == [bought.name]


def test_what_an_older_release_bought_gets_its_schedule_by_reconcile(world):
    world.ready()
    clients.scheduler().delete_schedule(Name=world.purchase().name)
    world.stack.table.write_all(deployment_rows.put_purchase(replace(world.purchase(), brake_fires_at=None)))
    world.wait(0)
    due = world.purchase().expires_at
    assert due is not None
    assert world.schedules() == {world.purchase().name: due + RELEASE_TIME}


def test_a_schedule_is_moved_and_not_made_again_when_it_stands(world):
    world.trained()
    world.spend(BUY)
    first = world.schedules()
    live = world.purchase()
    later = replace(live, expires_at=(live.expires_at or world.clock.now()) + timedelta(hours=2))
    world.stack.table.write_all(deployment_rows.put_purchase(later))
    world.spend(BUY)
    assert world.schedules() == {name: at + timedelta(hours=2) for name, at in first.items()}
