"""The commands by which docs/operations.md restores the tables, walked against moto with capacity bought since."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tunedrop.actions.messages import manage_keys
from tunedrop.domain.serving.purchase_states import RELEASE_TIME

from tests import aws_cli
from tests.integration import bedrock_world
from tests.integration.bedrock_world import World
from tests.template.runbook import PAGE

SECTION = "## Restoring the tables"


def commands(service: str) -> Iterator[list[str]]:
    """The section's commands in its order, without `aws` and the service."""
    section = PAGE.read_text("utf-8").split(SECTION)[1].split("\n## ")[0]
    for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line)
            if words[:2] == ["aws", service]:
                yield words[2:]


@pytest.fixture
def world(stack, environment) -> World:
    return bedrock_world.make(stack, environment)


def test_tables_come_back_under_their_names_and_what_was_bought_since_with_them(world):
    stack, dynamodb = world.stack, world.stack.dynamodb
    tables = {world.settings.state_table: False, world.settings.access_table: True}
    steps = list(commands("dynamodb"))
    was = {name: dynamodb.describe_table(TableName=name)["Table"] for name in tables}
    key_id = "01hzz000000000000000000abc"
    manage_keys.create(stack.cloud, key_id=key_id, name="shop", deployments="*", created_by=bedrock_world.CALLER)
    arns: dict[str, str] = {}
    for name in tables:  # moto restores a table as it is, not as it was: so this is the moment
        run(world, steps[0], {"TABLE": name, "MOMENT": "2026-11-30T12:00:00Z"})
    job = world.ready()
    manage_keys.revoke(key_id, stack.cloud)
    (bought,) = world.live()
    others = bedrock_world.foreign(job.model_arn)
    ends_at = world.deployment().expires_at
    for name, expires in tables.items():
        for step in steps[1:]:
            if step[0] != "update-time-to-live":
                answer = run(world, step, {"TABLE": name, "ARN": arns.get(name, "")})
                arns[name] = answer.get("BackupDetails", {}).get("BackupArn", arns.get(name, ""))
            elif expires:
                run(world, step, {"ACCESS_TABLE": name})
    for name, expires in tables.items():
        now = dynamodb.describe_table(TableName=name)["Table"]
        assert shape(now) == shape(was[name])
        recovery = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        assert recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        lives = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"]
        assert lives == ("ENABLED" if expires else "DISABLED")
    assert sorted(dynamodb.list_tables()["TableNames"]) == sorted(tables)
    assert world.stack.table.query(f"JOB#{job.id}").rows == ()

    world.wait(300)
    found = world.deployment()
    assert (found.state, found.arn, found.expires_at) == ("Ready", bought.resource_arn, ends_at)
    assert manage_keys.get(key_id, stack.cloud).revoked_at is None, "as the page warns"
    world.wait((ends_at - world.clock.now()).total_seconds())
    ended, other = world.bought()
    assert (other.resource_arn, other.is_live) == (others, True)
    assert ended.ended_at is not None
    assert ended.ended_at - ends_at <= timedelta(seconds=300)


def test_capacity_ends_by_its_schedule_if_the_tables_are_away_that_long(world):
    world.ready()
    ends_at = world.deployment().expires_at
    for step in list(commands("dynamodb"))[:3]:
        run(world, step, {"TABLE": world.settings.state_table, "MOMENT": "2026-11-30T12:00:00Z"})
    world.clock.advance((ends_at + RELEASE_TIME - world.clock.now()).total_seconds() + 60)
    world.fire_schedules()
    assert (world.live(), len(world.bought())) == ([], 1)


def run(world: World, words: list[str], meant: dict[str, str]) -> Any:
    verb, *options = words
    filled = [re.sub("[A-Z_]{3,}", lambda word: meant.get(word[0], word[0]), option) for option in options]
    return aws_cli.call(world.stack.dynamodb, verb, filled)


def shape(table: Any) -> Any:
    """What the stack counts on."""
    indexes = [(each["IndexName"], each["KeySchema"]) for each in table.get("GlobalSecondaryIndexes", ())]
    return table["TableName"], table["KeySchema"], indexes
