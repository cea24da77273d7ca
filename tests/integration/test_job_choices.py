"""What a caller may choose for a job beside its data: an earlier model, tags, a key, a network, a deadline."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tunedrop.actions.datasets import trace_models
from tunedrop.actions.jobs import plan_job, read_jobs
from tunedrop.domain.reports import next_commands
from tunedrop.domain.training.job_filter import JobFilter
from tunedrop.domain.training.start_request import StartJob, Vpc
from tunedrop.edges import clients
from tunedrop.edges.rows.writes import Key, Update
from tunedrop.edges.settings import settings
from tunedrop.errors import Conflict, InvalidInput, NotFound, TunedropError
from tunedrop_cli import main

from tests import next_commands as read_again
from tests.integration import bedrock_world
from tests.integration.bedrock_world import HOUR, TRAINED, World
from tests.integration.served_control_api import served

KEY = "arn:aws:kms:us-west-2:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"
VPC = Vpc(("subnet-0a1b", "subnet-0c2d"), ("sg-0e3f",))
STACKS = {
    "TUNEDROP_CUSTOM_MODEL_KEY_ARNS": KEY,
    "TUNEDROP_JOB_SUBNET_IDS": ",".join(VPC.subnet_ids),
    "TUNEDROP_JOB_SECURITY_GROUP_IDS": ",".join(VPC.security_group_ids),
}


@pytest.fixture
def world(stack, environment) -> World:
    world = bedrock_world.make(stack, environment)
    world.settings = replace(
        world.settings,
        custom_model_key_arns=(KEY,),
        job_subnet_ids=VPC.subnet_ids,
        job_security_group_ids=VPC.security_group_ids,
    )
    return world


def refused(world: World, kind: type[TunedropError], code: str, **request: Any) -> TunedropError:
    with pytest.raises(kind) as refusal:
        world.start(**request)
    assert refusal.value.code == code
    assert read_jobs.list_jobs(9, None, world.cloud).jobs == () or request.get("from_job")
    return refusal.value


def completed(world: World, **request: Any) -> Any:
    job = world.start(**request)
    world.deliver()
    world.wait(TRAINED)
    assert world.job(job.id).status == "Completed", world.job(job.id).failure
    return world.job(job.id)


def test_an_earlier_jobs_model_is_tuned_further(world):
    first = completed(world)
    second = completed(world, from_job=first.id, hyperparameters={"epochCount": 1})
    assert second.request["baseModelIdentifier"] == first.model_arn
    shown = clients.bedrock().get_custom_model(modelIdentifier=second.model_arn)
    assert shown["baseModelArn"] == first.model_arn
    assert [job.id for job in read_jobs.list_jobs(9, None, world.cloud).jobs] == [second.id, first.id]
    assert second.from_job == first.id


@pytest.mark.parametrize(
    ("kind", "code", "choice"),
    [
        (NotFound, "unknown_job", {"from_job": "nothing"}),
        (InvalidInput, "reserved_tag", {"tags": {"tunedrop:owner": "me"}}),
        (InvalidInput, "reserved_tag", {"tags": {"AWS:x": "y"}}),
        (InvalidInput, "invalid_tag", {"tags": {"": "y"}}),
        (InvalidInput, "invalid_tag", {"tags": {"team": "ü"}}),
        (InvalidInput, "invalid_tag", {"tags": {"team": "v" * 257}}),
        (InvalidInput, "invalid_tag", {"tags": {"team\n": "v"}}),
        (InvalidInput, "too_many_tags", {"tags": {f"t{number}": "" for number in range(41)}}),
        (Conflict, "kms_key_not_allowed", {"kms_key_arn": KEY.replace("0a1b", "ffff")}),
        (Conflict, "vpc_not_allowed", {"vpc": replace(VPC, subnet_ids=("subnet-0a1b", "subnet-ffff"))}),
        (Conflict, "vpc_not_allowed", {"vpc": replace(VPC, security_group_ids=("sg-ffff",))}),
    ],
)
def test_what_can_not_be_chosen_is_refused_before_anything_is_written(world, kind, code, choice):
    refused(world, kind, code, **choice)


@pytest.mark.parametrize("hours", [-1, 0, 25])
def test_a_deadline_is_ahead_and_within_the_stacks_own(world, hours):
    refused(world, InvalidInput, "out_of_range", deadline=world.clock.now() + timedelta(hours=hours))


def test_a_job_without_a_model_can_not_be_tuned_further(world):
    first = world.start()
    assert "Requested" in refused(world, Conflict, "from_job_without_model", from_job=first.id).message


def test_another_base_models_job_can_not_be_tuned_further(world):
    first = completed(world)
    refusal = refused(world, InvalidInput, "from_job_base_model", from_job=first.id, base_model="llama-3-1-8b")
    assert refusal.details["base_model"] == "claude-3-haiku"


def test_tags_key_and_network_reach_bedrock_and_can_be_read_afterwards(world):
    job = completed(world, tags={"team": "support", "cost center": "4=2"}, kms_key_arn=KEY, vpc=VPC)
    shown = clients.bedrock().get_model_customization_job(jobIdentifier=job.arn)
    assert shown["outputModelKmsKeyArn"] == KEY
    assert shown["vpcConfig"] == {
        "subnetIds": list(VPC.subnet_ids),
        "securityGroupIds": list(VPC.security_group_ids),
    }
    for arn in (job.arn, job.model_arn):
        listed = clients.bedrock().list_tags_for_resource(resourceARN=arn)["tags"]
        tags = {tag["key"]: tag["value"] for tag in listed}
        assert (tags["team"], tags["cost center"]) == ("support", "4=2")
        assert tags["tunedrop:job"] == job.id
    assert (job.tags["team"], job.kms_key_arn, job.vpc) == ("support", KEY, VPC)


@pytest.mark.parametrize(
    ("tag", "found"),
    [("team", True), ("team=support", True), ("team=sales", False), ("cost=x", True), ("support", False)],
)
def test_jobs_are_found_by_their_own_tags(world, tag, found):
    world.start()
    job = world.start(tags={"team": "support", "cost=x": "1"})
    listed = read_jobs.list_jobs(9, None, world.cloud, JobFilter(tag=tag)).jobs
    assert [each.id for each in listed] == ([job.id] if found else [])


@pytest.mark.parametrize("prepared", [True, False])
def test_a_job_that_has_not_started_by_its_deadline_ends(world, prepared):
    world.settings = replace(world.settings, max_concurrent_jobs=1)
    world.start()
    world.deliver()
    model = {} if prepared else {"base_model": "llama-3-1-8b"}
    late = world.start(deadline=world.clock.now() + timedelta(hours=1), **model)
    if not prepared:
        world.stack.messages(world.settings.upload_queue_url)
    world.wait(0.9 * HOUR)
    assert world.job(late.id).status == ("WaitingForCapacity" if prepared else "Preparing")
    world.wait(0.2 * HOUR)
    ended = world.job(late.id)
    assert (ended.status, ended.failure_code) == ("Failed", "job_deadline_passed")
    assert "its deadline" in (ended.failure or "")
    assert len(world.bought("customization_job")) == 1


def test_the_plan_says_what_was_chosen_and_is_another_one_for_another_model(world):
    first = completed(world)
    plain = StartJob("support", "claude-3-haiku")
    plans = [
        plan_job.plan(request, world.cloud).plan
        for request in (plain, replace(plain, from_job=first.id), replace(plain, tags={"a": "b"}, kms_key_arn=KEY))
    ]
    ids = [plan.plan_id for plan in plans if plan]
    assert ids[0] == ids[2] != ids[1]


def test_a_model_tuned_further_counts_among_those_that_learned_from_the_data(world):
    first = completed(world)
    second = completed(world, from_job=first.id)
    world.stack.table.update(Update(Key(f"JOB#{second.id}", "JOB"), set={"dataset": "another"}))
    found = trace_models.trained_on("support", None, world.cloud)
    assert {model.model_arn for model in found} == {first.model_arn, second.model_arn}


def test_a_proposed_command_says_all_that_was_chosen():
    chosen = StartJob("a", "nova-lite", from_job="j", tags={"team": "x y", "b": ""}, kms_key_arn=KEY, vpc=VPC)
    command = next_commands.start_job("a", 1, "nova-lite", plan_id="p", choices=chosen)
    assert read_again.job(command) == {
        "dataset": "a",
        "base_model": "nova-lite",
        "version": 1,
        "plan_id": "p",
        "from_job": "j",
        "tags": {"team": "x y", "b": ""},
        "kms_key_arn": KEY,
        "vpc": {"subnet_ids": list(VPC.subnet_ids), "security_group_ids": list(VPC.security_group_ids)},
    }


def test_the_terminal_plans_and_starts_with_everything_chosen(stack, environment, capsys):
    for name, value in STACKS.items():
        environment.setenv(name, value)
    settings.cache_clear()
    world = bedrock_world.make(stack, environment)
    line = f"jobs start support --model claude-3-haiku --tag team=support --deadline 3h --kms-key {KEY}"
    line += " --subnet subnet-0a1b --security-group sg-0e3f"
    with served(lambda: None) as api:
        environment.setenv("TUNEDROP_CONTROL_API_URL", api.url)
        assert main.main([*shlex.split(line), "--plan"]) == 0
        said = capsys.readouterr().out
        again = [row for row in said.splitlines() if row.startswith("next")][-1].removeprefix("next").strip()
        assert main.main([*shlex.split(again)[1:], "--json"]) == 0
        job = json.loads(capsys.readouterr().out)
        assert job["tags"] == {"team": "support"}
        assert job["kms_key_arn"] == KEY
        assert job["vpc"] == {"subnet_ids": ["subnet-0a1b"], "security_group_ids": ["sg-0e3f"]}
        assert job["deadline"] is not None
        assert main.main(shlex.split("jobs list --tag team=support --json")) == 0
        assert [each["id"] for each in json.loads(capsys.readouterr().out)] == [job["id"]]
        assert main.main(shlex.split("jobs list --tag team=sales --json")) == 0
        assert json.loads(capsys.readouterr().out) == []
        for wrong in ("--deadline soon", "--subnet subnet-0a1b", "--tag team"):
            assert main.main(shlex.split(f"jobs start support --model claude-3-haiku {wrong}")) == 2
    assert world.simulator.ledger() == ()
