"""A job as MLflow is told of it: MLflow's own terms, nothing invented, and the same again for the same job."""

from __future__ import annotations

from typing import Any

import pytest
from tunedrop_cli import tracked_run

SPLIT = {"key": "prepared/support/1/nova-lite/train.jsonl", "version_id": "v", "sha256": "ab" * 32, "bytes": 9}
POINTS = {
    "training": [{"step": step, "loss": 3.0 - step} for step in range(3)],
    "validation": [{"step": 2, "loss": 1.5}, {"step": 1, "loss": None}],
}


def job(**changed: Any) -> dict[str, Any]:
    return {
        "id": "01jd3k5m7n9p1q3r5s7t9v1job",
        "name": "support-v1-0f1e2d3c-8eed02c0",
        "status": "Completed",
        "dataset": "support",
        "version": 1,
        "base_model": "nova-lite",
        "hyperparameters": {"epochCount": "2"},
        "arn": "arn:job",
        "model_arn": "arn:model",
        "owner": "arn:aws:iam::123456789012:user/dana",
        "created_at": "2026-11-22T12:00:00Z",
        "started_at": "2026-11-22T12:10:00Z",
        "ended_at": "2026-11-22T14:00:00Z",
        "failure": None,
        "trained_tokens": 8_000,
        "cost": {"amount": 0.5, "currency": "USD"},
        "splits": {"train": {**SPLIT, "records": 100}},
        "request": {"trainingDataConfig": {"s3Uri": "s3://bucket/prepared/support/1/nova-lite/train.jsonl"}},
        "phases": [
            {"name": "training", "started_at": "2026-11-22T12:20:00Z", "changed_at": "2026-11-22T13:20:00Z"},
        ],
        "diagnosis": None,
        **changed,
    }


def values(run: tracked_run.TrackedRun, key: str) -> list[tuple[int, float]]:
    return [(each.step, each.value) for each in run.metrics if each.key == key]


@pytest.mark.parametrize(
    ("status", "expected"),
    [("Completed", "FINISHED"), ("Failed", "FAILED"), ("Stopped", "KILLED"), ("InProgress", "RUNNING")],
)
def test_a_status_is_one_of_mlflows(status, expected):
    assert tracked_run.of(job(status=status), {}).status == expected


def test_a_job_that_waits_has_no_run_yet_and_one_that_failed_before_it_started_has():
    assert not tracked_run.has_begun(job(status="WaitingForCapacity", started_at=None))
    assert tracked_run.has_begun(job(status="InProgress", ended_at=None))
    assert tracked_run.has_begun(job(status="Failed", started_at=None))


def test_losses_keep_their_steps_and_what_is_no_number_is_left_out():
    run = tracked_run.of(job(), POINTS)
    assert values(run, "training_loss") == [(0, 3.0), (1, 2.0), (2, 1.0)]
    assert values(run, "validation_loss") == [(2, 1.5)]


def test_steps_are_spread_over_the_time_in_training():
    times = [each.time for each in tracked_run.of(job(), POINTS).metrics if each.key == "training_loss"]
    began = 1_795_350_000_000
    assert [time - began for time in times] == [0, 1_800_000, 3_600_000]


def test_what_was_planned_is_a_param_only_where_it_is_known():
    known = tracked_run.of(job(), {}).params
    assert (known["planned_tokens"], known["planned_cost_USD"]) == ("8000", "0.5")
    unknown = tracked_run.of(job(cost={"amount": None, "currency": "USD"}, trained_tokens=None), {}).params
    assert unknown.keys() == {"base_model", "dataset", "epochCount"}


def test_a_split_is_a_dataset_with_where_it_lies():
    (data,) = tracked_run.of(job(), {}).data
    assert (data.name, data.digest, data.context) == ("support@1 train", "ab" * 6, "training")
    assert data.uri == "s3://bucket/prepared/support/1/nova-lite/train.jsonl"


def test_what_a_job_lacks_is_no_tag():
    tags = tracked_run.of(job(arn=None, model_arn=None, splits=None, request=None, failure_code="x"), {}).tags
    assert "tunedrop:job_arn" not in tags
    assert tags["tunedrop:failure_code"] == "x"
    assert tags["mlflow.user"] == "dana"
