"""A job's report: JSON, page and picture say the same, whatever the run was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tunedrop.domain.reports import charts, job_curves, job_page, job_report
from tunedrop.domain.training.diagnosis import diagnose, run_of
from tunedrop.domain.training.job_states import DeploymentWish, Job, TimelineEntry, TrainedOn
from tunedrop.domain.training.metrics import MetricPoint

from tests import next_commands
from tests.unit.reports.test_job_notifications import JOB, NOON
from tests.unit.training.test_diagnosis import checks, falling

SAME = "--set batchSize=8 --set learningRateMultiplier=1"
STACK = "arn:aws:cloudformation:us-west-2:123456789012:stack/tunedrop/0"
ENDED = replace(
    JOB,
    base_model="claude-3-haiku",
    hyperparameters={"epochCount": "5", "batchSize": "8", "learningRateMultiplier": "1"},
    request={"jobName": JOB.name, "trainingDataConfig": {"s3Uri": "s3://bucket/prepared/support/3/x/train.jsonl"}},
    splits={"train": TrainedOn("prepared/support/3/claude-3-haiku/train.jsonl", "v1", "ab" * 32, 900, 160)},
    trained_tokens=12_345,
    cost={"amount": 1.5, "currency": "USD"},
    arn="arn:job",
    started_at=NOON + timedelta(minutes=1),
    ended_at=NOON + timedelta(hours=1),
    timeline=(TimelineEntry(NOON, "Requested", "request"), TimelineEntry(NOON, "Completed", "event", "a <b>note</b>")),
)
OVERFITTING = checks(0.9, 0.7, 0.8, 0.95, 1.1)
POINTS = st.lists(
    st.builds(
        MetricPoint,
        st.integers(0, 10**15),
        st.none() | st.integers(0, 5),
        st.none() | st.floats(-1e125, 1e125) | st.floats(0, 5),
        st.none(),
    ),
    max_size=60,
)


class Text(HTMLParser):
    """A page's text, and the names of its elements."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.text, self.elements = "", set[str]()
        self.feed(page.decode())

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, _: object) -> None:
        self.elements.add(tag)


def written(job: Job = ENDED, training=None, validation=None):
    """The report and its page."""
    run = run_of(job, falling() if training is None else training, OVERFITTING if validation is None else validation)
    report = job_report.build(replace(job, diagnosis=diagnose(run)), run, STACK)
    return report, job_page.render(report, job_curves.chart(report, run)), charts.picture(job_curves.chart(report, run))


def test_the_report_holds_request_digests_losses_diagnosis_cost_and_timeline():
    report, _, _ = written()
    assert (report["schema"], report["status"], report["dataset"], report["version"]) == (1, "Completed", "support", 3)
    assert report["request"] == ENDED.request
    assert report["data"]["train"]["sha256"] == "ab" * 32
    assert report["cost"] == {"amount": 1.5, "currency": "USD"}
    assert report["losses"]["validation"] == {
        "points": 5,
        "final": 0.9,
        "lowest": {"step": 39, "epoch": 2, "loss": 0.7},
    }
    assert [each["code"] for each in report["diagnosis"]] == ["overfitting"]
    assert [entry["time"] for entry in report["timeline"]] == ["2026-11-22T12:00:00Z"] * 2
    assert len(report["curves"]["training"]) == 100
    assert json.loads(job_report.encode(report)) == json.loads(json.dumps(report))


def test_the_table_has_a_row_for_each_epoch():
    rows = written()[0]["epochs"]
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["steps"] for row in rows] == [[0, 19], [20, 39], [40, 59], [60, 79], [80, 99]]
    assert [row["validation_loss"] for row in rows] == [0.9, 0.7, 0.8, 0.95, 1.1]
    assert [row["training_loss"] for row in rows] == sorted((row["training_loss"] for row in rows), reverse=True)


def test_without_epochs_in_the_file_the_table_has_ten_blocks():
    training = [replace(point, epoch=None) for point in falling()]
    rows = written(training=training, validation=[replace(point, epoch=None) for point in OVERFITTING])[0]["epochs"]
    assert len(rows) == 10
    assert [row["validation_loss"] for row in rows] == [None, 0.9, None, 0.7, None, 0.8, None, 0.95, None, 1.1]


