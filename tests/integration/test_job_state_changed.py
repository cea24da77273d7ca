"""Following jobs: events are hints that repeat, reorder, lie and fail to come; Bedrock's answer decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import job_state_changed
import pytest
from tunedrop.actions.jobs import read_jobs
from tunedrop.domain.training import diagnosis, names_tokens_tags
from tunedrop.domain.training import metrics as training_metrics
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.training.metrics import MetricPoint, MetricSplit
from tunedrop.edges.rows import job_rows

from tests.builders import LambdaContext, event, sqs_event
from tests.integration import bedrock_world
from tests.integration.bedrock_world import HOUR, TRAINED, World, deaths, envelope


@pytest.fixture
def world(stack, environment) -> World:
    return bedrock_world.make(stack, environment)


def _run(world: World, **request: Any) -> tuple[Job, list[Any]]:
    """A job that Bedrock has finished, and its events, none of them delivered."""
    job = world.start(**request)
    for message in world.stack.messages(world.settings.spend_queue_url):
        world.spend(message)
    world.clock.advance(TRAINED)
    world.simulator.run_due()
    events, world.events[:] = [envelope(happened) for happened in world.events], []
    return world.job(job.id), events


def _points(world: World, job_id: str, split: MetricSplit, limit: int = 10_000) -> list[MetricPoint]:
    points: list[MetricPoint] = []
    cursor: str | None = None
    while True:
        page = read_jobs.metrics(job_id, split, limit, cursor, world.cloud)
        points += page.points
        if page.cursor is None:
            return points
        cursor = page.cursor


def test_completion_stores_losses_metrics_and_timeline(world):
    job, events = _run(world, hyperparameters={"epochCount": 3, "batchSize": 8})
    assert [happened["detail"]["jobStatus"] for happened in events] == ["InProgress", "Completed"]
    for happened in events:
        world.follow(happened)
    done = world.job(job.id)
    assert done.status == "Completed"
    assert done.model_arn.startswith("arn:aws:bedrock:us-west-2:123456789012:custom-model/")
    assert done.metric_counts == {"training": 3 * 15, "validation": 3}
    assert done.steps == done.metric_counts["training"]
    assert [(entry.status, entry.source) for entry in done.timeline] == [
        ("Requested", "request"),
        ("InProgress", "request"),
        ("Completed", "event"),
    ]
    training = _points(world, job.id, "training", limit=7)
    assert [point.step for point in training] == list(range(45))
    assert training[-1].loss < training[0].loss
    assert {point.epoch for point in _points(world, job.id, "validation")} == {0, 1, 2}
    assert done.final_losses["training"] is not None
    assert done.final_losses["validation"] is not None
    assert done.diagnosis == diagnosis.diagnose(
        diagnosis.run_of(done, training, _points(world, job.id, "validation"))
    ), "read from the files and from the table, the points are the same"


def test_without_a_validation_split_there_is_one_curve(stack, environment):
    world = bedrock_world.make(stack, environment, validation=False)
    job, events = _run(world)
    world.follow(events[-1])
    assert world.job(job.id).metric_counts["validation"] == 0
    assert _points(world, job.id, "validation") == []
    found = {each.code: each for each in world.job(job.id).diagnosis}
    assert found["no_validation"].words == "The job had no validation split: overfitting can't be told."
    assert set(world.job(job.id).metric_files) == {"training"}


def test_the_files_themselves_can_be_had_by_a_link(world):
    job, events = _run(world)
    world.follow(events[-1])
    files = read_jobs.metric_files(job.id, world.cloud)
    assert [file.split for file in files] == ["training", "validation"]
    assert files[0].key.startswith(names_tokens_tags.output_prefix("support", 1, job.id) + "/model-customization-job-")
    assert files[0].url.startswith("https://")


def test_repeats_and_events_out_of_order_tell_everything_once(world):
    job, events = _run(world, deployment="support-prod")
    for happened in [events[1], events[0], *events, events[1]]:
        world.follow(happened)
    assert world.job(job.id).status == "Completed"
    assert world.told() == ["JobStarted", "JobCompleted"]
    assert world.purchase().state == "requested"


def test_an_event_that_runs_ahead_of_bedrock_changes_nothing(world):
    job = world.start()
    world.deliver()
    world.follow({"detail": {"jobName": job.name, "jobArn": world.job(job.id).arn, "jobStatus": "Completed"}})
    assert world.job(job.id).status == "InProgress"


def test_an_event_that_comes_before_the_answer_to_create_brings_the_job_its_arn(world):
    job, events = _run(world)
    written = world.job(job.id)
    lost = replace(written, status="Requested", arn=None, timeline=written.timeline[:1])
    assert world.stack.table.put(job_rows.put_job(lost)).done
    world.follow(events[1])
    assert world.job(job.id).status == "Completed"
    assert world.job(job.id).arn == written.arn


@pytest.mark.parametrize(
    "detail",
    [
        {"jobName": "made-by-hand", "jobStatus": "Completed"},
        {"jobStatus": "Completed"},
        {"jobName": 7},
        {"jobName": ""},
        {"jobName": "x" * 5_000},
        None,
    ],
)
def test_events_of_foreign_jobs_are_ignored(world, detail):
    world.start()
    assert world.follow({"source": "aws.bedrock", "detail": detail}) is None
    assert world.told() == []


def test_a_job_of_another_stack_under_our_name_is_never_taken_for_ours(world):
    job, events = _run(world)
    written = replace(world.job(job.id), token="another", arn=None, status="Requested")
    assert world.stack.table.put(job_rows.put_job(written)).done
    world.follow(events[1])
    assert world.job(job.id).status == "Requested"


def test_a_failed_job_says_why_and_nothing_is_bought(world):
    broken = '{"messages": [{"role": "user", "content": "Hello"}, {"role": "user", "content": "Again"}]}\n' * 40
    world.stack.s3.put_object(Bucket=world.stack.bucket, Key=world.prepared.train.key, Body=broken.encode())
    job, events = _run(world, deployment="support-prod")
    world.follow(events[-1])
    failed = world.job(job.id)
    assert failed.status == "Failed"
    assert failed.failure
    assert failed.metric_counts == {"training": 0, "validation": 0}
    assert world.purchase().state == "lapsed"
    world.wait(HOUR)
    assert world.bought() == []
    assert world.told() == ["JobStarted", "JobFailed", "PurchaseLapsed"]
    assert world.open_work() == []


def test_a_completion_that_becomes_known_a_day_late_buys_nothing(world):
    job, events = _run(world, deployment="support-prod")
    world.clock.advance(24 * HOUR)
    world.follow(events[-1])
    assert world.job(job.id).status == "Completed"
    assert world.purchase().state == "lapsed"
    assert "24 hours" in world.deployment().failure
    world.wait(HOUR)
    assert world.bought() == []


def test_a_hundred_thousand_steps_are_stored_and_read_completely(world):
    job, events = _run(world)
    prefix = names_tokens_tags.output_prefix("support", 1, job.id)
    listed = world.stack.s3.list_objects_v2(Bucket=world.stack.bucket, Prefix=prefix)["Contents"]
    key = training_metrics.find(entry["Key"] for entry in listed)["training"]
    rows = "".join(f"{step},{step // 25_000},{2 / (step + 1)!r},{step + 1.5!r}\n" for step in range(100_000))
    body = "step_number,epoch_number,training_loss,perplexity\n" + rows
    world.stack.s3.put_object(Bucket=world.stack.bucket, Key=key, Body=body.encode())
    world.follow(events[-1])
    assert world.job(job.id).metric_counts["training"] == 100_000
    points = _points(world, job.id, "training")
    assert [point.step for point in points] == list(range(100_000))
    assert points[99_999].loss == 2 / 100_000
    assert points[99_999].epoch == 3
    middle = read_jobs.metrics(job.id, "training", 3, "41999", world.cloud)
    assert [point.step for point in middle.points] == [41_999, 42_000, 42_001]
    assert middle.total == 100_000


def test_metrics_that_cannot_be_read_do_not_hold_up_the_end(world):
    job, events = _run(world, deployment="support-prod")
    prefix = names_tokens_tags.output_prefix("support", 1, job.id)
    listed = world.stack.s3.list_objects_v2(Bucket=world.stack.bucket, Prefix=prefix)["Contents"]
    for key in training_metrics.find(entry["Key"] for entry in listed).values():
        world.stack.s3.put_object(Bucket=world.stack.bucket, Key=key, Body=b"\xff\xfe<html>\n\x00")
    world.follow(events[-1])
    assert world.job(job.id).status == "Completed"
    assert world.job(job.id).metric_counts == {"training": 0, "validation": 0}
    assert world.job(job.id).diagnosis is None, "nothing can be said of files that can't be read"
    assert world.purchase().state == "requested"


def test_a_crash_at_any_call_of_a_completion_loses_nothing_and_tells_it(world):
    job, events = _run(world, deployment="support-prod")
    start = world.checkpoint()
    calls = world.calls_of(lambda: world.follow(events[-1]))
    for nth, name in deaths(calls):
        world.restore(start)
        with world.interrupted(bedrock_world.crash, nth, "after"), pytest.raises(bedrock_world.Crash):
            world.follow(events[-1])
        told = world.told()
        world.follow(events[-1])
        done = world.job(job.id)
        assert (done.status, world.purchase().state) == ("Completed", "requested"), name
        assert done.metric_counts["training"] == len(_points(world, job.id, "training")) == done.steps, name
        assert "JobCompleted" in told + world.told(), name
        assert world.stack.messages(world.settings.spend_queue_url), name


def test_the_handler_carries_out_real_events_and_sends_back_only_what_failed(world):
    job, events = _run(world)
    foreign = event("bedrock_job_state_change")
    batch = sqs_event(foreign, "no json", events[-1], {"schema": 9, "kind": "check_job", "job_id": job.id})
    answer = job_state_changed.handler(batch, LambdaContext())
    failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    assert failed == {batch["Records"][1]["messageId"], batch["Records"][3]["messageId"]}
    assert world.job(job.id).status == "Completed"
