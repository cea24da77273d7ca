"""Rows by declared types: what isn't as declared is refused where it stands, and never told by its content."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from tunedrop.domain.training.diagnosis_codes import Diagnosis, StepRange
from tunedrop.domain.training.job_states import DeploymentWish, Job, TimelineEntry
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import job_rows, stored
from tunedrop.edges.rows.attributes import marshal, unmarshal
from tunedrop.edges.rows.stored import UnreadableRow
from tunedrop.edges.rows.writes import Key
from tunedrop.errors import TunedropError

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
JOB = Job(
    id="01hzz",
    dataset="support",
    version=1,
    base_model="claude-3-haiku",
    hyperparameters={"epochCount": "2"},
    status="InProgress",
    intent_id="01hzy",
    token="token",
    name="support-v1",
    owner="ada",
    requested_by="arn:aws:iam::123456789012:user/dana",
    created_at=NOON,
    deployment=DeploymentWish("support-prod", "on_demand", 0, None),
    timeline=(TimelineEntry(NOON, "InProgress", "event"),),
    final_losses={"training": 1.0, "validation": None},
    diagnosis=(Diagnosis("overfitting", "warning", "It rises.", "Stop.", (StepRange((3, 9), (1, 2), None),), 1),),
)


@dataclass(frozen=True, slots=True)
class Anything:
    held: Any
    at: datetime | None = None


def row(job: Job = JOB) -> dict[str, Any]:
    """The job as it comes back from the table."""
    return dict(unmarshal(marshal(job_rows.put_job(job).row)))


@pytest.mark.parametrize(
    ("attribute", "value", "problem"),
    [
        ("status", "Paused - at `$`", "Invalid enum value - at `$.status`"),
        (
            "timeline",
            [{"time": "2026-11-22T12:00:00.000000Z", "status": "Paused\n", "source": "event"}],
            "Invalid enum value - at `$.timeline[0].status`",
        ),
        (
            "deployment",
            {"name": "a", "serving": "borrowed", "model_units": 0, "hours": None},
            "Invalid enum value - at `$.deployment.serving`",
        ),
        ("created_at", "yesterday", "Invalid RFC3339 encoded datetime - at `$.created_at`"),
        ("version", "1", "Expected `int`, got `str` - at `$.version`"),
        ("attempts", 0.5, "Expected `int`, got `float` - at `$.attempts`"),
        ("hyperparameters", {"epochCount": 2}, "Expected `str`, got `int` - at `$.hyperparameters[...]`"),
        ("token", None, "Expected `str`, got `null` - at `$.token`"),
    ],
)
def test_what_is_not_as_declared_is_refused_by_its_place_without_its_content(attribute, value, problem):
    with pytest.raises(UnreadableRow) as refused:
        job_rows.job_from({**row(), attribute: value})
    assert str(refused.value) == f"unreadable_row: JOB#01hzz JOB: {problem}"
    assert (refused.value.row, refused.value.problem) == ("JOB#01hzz JOB", problem)
    assert refused.value.__context__ is None, "msgspec's own words quote the content"


def test_a_missing_attribute_is_named():
    cut = row()
    del cut["owner"]
    with pytest.raises(UnreadableRow, match="Object missing required field `owner`"):
        job_rows.job_from(cut)


def test_an_unreadable_row_is_no_refusal_of_a_request():
    assert not issubclass(UnreadableRow, TunedropError)


def test_an_unreadable_row_is_logged_by_its_key_and_place():
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append
    logger.addHandler(handler)
    try:
        with pytest.raises(UnreadableRow):
            job_rows.job_from({**row(), "status": "Paused"})
    finally:
        logger.removeHandler(handler)
    (record,) = records
    assert (
        vars(record).items()
        >= {
            "levelname": "ERROR",
            "code": "unreadable_row",
            "row": "JOB#01hzz JOB",
            "problem": "Invalid enum value - at `$.status`",
        }.items()
    )


def test_a_row_reads_as_what_was_written():
    assert job_rows.job_from(row()) == replace(JOB, revision=1)


def test_what_a_newer_release_added_is_left_out_at_any_depth():
    later = row()
    for place in (later, later["deployment"], later["timeline"][0]):
        place["later"] = "of a newer release"
    assert job_rows.job_from(later) == replace(JOB, revision=1)


def test_what_has_no_value_is_no_attribute_of_a_job_yet_one_within_it():
    written = row()
    assert None not in written.values()
    assert written["deployment"]["hours"] is None
    assert written["final_losses"] == {"training": 1, "validation": None}


@pytest.mark.parametrize(
    "moment", [NOON, NOON.astimezone(timezone(timedelta(hours=-8))), NOON + timedelta(microseconds=1)]
)
def test_a_moment_is_text_in_utc_with_microseconds_wherever_it_stands(moment):
    text = "2026-11-22T12:00:00.000001Z" if moment.microsecond else "2026-11-22T12:00:00.000000Z"
    written = stored.to_row(Key("A", "B"), 1, Anything({"in": [Anything(moment)]}, moment), beside=moment)
    assert unmarshal(marshal(written)) == {
        "pk": "A",
        "sk": "B",
        "schema": 1,
        "held": {"in": [{"held": text, "at": None}]},
        "at": text,
        "beside": text,
    }
    assert stored.from_row(Anything, unmarshal(marshal(written))).at == moment


def test_a_decimal_stays_a_number_and_any_mapping_a_map():
    written = stored.to_row(Key("A", "B"), 1, Anything(MappingProxyType({"price": Decimal("0.004")})))
    assert marshal(written)["held"] == {"M": {"price": {"N": "0.004"}}}


def test_what_no_row_can_hold_is_refused_before_it_is_written():
    with pytest.raises(NotImplementedError, match="a object in a row"):
        stored.to_row(Key("A", "B"), 1, Anything(object()))