def test_the_page_says_what_the_report_does():
    report, page, _ = written()
    text = Text(page).text
    words = [
        ENDED.id,
        "support@3",
        "Completed",
        "1.50USD, cost as planned",
        "12,345",
        "ab" * 32,
        "a <b>note</b>",
        "0.7 (lowest)",
    ]
    words += [report["diagnosis"][0]["words"], *(step["command"] for step in report["next_steps"])]
    for said in words:
        assert said in text, said


def test_the_picture_marks_epochs_and_the_lowest_validation_loss():
    picture = written()[2].decode()
    assert "lowest validation loss 0.7, epoch 2" in picture
    assert all(f"epoch {number}" in picture for number in range(1, 6))
    assert "Validation loss: 5 points, from 0.9 at step 19 to 1.1 at step 99, lowest 0.7 at step 39." in picture


def test_a_job_that_was_stopped_says_where():
    stopped = replace(ENDED, status="Stopped")
    assert ">stopped<" in written(stopped, falling(70), checks(0.9, 0.8))[2].decode()


def test_a_diverging_loss_is_drawn_by_powers_of_ten():
    training = [replace(point, loss=1e9 if point.step > 80 else point.loss) for point in falling()]
    assert "loss (powers of ten)" in written(training=training, validation=[])[2].decode()
    assert "powers of ten" not in written()[2].decode()


def test_a_job_without_metrics_has_a_page_that_says_so():
    report, page, picture = written(replace(ENDED, status="Failed", failure="No <room>."), [], [])
    assert report["epochs"] == []
    text = Text(page).text
    assert "Bedrock left no losses." in text
    assert "No <room>." in text
    assert b"nothing to show" in picture


@pytest.mark.parametrize(
    ("job", "commands"),
    [
        (
            ENDED,
            [
                f"tunedrop jobs start support@3 --model claude-3-haiku --set epochCount=2 {SAME}",
                "tunedrop jobs list --dataset support",
                "tunedrop deployments put support-prod --job 01hzz --plan",
            ],
        ),
        (replace(ENDED, status="Failed"), [..., "tunedrop jobs show 01hzz"]),
        (
            replace(ENDED, deployment=DeploymentWish("prod", "provisioned_throughput", 1, 8)),
            [..., "tunedrop deployments show prod"],
        ),
    ],
    ids=["overfitted", "failed", "deployed"],
)
def test_each_next_command_runs_as_it_is_printed(job, commands):
    found = [step["command"] for step in written(job)[0]["next_steps"] if step["command"]]
    assert [said for said, wanted in zip(found, commands, strict=True) if wanted not in {..., said}] == []
    for command in found:
        next_commands.parsed(command)


def test_a_stack_of_another_name_is_named_in_its_commands():
    run = run_of(ENDED, falling(), [])
    report = job_report.build(ENDED, run, STACK.replace("stack/tunedrop/", "stack/other/"))
    assert report["next_steps"][-2]["command"] == "tunedrop jobs list --dataset support --stack-name other"


def test_text_from_outside_stays_text():
    hostile = "</code><script>alert(1)</script><img src=x onerror=y>"
    job = replace(ENDED, failure=hostile, owner=hostile, request={hostile: hostile}, hyperparameters={hostile: hostile})
    page = Text(written(job)[1])
    assert not page.elements & {"script", "img"}
    assert page.text.count(hostile) >= 4


def test_long_runs_keep_their_peaks_in_a_small_report():
    training = [MetricPoint(step, None, 9.0 if step == 31_007 else 1 + step % 7 / 10, None) for step in range(100_000)]
    report, page, _ = written(training=training, validation=[])
    assert len(report["curves"]["training"]) <= job_report.MAX_POINTS
    assert max(point["loss"] for point in report["curves"]["training"]) == 9.0
    assert report["losses"]["training"]["points"] == 100_000
    assert len(job_report.encode(report)) < 200_000
    assert len(page) < 200_000


BELOW_ZERO = [MetricPoint(step, None, -1.0 if step in {2, 3, 4} else 0.0, None) for step in range(10)]


@settings(max_examples=60)
@given(POINTS, POINTS, st.sampled_from(["Completed", "Failed", "Stopped"]))
@example(BELOW_ZERO, [], "Completed")
def test_whatever_the_metrics_are_there_is_a_report(training, validation, status):
    report, page, picture = written(replace(ENDED, status=status), training, validation)
    assert json.loads(job_report.encode(report))["status"] == status
    assert page == written(replace(ENDED, status=status), training, validation)[1]
    assert b"NaN" not in picture
