"""A job's report: written when the job ends, whatever fails on the way, and gone with its data."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from typing import Any

import pytest
from tunedrop.actions.datasets import trace_models
from tunedrop.domain.training import job_states
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.versions import deletions
from tunedrop.errors import Unavailable

from tests.integration import bedrock_world, evaluation_world
from tests.integration.bedrock_world import TRAINED, World, refusing

ENDINGS = {".json": "application/json", ".html": "text/html; charset=utf-8", ".svg": "image/svg+xml"}


@pytest.fixture
def world(stack, environment) -> World:
    return bedrock_world.make(stack, environment)


def _ended(world: World, **request: Any) -> Job:
    job = world.start(**request)
    world.deliver()
    world.wait(TRAINED)
    return world.job(job.id)


def _written(world: World) -> dict[str, Any]:
    listed = world.stack.s3.list_objects_v2(Bucket=world.stack.bucket, Prefix="reports/").get("Contents", [])
    keys = [each["Key"] for each in listed if "/jobs/" in each["Key"]]
    return {key: world.stack.s3.get_object(Bucket=world.stack.bucket, Key=key) for key in keys}


def test_report_page_and_picture_lie_beside_the_reports_on_the_data(world):
    job = _ended(world)
    base = f"reports/support/1/jobs/{job.id}"
    written = _written(world)
    assert {key: answer["ContentType"] for key, answer in written.items()} == {
        f"{base}{ending}": kind for ending, kind in ENDINGS.items()
    }
    report = json.loads(written[job.report_key]["Body"].read())
    assert report["status"] == "Completed"
    assert report["losses"]["training"]["points"] == len(report["curves"]["training"]) == job.steps
    assert report["data"]["train"]["sha256"] == job.splits["train"].sha256
    assert report["request"]["jobName"] == job.name
    assert report["cost"] == job.cost
    assert [entry["status"] for entry in report["timeline"]] == [entry.status for entry in job.timeline]
    assert b"<svg" in written[f"{base}.html"]["Body"].read()


def test_the_announcement_of_its_end_names_the_report(world):
    job = _ended(world)
    (told,) = [detail for kind, detail in world.notifications() if kind == "JobCompleted"]
    assert told["report_key"] == job.report_key == f"reports/support/1/jobs/{job.id}.json"


def test_a_stopped_job_has_a_report_and_one_that_bedrock_never_had_has_none(world):
    waiting = world.stop(world.start().id)
    running = world.start()
    world.deliver()
    world.stop(running.id)
    world.deliver()
    world.wait(TRAINED)
    assert world.job(waiting.id).report_key is None
    stopped = world.job(running.id)
    assert (stopped.status, next(iter(_written(world))).rsplit("/", 1)[-1]) == ("Stopped", f"{running.id}.html")


def test_repeated_events_write_it_once(world):
    job = _ended(world)
    before = {key: answer["VersionId"] for key, answer in _written(world).items()}
    for _ in range(3):
        world.follow({"kind": "check_job", "job_id": job.id})
    assert {key: answer["VersionId"] for key, answer in _written(world).items()} == before


def test_where_s3_refuses_it_the_end_waits_for_four_tries_and_keeps_the_metrics(world):
    job = world.start()
    world.deliver()
    world.clock.advance(TRAINED)
    world.simulator.run_due()
    check = {"kind": "check_job", "job_id": job.id}
    with refusing(world.stack.s3, "PutObject", "SlowDown", 503, about="reports"):
        for _ in range(2):
            with pytest.raises(Unavailable):
                world.follow(check)
        waiting = world.job(job.id)
        assert (waiting.status, waiting.metrics_settled, waiting.announced) == ("Completed", False, ("InProgress",))
        world.wait(600)
    done = world.job(job.id)
    assert done.report_key is None
    assert done.metric_counts["training"] == done.steps
    assert done.timeline[-1].note == "its report could not be written (SlowDown)"
    assert world.told()[-1] == "JobCompleted"


def test_data_stays_in_use_until_the_report_on_a_job_is_written(world):
    job = world.start()
    world.deliver()
    world.clock.advance(TRAINED)
    world.simulator.run_due()
    check = {"kind": "check_job", "job_id": job.id}
    with refusing(world.stack.s3, "PutObject", "SlowDown", 503, about="reports"), pytest.raises(Unavailable):
        world.follow(check)
    assert [each.id for each in trace_models.running_jobs("support", 1, world.cloud)] == [job.id]
    world.follow(check)
    assert trace_models.running_jobs("support", 1, world.cloud) == ()


def test_what_deletes_a_version_or_its_dataset_takes_the_report(world):
    job = _ended(world)
    for version in (1, None):
        deletion = deletions.Deletion("d", "support", version, "dana", world.cloud.now(), 1, state="erasing")
        for key in _written(world):
            assert any(key.startswith(prefix) for prefix in deletions.prefixes(deletion)), key
            assert deletions.goes(deletion, key, world.cloud.now())
    assert not job_states.awaits_results(job)
    assert job_states.awaits_results(replace(job, metrics_settled=False))


def _judged(stack: Any, environment: Any) -> tuple[World, Job, str]:
    """A world whose only model was judged, the job that made it, and the evaluation."""
    world = evaluation_world.make(stack, environment, tested=2)
    evaluation_id = evaluation_world.post(world, {"gate": "better"})["id"]
    world.deliver()
    job_id = world.deployment().job_id
    return world, world.job(job_id), evaluation_id


def _told(world: World, job: Job) -> tuple[dict[str, Any], str]:
    written = _written(world)
    page = written[f"reports/support/1/jobs/{job.id}.html"]["Body"].read().decode()
    return json.loads(written[job.report_key or ""]["Body"].read()), page


def test_once_its_model_was_judged_the_report_says_what_was_found_and_keeps_all_else(stack, environment):
    world = evaluation_world.make(stack, environment, tested=20)
    job = world.job(world.deployment().job_id)
    before, page = _told(world, job)
    assert before["evaluations"] == []
    assert "No evaluation has compared its model yet." in page
    evaluation_id = evaluation_world.post(world, {"gate": "better"})["id"]
    world.deliver()
    report, page = _told(world, job)
    assert {**report, "evaluations": []} == before
    ((found, contrast),) = [(each, contrast) for each in report["evaluations"] for contrast in each["contrasts"]]
    assert (found["evaluation_id"], found["outcome"], contrast["verdict"]) == (evaluation_id, "passed", "better")
    assert contrast["words"] == evaluation_world.report(world, evaluation_id)["declared"]["words"]
    assert contrast["words"] in page
    assert f"prefix=reports/support/1/evaluations/{evaluation_id}.html" in found["console_url"]
    assert html.escape(found["console_url"]) in page
    assert world.job(job.id) == job, "the job itself is what it was"


def test_of_several_evaluations_the_newest_comes_first_and_a_message_that_comes_again_writes_nothing(
    stack, environment
):
    world, job, first = _judged(stack, environment)
    second = evaluation_world.post(world, {"gate": "none"})["id"]
    world.deliver()
    assert [each["evaluation_id"] for each in _told(world, job)[0]["evaluations"]] == [second, first]
    before = {key: answer["VersionId"] for key, answer in _written(world).items()}
    for evaluation_id in (first, second, first):
        world.follow({"kind": "check_job", "job_id": job.id, "evaluation_id": evaluation_id})
    assert {key: answer["VersionId"] for key, answer in _written(world).items()} == before


def test_a_report_that_was_deleted_with_its_data_does_not_come_back(stack, environment):
    world, job, evaluation_id = _judged(stack, environment)
    for key in _written(world):
        world.stack.s3.delete_object(Bucket=world.stack.bucket, Key=key)
    world.follow({"kind": "check_job", "job_id": job.id, "evaluation_id": evaluation_id})
    assert _written(world) == {}


def test_a_deletion_while_it_is_written_again_keeps_it_deleted(stack, environment):
    world = evaluation_world.make(stack, environment, tested=2)
    job = world.job(world.deployment().job_id)
    evaluation_id = evaluation_world.post(world, {"gate": "better"})["id"]
    evaluation_world.settle(world, evaluation_id)

    def erase(**_: Any) -> None:
        events.unregister("before-call.s3.PutObject", erase)
        for key in _written(world):
            world.stack.s3.delete_object(Bucket=world.stack.bucket, Key=key)

    events = world.cloud.bucket.s3.meta.events
    events.register("before-call.s3.PutObject", erase)
    message = {"kind": "check_job", "job_id": job.id, "evaluation_id": evaluation_id}
    with pytest.raises(Unavailable):
        world.follow(message)
    assert _written(world) == {}
    world.follow(message)
    assert _written(world) == {}


def test_of_two_that_write_it_at_once_the_one_that_knows_less_comes_again(stack, environment):
    world, job, first = _judged(stack, environment)
    second = evaluation_world.post(world, {"gate": "none"})["id"]
    evaluation_world.settle(world, second)
    message = {"kind": "check_job", "job_id": job.id, "evaluation_id": second}

    def overtake(**_: Any) -> None:
        events.unregister("before-call.s3.PutObject", overtake)
        world.follow(message)

    events = world.cloud.bucket.s3.meta.events
    events.register("before-call.s3.PutObject", overtake)
    with pytest.raises(Unavailable):
        world.follow({**message, "evaluation_id": first})
    world.follow({**message, "evaluation_id": first})
    assert [each["evaluation_id"] for each in _told(world, job)[0]["evaluations"]] == [second, first]
