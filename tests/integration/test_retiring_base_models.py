"""Owners of custom models hear in time that the base model retires, once for each date and model."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from bedrock_simulator.configuration import Lifecycle
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.edges import clients

from tests import next_commands
from tests.integration.bedrock_world import HOUR, Crash, World, crash, deaths, make

DAY = 24 * HOUR


@pytest.fixture
def world(stack, environment) -> World:
    return make(stack, environment)


def retires(world: World, days: float | None, model: str = "anthropic.claude-3-haiku-20240307-v1:0") -> None:
    """From now on, Bedrock says that the base model ends in so many days."""
    end = world.clock.now() + timedelta(days=days) if days is not None else None
    configuration = replace(world.simulator._world.configuration, lifecycle={model: Lifecycle(end_of_life=end)})
    world.simulator._world.configuration = configuration


def on_the_hour(world: World, days: float = 0) -> list[Any]:
    """Time passes, until reconcile runs at the beginning of an hour: what is told of retirements."""
    later = world.clock.now() + timedelta(days=days)
    world.clock.time = later.replace(minute=2) + timedelta(hours=1)
    world.simulator.run_due()
    world.reconcile()
    world.deliver()
    return [detail for kind, detail in world.notifications() if kind == "BaseModelRetiring"]


def test_a_served_model_is_told_of_90_30_and_7_days_ahead_and_once_each(world):
    job = world.ready(deployment=DeploymentRequest("support-prod", hours=168))
    assert on_the_hour(world) == []
    retires(world, 80)
    (told,) = on_the_hour(world)
    assert (told["days_ahead"], told["step"], told["base_model"]) == (90, "end", "claude-3-haiku")
    assert (told["model"], told["model_arn"], told["deployments"]) == (job.name, job.model_arn, ["support-prod"])
    assert told["train_instead"] in told["summary"]
    assert next_commands.job(told["next_command"])["base_model"] == told["train_instead"]
    assert on_the_hour(world) == []
    assert [each["days_ahead"] for each in on_the_hour(world, days=52)] == [30]
    assert [each["days_ahead"] for each in on_the_hour(world, days=22)] == [7]
    assert on_the_hour(world) == []


def test_a_model_that_nobody_serves_is_told_of_too_and_one_that_was_deleted_is_not(world):
    jobs = [world.trained(deployment=None), world.trained(deployment=None)]
    clients.bedrock().delete_custom_model(modelIdentifier=jobs[0].model_arn or "")
    world.told()
    retires(world, 80)
    assert [each["job_id"] for each in on_the_hour(world)] == [jobs[1].id]
    assert on_the_hour(world) == []


def test_bedrock_is_asked_once_an_hour_and_rows_are_read_only_when_something_retires(world):
    world.trained(deployment=None)
    for minute, asked in ((2, 1), (7, 0), (57, 0)):
        world.clock.time = world.clock.now().replace(minute=minute)
        assert world.calls_of(world.reconcile).count("ListFoundationModels") == asked
    world.clock.time = world.clock.now().replace(minute=2)
    without = world.calls_of(world.reconcile).count("Query")
    retires(world, 80)
    assert world.calls_of(world.reconcile).count("Query") == without + 1


def test_whatever_call_a_crash_follows_it_is_told_under_one_id(world):
    job = world.trained(deployment=None)
    world.told()
    retires(world, 80)
    advance = {"kind": "advance_job", "job_id": job.id}
    calls = world.calls_of(lambda: world.spend(advance))
    start = world.checkpoint()
    assert "PutEvents" in calls
    for nth, name in deaths(calls):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            world.spend(advance)
        first = [detail["event_id"] for kind, detail in world.notifications() if kind == "BaseModelRetiring"]
        ids = {*first, *(each["event_id"] for each in on_the_hour(world))}
        assert len(ids) == 1, name
        assert on_the_hour(world) == [], name
