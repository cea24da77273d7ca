"""Metrics files as Bedrock writes them, and as it might."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.training import metrics
from tunedrop.domain.training.metrics import CHUNK, MetricPoint, UnreadableMetrics

PREFIX = "outputs/support/1/01hzz/model-customization-job-k3v9x2m7q1ab/"


def _parsed(text, split="training"):
    return list(metrics.parse(text.splitlines(), split))


def test_points_are_read_by_the_header_and_not_by_position():
    text = "training_loss,epoch_number,perplexity,step_number\n1.5,0,4.48,0\n1.25,1,3.49,1\n"
    assert _parsed(text) == [MetricPoint(0, 0, 1.5, 4.48), MetricPoint(1, 1, 1.25, 3.49)]


def test_perplexity_and_epoch_may_be_missing():
    assert _parsed("step_number,validation_loss\n0,0.5\n", "validation") == [MetricPoint(0, None, 0.5, None)]


def test_a_byte_order_mark_spaces_capitals_and_quotes_do_no_harm():
    text = '\ufeffStep_Number, "training_loss"\n"0","2.5"\n'
    assert _parsed(text) == [MetricPoint(0, None, 2.5, None)]


@pytest.mark.parametrize("value", ["NaN", "inf", "-Infinity", "", "n/a", "1e400", "1e200"])
def test_what_is_no_storable_number_is_no_value(value):
    assert _parsed(f"step_number,training_loss\n3,{value}\n") == [MetricPoint(3, None, None, None)]


def test_numbers_too_small_to_store_are_zero():
    assert _parsed("step_number,training_loss\n3,1e-200\n") == [MetricPoint(3, None, 0.0, None)]


@pytest.mark.parametrize("row", ["", "x,1", "-1,1", "nan,1", "1e30,1", ","])
def test_rows_without_a_step_are_left_out(row):
    assert _parsed(f"step_number,training_loss\n{row}\n7,1\n") == [MetricPoint(7, None, 1.0, None)]


@pytest.mark.parametrize("text", ["", "\n", "a,b\n1,2\n", "step_number,validation_loss\n0,1\n", "<html>"])
def test_a_file_of_another_kind_is_said_to_be_unreadable(text):
    with pytest.raises(UnreadableMetrics):
        _parsed(text)


@given(st.text())
def test_any_text_is_read_or_unreadable(text):
    try:
        points = _parsed("step_number,training_loss\n" + text)
    except UnreadableMetrics:
        return
    for point in points:
        assert point.step >= 0
        assert point.loss is None or math.isfinite(point.loss)


@pytest.mark.parametrize(
    ("folder", "validation"),
    [
        ("documented", "validation_artifacts/post_fine_tuning_validation/validation_metrics.csv"),
        ("nested", "validation_artifacts/post_fine_tuning_validation/validation/validation_metrics.csv"),
        ("flat", "validation_artifacts/validation_metrics.csv"),
    ],
)
def test_both_files_are_found_in_every_layout(folder, validation):
    training = PREFIX + "training_artifacts/step_wise_training_metrics.csv"
    found = metrics.find([PREFIX + validation, PREFIX + "readme.txt", training])
    assert found == {"training": training, "validation": PREFIX + validation}


def test_similar_names_are_not_taken_for_metrics():
    assert metrics.find([PREFIX + "old_validation_metrics.csv", PREFIX + "validation_metrics.csv.gz"]) == {}


@given(st.integers(0, 3 * CHUNK + 5))
def test_chunks_hold_every_point_once_at_a_place_that_follows_from_its_number(count):
    points = [MetricPoint(step, step // 10, 1.0, None) for step in range(count)]
    chunks = list(metrics.chunks(points))
    assert [point for chunk in chunks for point in chunk.points()] == points
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
    assert all(len(chunk.steps) == CHUNK for chunk in chunks[:-1])
