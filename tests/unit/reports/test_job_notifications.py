"""What a job's end tells people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tunedrop.domain.reports import job_notifications
from tunedrop.domain.training.diagnosis_codes import Diagnosis, StepRange
from tunedrop.domain.training.job_states import Job

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
JOB = Job(
    id="01hzz",
    dataset="support",
    version=3,
    base_model="nova-lite",
    hyperparameters={"epochCount": "5"},
    status="Completed",
    intent_id="01hzy",
    token="token",
    name="support-v3",
    owner="ada",
    requested_by="arn:aws:iam::123456789012:user/dana",
    created_at=NOON,
    final_losses={"training": 0.21, "validation": 0.9},
)
OVERFITTED = Diagnosis("overfitting", "warning", "Overfitting: it rises.", "Train again with epochCount 2.", (), 2)
SPIKED = Diagnosis("loss_spikes", "warning", "It stands out once.", "Look at records 1 to 8.", (StepRange((7, 7)),))
FEW = Diagnosis("too_few_steps", "info", "There are 5 training losses.", "Ask the model.")


def told(*found):
    return job_notifications.notification(replace(JOB, diagnosis=found), "Completed", "arn:stack", NOON, bucket="data")


def test_a_completed_job_says_the_gravest_diagnosis_and_what_to_do():
    assert told(OVERFITTED, FEW).summary == (
        "Job 01hzz completed: nova-lite on support@3 is tuned, training loss 0.21, validation loss 0.9. "
        "Overfitting: it rises. Train again with epochCount 2."
    )
    assert told(OVERFITTED, SPIKED, FEW).summary.endswith("epochCount 2. (1 more in the job's diagnosis.)")


def test_what_asks_for_nothing_is_left_to_the_event():
    assert told(FEW).summary.endswith("validation loss 0.9.")
    assert [each["code"] for each in told(FEW).detail()["diagnosis"]] == ["too_few_steps"]


def test_the_event_holds_each_diagnosis_whole():
    assert told(SPIKED).detail()["diagnosis"] == [
        {
            "code": "loss_spikes",
            "severity": "warning",
            "words": "It stands out once.",
            "hint": "Look at records 1 to 8.",
            "places": ({"steps": (7, 7), "epochs": None, "records": None},),
            "best_epoch": None,
        }
    ]


def test_a_job_whose_metrics_were_not_read_has_none():
    unread = job_notifications.notification(replace(JOB, diagnosis=None), "Completed", "arn:stack", NOON, bucket="data")
    assert unread.detail()["diagnosis"] is None
    assert unread.summary.endswith("validation loss 0.9.")


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        ({"amount": 1234.5, "currency": "USD"}, "validation loss 0.9. It cost about 1,234.50 USD."),
        ({"amount": None, "currency": None}, "What it cost is unknown: the stack has no price for it."),
    ],
)
def test_a_completed_job_says_what_it_cost_as_far_as_that_is_known(cost, words):
    told = job_notifications.notification(replace(JOB, cost=cost), "Completed", "arn:stack", NOON, bucket="data")
    assert told.summary.endswith(words)


def test_a_job_with_a_report_says_where_people_can_open_its_page():
    stack = "arn:aws:cloudformation:us-west-2:123456789012:stack/tunedrop/0f1e"
    job = replace(JOB, report_key="reports/support/3/jobs/01hzz.json")
    for status in ("Completed", "Failed", "Stopped"):
        told = job_notifications.notification(job, status, stack, NOON, bucket="data")
        assert told.summary.endswith(
            " Its report: https://s3.console.aws.amazon.com/s3/object/data"
            "?region=us-west-2&prefix=reports/support/3/jobs/01hzz.html"
        )
