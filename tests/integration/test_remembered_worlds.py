"""A world that is put back as a story left it is the one in which the story was lived through."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.injector import INJECTOR, Watch
from tests.integration import bedrock_world, remembered_worlds
from tests.integration.bedrock_world import HOUR, World


@pytest.fixture
def world(stack, environment) -> World:
    return bedrock_world.make(stack, environment)


def seen(world: World) -> Any:
    """What a test can look at; keys of objects without their versions, which S3 numbers anew."""
    return (
        sorted(str(row) for row in world.rows()),
        world.bought("custom_model") + world.bought(),
        sorted(each["Key"] for each in world.stack.s3.list_objects_v2(Bucket=world.stack.bucket)["Contents"]),
        world.schedules(),
        world.clock.time,
        world.ids,
        world.prepared,
    )


def ready(world: World, **wish: Any) -> int:
    """How many calls of AWS the story makes: none where it is remembered."""
    before = INJECTOR.sent
    world.ready(**wish)
    return INJECTOR.sent - before


@pytest.fixture
def again(world):
    """Lives through the story, and gives a world back that is as it was before."""
    remembered_worlds.forget()
    fresh, ids = world.checkpoint(), world.ids
    remembered_worlds.begin(world, "a past")
    assert ready(world) > 0
    lived, told = seen(world), world.notifications()
    world.restore(fresh)
    world.ids = ids
    remembered_worlds.begin(world, "a past")
    return lived, told


def test_what_was_lived_through_once_is_put_back_without_a_call_and_goes_on_alike(world, again):
    lived, told = again
    assert seen(world) != lived
    remembered_worlds.begin(world, "a past")
    assert ready(world) == 0
    assert (seen(world), world.notifications()) == (lived, told)
    world.wait(9 * HOUR)
    assert (world.live(), world.deployment().state) == ([], "Released")


@pytest.mark.parametrize("what", ["a setting", "the time", "an account", "a row", "a wish", "a past"])
def test_whatever_is_otherwise_is_lived_through(world, again, what):
    wish = {"deployment": "another-name"} if what == "a wish" else {}
    if what == "a setting":
        world.settings = replace(world.settings, deployment_hours=3)
    elif what == "the time":
        world.clock.advance(60)
    elif what == "an account":
        world.simulator.reconfigure(replace(world.simulator.configuration, token_seconds=60))
    elif what == "a row":
        world.stack.dynamodb.put_item(TableName=world.settings.state_table, Item={"pk": {"S": "A"}, "sk": {"S": "B"}})
    elif what == "a past":
        remembered_worlds.begin(world, "another past")
    assert ready(world, **wish) > 0


def test_a_story_whose_calls_somebody_counts_is_lived_through(world, again):
    with INJECTOR.watched(Watch()) as watch:
        world.ready()
    assert "CreateModelCustomizationJob" in watch.names
