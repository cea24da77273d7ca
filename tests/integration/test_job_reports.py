"""A job's report: written when the job ends, whatever fails on the way, and gone with its data."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tunedrop.actions.datasets import trace_models
from tunedrop.domain.training import job_states
from tunedrop.domain.training.job_states import Job
from tunedrop.domain.versions import deletions
from tunedrop.errors import Unavailable

from tests.integration import bedrock_world
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
