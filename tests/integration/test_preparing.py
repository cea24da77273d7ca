"""A job for a base model that its version was not prepared for: prepared, planned, and sent once, whatever happens."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import dataset_uploaded
import pytest
import spending_requested
from bedrock_simulator import Configuration, Quotas
from tunedrop.actions.datasets import read_datasets
from tunedrop.domain.checks import examples
from tunedrop.domain.training.job_steps import ASK_AGAIN_AFTER, LONGEST_PREPARATION
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.edges import clock_and_ids
from tunedrop.edges.rows import job_rows
from tunedrop.edges.rows.writes import Key
from tunedrop.errors import CapExceeded, Conflict, InvalidInput
from tunedrop_cli import main

from tests import builders, next_commands
from tests.integration import bedrock_world
from tests.integration.bedrock_world import HOUR, TRAINED, Crash, World, crash, deaths
from tests.integration.served_control_api import served

CLAUDE, LLAMA = "claude-3-haiku", "llama-3-1-8b"
JOBS = "customization_job"
CREATE = "CreateModelCustomizationJob"
RETRY = 600


def put(stack, key: str, body: bytes) -> None:
    """Upload, and have the function take it in."""
    stored = stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=body)
    event = builders.object_created(key, version_id=stored["VersionId"], size=len(body))
    answer = dataset_uploaded.handler(builders.sqs_event(event), builders.LambdaContext())
    assert answer == {"batchItemFailures": []}


def prepared_for(stack, base_model: str, records: int) -> None:
    settings = f'base_models = ["{base_model}"]\nowner = "support-team"\n'
    put(stack, "incoming/support/dataset.toml", settings.encode())
    put(stack, "incoming/support/train.jsonl", examples.good(records)())
    stack.published()


@pytest.fixture
def world(stack, environment) -> World:
    """Where support@1 was prepared for llama, and claude would take it."""
    made = bedrock_world.make(stack, environment, data=False)
    prepared_for(stack, LLAMA, 120)
    return made


@pytest.fixture
def short(stack, environment) -> World:
    """Where support@1 was prepared for claude, and llama would not take it: it has too few records."""
    made = bedrock_world.make(stack, environment, data=False)
    prepared_for(stack, CLAUDE, 40)
    return made


def version(world: World) -> Any:
    return read_datasets.get_version("support", 1, world.cloud)


def message(world: World) -> dict[str, Any]:
    (sent,) = world.stack.messages(world.settings.upload_queue_url)
    return sent


def test_a_job_is_held_to_the_budget_once_its_tokens_are_known(world):
    prices = {f"{CLAUDE}.training_per_1000_tokens": 1000.0}
    world.settings = replace(world.settings, monthly_budget=Decimal(1), prices=prices)
    job = world.start(base_model=CLAUDE)
    assert job.status == "Preparing"
    world.deliver()
    ended = world.job(job.id)
    assert (ended.status, ended.failure_code) == ("Failed", "monthly_budget")
    assert ended.failure_details["takes"] > 1
    assert world.simulator.ledger() == ()


def test_the_job_waits_for_its_data_and_then_is_sent_exactly(world):
    job = world.start(base_model=CLAUDE)
    assert (job.status, job.request, job.splits, job.trained_tokens, job.cost) == ("Preparing", None, None, None, None)
    assert (job.owner, job.version) == ("support-team", 1)
    assert world.job(job.id) == job
    assert world.stack.messages(world.settings.spend_queue_url) == []
    assert message(world) == {
        "schema": 1,
        "kind": "prepare_version",
        "dataset": "support",
        "version": 1,
        "base_model": CLAUDE,
        "job_id": job.id,
    }
    world.start(base_model=CLAUDE, job_id=job.id)
    world.deliver()
    sent = world.job(job.id)
    assert [entry.status for entry in sent.timeline] == ["Preparing", "Requested", "InProgress"]
    key = f"prepared/support/1/{CLAUDE}/train.jsonl"
    assert sent.request["trainingDataConfig"] == {"s3Uri": f"s3://{world.stack.bucket}/{key}"}
    assert (sent.request["jobName"], sent.request["clientRequestToken"]) == (job.name, job.token)
    assert {tag["key"]: tag["value"] for tag in sent.request["jobTags"]}["tunedrop:owner"] == "support-team"
    (train,) = version(world).prepared_for(CLAUDE)
    assert (sent.splits["train"].key, sent.splits["train"].sha256) == (key, train.output.sha256)
    assert sent.trained_tokens == train.tokens * 2
    assert [entry.name for entry in world.bought(JOBS)] == [job.name]
    world.wait(TRAINED)
    assert world.job(job.id).status == "Completed"


def test_the_version_holds_both_base_models_with_their_reports(world):
    world.start(base_model=CLAUDE)
    world.deliver()
    now = version(world)
    assert (now.status, now.base_models) == ("accepted", (LLAMA, CLAUDE))
    for item in now.preparations:
        body = world.stack.s3.get_object(Bucket=world.stack.bucket, Key=item.report_key)["Body"].read()
        assert json.loads(body)["base_model"] == item.base_model
    assert world.told() == ["JobStarted"]


def test_once_that_was_done_the_next_job_waits_for_nothing(world):
    world.start(base_model=CLAUDE)
    world.deliver()
    assert world.start(base_model=CLAUDE).status == "Requested"


def test_a_rejection_ends_the_job_with_its_code_and_takes_nothing_from_other_base_models(short):
    job = short.start(base_model=LLAMA, deployment=DeploymentRequest("support-prod", serving="provisioned_throughput"))
    short.deliver()
    failed = short.job(job.id)
    assert (failed.status, failed.failure_code) == ("Failed", "dataset_rejected")
    assert failed.failure.startswith("dataset_rejected: support@1 was rejected for llama-3-1-8b")
    assert failed.failure_details["reports"] == [f"reports/support/1/{LLAMA}/train.json"]
    assert (short.purchase().state, short.deployment().state) == ("lapsed", "Failed")
    assert short.told() == ["JobFailed", "PurchaseLapsed"]
    assert (short.bought(JOBS), short.open_work()) == ([], [])
    assert version(short).status == "accepted"
    assert short.start(base_model=CLAUDE).status == "Requested"
    with pytest.raises(Conflict) as refused:
        short.start(base_model=LLAMA)
    assert refused.value.code == "dataset_rejected"


def test_the_command_says_why_it_was_rejected_for_a_base_model_that_only_a_job_asked_for(short, environment, capsys):
    short.start(base_model=LLAMA)
    short.deliver()
    stack = short.stack
    with served(lambda: None, lambda key: stack.s3.get_object(Bucket=stack.bucket, Key=key)["Body"].read()) as api:
        environment.setenv("TUNEDROP_CONTROL_API_URL", api.url)
        assert main.main(["datasets", "show", "support"]) == 0
    said = capsys.readouterr().out
    assert "accepted support@1" in said
    (why,) = [line for line in said.splitlines() if line.startswith("  error")]
    assert "too_few_records_together, once in train for llama-3-1-8b: " in why


def test_a_version_that_was_rejected_for_one_base_model_can_be_prepared_for_another(stack, environment):
    world = bedrock_world.make(stack, environment, data=False)
    prepared_for(stack, LLAMA, 40)
    assert version(world).status == "rejected"
    job = world.start(base_model=CLAUDE)
    world.deliver()
    assert world.job(job.id).status == "InProgress"
    assert version(world).status == "rejected"


def test_what_needs_no_data_is_refused_at_once(world):
    before = world.rows()
    for kind, code, request in (
        (InvalidInput, "base_model_not_in_region", {"base_model": "nova-lite"}),
        (InvalidInput, "unknown_hyperparameter", {"hyperparameters": {"learningRate": 1}}),
        (InvalidInput, "deployment_name_reserved", {"deployment": "nova-lite"}),
        (CapExceeded, "model_units_cap", {"deployment": "support-prod", "cap": 0}),
    ):
        with pytest.raises(kind) as refused:
            world.start(**{"base_model": CLAUDE, **request})
        assert refused.value.code == code
    world.simulator.reconfigure(Configuration(quotas=Quotas(model_units=0)))
    with pytest.raises(CapExceeded):
        world.start(base_model=CLAUDE, deployment="support-prod")
    assert world.rows() == before
    assert world.stack.messages(world.settings.upload_queue_url) == []


def test_a_job_that_is_stopped_while_it_waits_costs_nothing(world):
    job = world.start(base_model=CLAUDE, deployment="support-prod")
    late = message(world)
    world.stop(job.id)
    world.deliver()
    assert (world.job(job.id).status, world.purchase().state) == ("Stopped", "lapsed")
    world.prepare(late)
    world.wait(HOUR)
    assert world.bought(JOBS) == []
    assert world.told() == ["JobStopped", "PurchaseLapsed"]
    assert world.open_work() == []


def test_a_stop_that_was_asked_for_beats_data_that_is_ready(world):
    job = world.start(base_model=CLAUDE)
    world.prepare(message(world))
    world.stop(job.id)
    world.deliver()
    assert world.job(job.id).status == "Stopped"
    assert world.bought(JOBS) == []


def test_two_jobs_wait_for_one_preparation_and_each_trains_once(world):
    jobs = [world.start(base_model=CLAUDE), world.start(base_model=CLAUDE, hyperparameters={"epochCount": 3})]
    world.deliver()
    assert [world.job(job.id).status for job in jobs] == ["InProgress", "InProgress"]
    assert sorted(entry.name for entry in world.bought(JOBS)) == sorted(job.name for job in jobs)
    listed = world.stack.s3.list_object_versions(
        Bucket=world.stack.bucket, Prefix=f"reports/support/1/{CLAUDE}/train.json"
    )
    assert len(listed["Versions"]) == 1


def test_the_same_message_again_prepares_and_trains_nothing_twice(world):
    world.start(base_model=CLAUDE)
    sent = message(world)
    for _ in range(3):
        world.prepare(sent)
        world.deliver()
    assert len(version(world).preparations) == 2
    assert len(world.bought(JOBS)) == 1


def test_two_base_models_at_once_both_end_up_in_the_version(stack, environment):
    world = bedrock_world.make(stack, environment, data=False)
    prepared_for(stack, "llama-3-1-70b", 120)
    started = [world.start(base_model=CLAUDE), world.start(base_model=LLAMA)]
    first, second = world.stack.messages(world.settings.upload_queue_url)
    start = world.checkpoint()
    for nth, name in enumerate(world.calls_of(lambda: world.prepare(first))):
        world.restore(start)
        with world.interrupted(partial(world.prepare, second), nth):
            world.prepare(first)
        assert set(version(world).base_models) == {"llama-3-1-70b", CLAUDE, LLAMA}, name
        assert len(version(world).preparations) == 3, name
    world.deliver()
    assert {world.job(job.id).status for job in started} == {"InProgress"}


def test_a_crash_at_any_call_of_a_start_leaves_all_of_the_job_or_nothing(world):
    start = world.checkpoint()

    def story() -> Any:
        return world.start(job_id="01hzz-crashed", base_model=CLAUDE, deployment="support-prod")

    calls = world.calls_of(story)
    assert {"TransactWriteItems", "SendMessage"} <= set(calls)
    for nth, name in deaths(calls):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            story()
        assert set(world.open_work()) in (set(), {"JOB#01hzz-crashed", "PURCHASE#support-prod#1"}), name
        story()
        world.deliver()
        assert (world.door.calls(CREATE), len(world.bought(JOBS))) == (1, 1), name
        assert world.purchase().state == "planned", name


def test_a_crash_at_any_call_of_the_preparation_never_trains_twice(world):
    job = world.start(base_model=CLAUDE)
    sent = message(world)
    start = world.checkpoint()
    calls = world.calls_of(lambda: world.prepare(sent))
    assert {"PutObject", "UpdateItem", "SendMessage"} <= set(calls)
    for nth, name in deaths(calls):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            world.prepare(sent)
        world.prepare(sent)
        world.deliver()
        world.wait(RETRY)
        assert (world.door.calls(CREATE), len(world.bought(JOBS))) == (1, 1), name
        assert len(version(world).preparations) == 2, name
        assert world.job(job.id).status == "InProgress", name


def test_a_crash_at_any_call_from_the_verdict_to_bedrock_never_trains_twice(world):
    job = world.start(base_model=CLAUDE)
    world.prepare(message(world))
    (advance,) = world.stack.messages(world.settings.spend_queue_url)
    start = world.checkpoint()
    calls = world.calls_of(lambda: world.spend(advance))
    assert CREATE in calls
    for nth, name in deaths(calls):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            world.spend(advance)
        world.wait(RETRY + 1)
        assert len(world.bought(JOBS)) == 1, name
        assert world.job(job.id).status == "InProgress", name


def test_a_rival_at_any_call_from_the_verdict_to_bedrock_never_trains_twice(world):
    world.start(base_model=CLAUDE)
    world.prepare(message(world))
    (advance,) = world.stack.messages(world.settings.spend_queue_url)
    start = world.checkpoint()
    for nth, name in enumerate(world.calls_of(lambda: world.spend(advance))):
        world.restore(start)
        with world.interrupted(lambda: world.spend(advance), nth, "after"):
            world.spend(advance)
        world.wait(RETRY + 1)
        assert (world.door.calls(CREATE), len(world.bought(JOBS))) == (1, 1), name


def test_a_stop_at_any_call_from_the_verdict_to_bedrock_is_obeyed_or_stops_it_there(world):
    job = world.start(base_model=CLAUDE)
    world.prepare(message(world))
    (advance,) = world.stack.messages(world.settings.spend_queue_url)
    start = world.checkpoint()
    for nth, name in enumerate(world.calls_of(lambda: world.spend(advance))):
        world.restore(start)
        with world.interrupted(lambda: world.stop(job.id), nth, "after"):
            world.spend(advance)
        world.deliver()
        world.wait(RETRY + 1)
        assert world.job(job.id).status == "Stopped", name
        assert len(world.bought(JOBS)) <= 1, name
        assert world.running() == frozenset(), name


def test_a_lost_message_is_sent_again_but_not_while_it_may_be_under_way(world):
    job = world.start(base_model=CLAUDE)
    message(world)
    world.wait(ASK_AGAIN_AFTER.total_seconds() - 1)
    assert world.job(job.id).status == "Preparing"
    world.wait(1)
    assert world.job(job.id).status == "InProgress"
    assert len(world.bought(JOBS)) == 1


def test_while_it_waits_a_job_asks_no_more_often_than_its_message_may_come(world):
    world.start(base_model=CLAUDE)
    asked = []
    for _ in range(40):
        asked += world.stack.messages(world.settings.upload_queue_url)
        world.clock.advance(300)
        world.reconcile()
        for due in world.stack.messages(world.settings.spend_queue_url):
            world.spend(due)
    assert len(asked) == 3  # at once, after 90 and after 180 minutes


def test_a_preparation_that_nobody_ever_does_ends_the_job(world):
    job = world.start(base_model=CLAUDE, deployment="support-prod")
    world.clock.advance(LONGEST_PREPARATION.total_seconds())
    late = message(world)
    world.wait(0)
    assert (world.job(job.id).status, world.purchase().state) == ("Failed", "lapsed")
    world.prepare(late)
    world.wait(HOUR)
    assert (world.bought(JOBS), world.open_work()) == ([], [])


def test_a_version_that_is_gone_when_its_turn_comes_ends_the_job(world):
    job = world.start(base_model=CLAUDE)
    sent = message(world)
    world.stack.dynamodb.delete_item(
        TableName=world.settings.state_table, Key={"pk": {"S": "DATASET#support"}, "sk": {"S": "VERSION#000001"}}
    )
    world.prepare(sent)
    world.deliver()
    assert (world.job(job.id).status, world.job(job.id).failure_code) == ("Failed", "unknown_version")


def test_a_plan_over_the_cap_ends_the_job_with_the_plan_and_is_confirmed_by_a_new_request(world):
    world.settings = replace(world.settings, max_trained_tokens_per_job=1_000)
    job = world.start(base_model=CLAUDE, deployment="support-prod")
    world.deliver()
    failed = world.job(job.id)
    assert (failed.status, failed.failure_code) == ("Failed", "plan_confirmation_required")
    assert (world.bought(JOBS), world.purchase().state) == ([], "lapsed")
    shown = failed.failure_details["plan"]
    assert shown["trained_tokens"] > failed.failure_details["cap"] == 1_000
    ((kind, detail), _) = world.stack.published()
    assert (kind, detail["failure_code"]) == ("JobFailed", "plan_confirmation_required")

    asked = next_commands.job(detail["next_command"])
    assert asked.pop("plan_id") == shown["plan_id"]
    wish = DeploymentRequest(**asked.pop("deployment"))
    again = world.start(**asked, deployment=wish, plan_id=shown["plan_id"])
    assert (again.status, again.trained_tokens) == ("Requested", shown["trained_tokens"])
    assert world.purchase(generation=2).state == "planned"
    world.deliver()
    assert [entry.name for entry in world.bought(JOBS)] == [again.name]


def test_another_plan_than_was_confirmed_is_not_trained(world):
    job = world.start(base_model=CLAUDE, plan_id="0" * 32)
    world.deliver()
    assert world.job(job.id).failure_code == "plan_changed"
    assert world.bought(JOBS) == []


def test_the_queues_own_functions_carry_it_all_out(world):
    world.clock.time = clock_and_ids.now()  # the functions' own
    sample = builders.event("upload_queue_message")
    job = world.start(base_model=CLAUDE)
    sent = message(world)
    assert set(json.loads(sample["Records"][0]["body"])) == set(sent)
    assert dataset_uploaded.handler(sample, builders.LambdaContext()) == {"batchItemFailures": []}
    world.stack.messages(world.settings.spend_queue_url)
    assert dataset_uploaded.handler(builders.sqs_event(sent), builders.LambdaContext()) == {"batchItemFailures": []}
    (advance,) = world.stack.messages(world.settings.spend_queue_url)
    assert advance == {"schema": 1, "kind": "advance_job", "job_id": job.id}
    assert spending_requested.handler(builders.sqs_event(advance), builders.LambdaContext()) == {
        "batchItemFailures": []
    }
    assert world.job(job.id).status == "InProgress"


def test_a_message_that_nobody_knows_is_kept_for_the_dead_letters(world):
    unknown = builders.sqs_event({"schema": 1, "kind": "forget_everything"})
    assert len(dataset_uploaded.handler(unknown, builders.LambdaContext())["batchItemFailures"]) == 1


def test_a_job_row_that_knows_nothing_of_preparing_is_still_read(world):
    job = world.start(base_model=LLAMA)
    row = dict(world.stack.table.get(Key(f"JOB#{job.id}", "JOB")) or {})
    assert not {"plan_id", "data_asked_at", "failure_code", "failure_details"} & set(row)
    assert job_rows.job_from(row) == job
