"""What the losses of a run show: on curves whose truth is known, and in words."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tunedrop.domain.training.diagnosis import diagnose
from tunedrop.domain.training.diagnosis_codes import CODES
from tunedrop.domain.training.epochs_run import READINGS, stops_after
from tunedrop.domain.training.metrics import MetricPoint
from tunedrop.domain.training.training_run import TrainingRun

from tests.unit.training import curves

PAGE = Path(__file__).parents[3] / "docs" / "diagnosis.md"
HAIKU = {"epochCount": "5", "batchSize": "8", "learningRateMultiplier": "1"}
RULE = {"earlyStoppingPatience": "2", "earlyStoppingThreshold": "0.001"}


def falling(count=100, epochs=5, first=0, end=0.2):
    """A smooth run: nothing stands out."""
    each = count // epochs
    return [
        MetricPoint(first + t, t // each, end + 2 * math.exp(-3 * t / count) + 0.002 * (t % 2), None)
        for t in range(count)
    ]


def checks(*losses, each=20):
    return [MetricPoint((index + 1) * each - 1, index, loss, None) for index, loss in enumerate(losses)]


def ran(training=None, validation=None, **about):
    training = falling() if training is None else training
    validation = checks(0.9, 0.8, 0.7, 0.65, 0.62) if validation is None else validation
    known = {"status": "Completed", "base_model": "claude-3-haiku", "hyperparameters": HAIKU, "records": 160}
    return TrainingRun(training, validation, **{**known, "validated": bool(validation), **about})


def said(run):
    return {each.code: each for each in diagnose(run)}


def at_step(points, step, loss):
    return [replace(point, loss=loss) if point.step == step else point for point in points]


# How often it is right


@pytest.fixture(scope="module")
def held_out():
    kinds = dict.fromkeys(curves.HEALTHY, 20) | dict.fromkeys(curves.DEFECTIVE, 12)
    return curves.judged(range(30_001, 30_100, 2), kinds | dict.fromkeys(curves.SIMULATED, 4))


@pytest.mark.parametrize("code", CODES)
def test_nine_in_ten_defects_of_held_out_curves_are_found(code, held_out):
    assert held_out.defective[code] >= 10
    assert held_out.found[code] >= 0.9 * held_out.defective[code]


@pytest.mark.parametrize("code", CODES)
def test_at_most_two_in_a_hundred_held_out_curves_get_a_code_that_is_wrong(code, held_out):
    assert held_out.without[code] >= 100
    assert held_out.false[code] <= 0.02 * held_out.without[code]


def test_healthy_curves_are_left_alone(held_out):
    assert held_out.curves["healthy"] >= held_out.curves["all"] / 2
    assert held_out.curves["wronged"] <= 0.02 * held_out.curves["healthy"]


def test_the_best_epoch_is_right_within_one_and_the_record_behind_a_spike_is_a_candidate(held_out):
    assert held_out.best.total() >= 20
    assert held_out.best[0] + held_out.best[1] == held_out.best.total()
    assert held_out.located.total() >= 3
    assert not held_out.located[False]


# In words


def test_a_run_that_learns_to_its_end_gets_no_diagnosis():
    assert diagnose(ran()) == ()


def test_overfitting_names_the_best_epoch_and_what_to_ask_for_next():
    found = said(ran(validation=checks(0.9, 0.6, 0.7, 0.8, 0.9)))["overfitting"]
    assert found.best_epoch == 2
    assert "lowest after epoch 2, 0.6, and 0.9 after epoch 5, 50 % higher" in found.words
    assert found.hint.startswith("Train again with epochCount 2, or a lower learningRateMultiplier")
    assert found.places[0].steps == (39, 99)
    assert found.places[0].epochs == (2, 5)


def test_epochs_are_counted_from_one_whatever_the_file_calls_the_first():
    validation = [replace(check, epoch=check.epoch + 1) for check in checks(0.9, 0.6, 0.7, 0.8, 0.9)]
    assert said(ran(validation=validation))["overfitting"].best_epoch == 2


def test_a_run_that_diverged_is_not_called_overfitted():
    points = [point if point.step < 60 else replace(point, loss=3.0) for point in falling()]
    found = said(ran(points, checks(0.9, 0.6, 2.0, 3.0, 3.0)))
    assert list(found) == ["diverged"]
    assert re.fullmatch(
        r"Training diverged: the training loss falls to 0\.\d+ and then rises to 3 at step 99\.",
        found["diverged"].words,
    )


def test_losses_that_end_as_no_number_say_from_which_step():
    points = [point if point.step < 60 else replace(point, loss=None) for point in falling()]
    found = said(ran(points))["nan_loss"]
    assert found.words.startswith(
        "From step 60 on, no training loss is a finite number, or it is missing, in 40 of 100"
    )


def test_a_gap_is_no_end():
    found = said(ran(at_step(falling(), 30, None)))
    assert set(found) == {"missing_losses"}
    assert "1 of 100 training losses" in found["missing_losses"].words


@pytest.mark.parametrize("first", [0, 1])
def test_the_candidates_of_a_spike_are_the_records_of_the_steps_around_it(first):
    found = said(ran(at_step(falling(first=first), 45 + first, 9.0)))["loss_spikes"]
    assert found.places[0].steps == (45 + first, 45 + first)
    assert found.places[0].epochs == (3, 3)
    assert found.places[0].records == (33, 56)  # steps 4 to 6 of the epoch, of 8 records each
    assert "records 33 to 56 of train, as prepared: candidates" in found.hint
    assert "the order changes" in found.words


def test_a_spike_that_comes_back_in_each_epoch_speaks_for_the_order_of_the_file():
    points = falling()
    for epoch in range(5):
        points = at_step(points, 20 * epoch + 10, 9.0)
    found = said(ran(points))["loss_spikes"]
    assert "The same place of 4 of the 4 other epochs is high too" in found.words
    assert [place.records for place in found.places] == [(73, 96)] * 5


def test_an_unknown_number_of_records_leaves_no_candidates():
    found = said(ran(at_step(falling(), 45, 9.0), records=None))["loss_spikes"]
    assert found.places[0].records is None
    assert "records " not in found.hint.removeprefix("Look through train")


def test_without_a_batch_size_the_file_itself_says_how_many_records_a_step_held():
    asked = {"epochCount": "5", "learningRate": "0.00001"}
    found = said(ran(at_step(falling(), 45, 9.0), base_model="nova-lite", hyperparameters=asked))["loss_spikes"]
    assert found.places[0].records == (33, 56)


def test_without_numbered_epochs_steps_are_counted_through():
    points = [replace(point, epoch=None) for point in at_step(falling(), 45, 9.0)]
    place = said(ran(points))["loss_spikes"].places[0]
    assert place.epochs is None
    assert place.records == (33, 56)


def test_a_step_that_stands_for_ten_has_the_records_of_all_of_them_as_candidates():
    points = [replace(point, step=10 * point.step + 10) for point in falling()]
    place = said(ran(at_step(points, 460, 9.0), records=1_600))["loss_spikes"].places[0]
    assert place.steps == (460, 460)
    first, last = place.records
    assert first <= 401
    assert last >= 480


def test_the_rule_of_early_stopping_is_named_with_its_numbers():
    asked = HAIKU | RULE | {"epochCount": "9"}
    found = said(ran(validation=checks(0.9, 0.6, 0.5, 0.5, 0.5), hyperparameters=asked))["early_stopping"]
    assert "after epoch 5 of 9: for 2 epochs in a row" in found.words
    assert "more than 0.001 (earlyStoppingThreshold), by each reading of AWS's rule" in found.words


def test_where_readings_differ_those_that_hold_are_named():
    asked = HAIKU | {"epochCount": "9", "earlyStoppingPatience": "2", "earlyStoppingThreshold": "0.05"}
    found = said(ran(validation=checks(0.9, 0.7, 0.66, 0.64, 0.62), hyperparameters=asked))
    assert "ended_early" in found  # each reading would have ended it an epoch before
    found = said(ran(validation=checks(0.9, 0.8, 0.74, 0.70, 0.68), hyperparameters=asked))
    assert found["early_stopping"].words.endswith("compared with the lowest loss so far or the epoch before.")


@pytest.mark.parametrize(("threshold", "patience", "epochs"), [(0, 2, 7), (0.05, 1, 4), (0.06, 2, 5)])
@pytest.mark.parametrize("reading", READINGS)
def test_each_reading_stops_where_the_documented_example_does(threshold, patience, epochs, reading):
    losses = [0.9, 0.8, 0.7, 0.66, 0.64, 0.65, 0.65]
    assert stops_after(losses, threshold, patience, READINGS[reading]) == epochs


def test_fewer_epochs_without_a_rule_are_told_as_unexplained():
    asked = {"epochCount": "5", "learningRate": "0.00001"}
    run = ran(falling(60, 3), [], base_model="nova-lite", hyperparameters=asked)
    assert "3 of 5 epochs, and the base model has no early stopping" in said(run)["ended_early"].words


def test_a_stopped_job_says_where():
    found = said(ran(falling()[:70], checks(0.9, 0.8, 0.7), status="Stopped"))["stopped_by_request"]
    assert found.words == "The job was stopped at step 69, in epoch 4 of 5."


def test_five_equal_losses_are_too_few_to_tell():
    found = said(ran([MetricPoint(t, 0, 1.0, None) for t in range(5)], []))
    assert set(found) == {"too_few_steps", "no_validation", "ended_early"}
    assert found["too_few_steps"].words.startswith("There are 5 training losses; from 30 on")


def test_a_flat_run_is_told_from_one_that_never_learned():
    flat = [MetricPoint(t, t // 20, 0.5 + 2 * math.exp(-t / 5) + 0.002 * (t % 2), None) for t in range(100)]
    found = said(ran(flat))["plateau"]
    assert found.words.startswith("The training loss is flat since step 50")
    assert found.hint.startswith("epochCount 3 ")
    never = [replace(point, loss=1.5 + 0.002 * (point.step % 2)) for point in flat]
    assert "never fell: 1.5 at first, 1.5 at the end" in said(ran(never))["not_learning"].words


@pytest.mark.parametrize(
    ("base_model", "validated", "words"),
    [
        ("nova-2-lite", False, "takes no validation split in training"),
        ("claude-3-haiku", False, "The job had no validation split"),
        ("claude-3-haiku", True, "Bedrock left no validation losses"),
        ("of-another-release", None, "Bedrock left no validation losses"),
    ],
)
def test_why_overfitting_can_t_be_told(base_model, validated, words):
    assert words in said(ran(validation=[], base_model=base_model, validated=validated))["no_validation"].words


def test_of_a_single_epoch_more_are_proposed_only_where_the_loss_still_falls():
    """A plateau of two epochs proposes one: that one must not propose two again."""
    flat = [MetricPoint(t, 0, 0.2 + 2 * math.exp(-t / 4), None) for t in range(100)]
    still = [MetricPoint(t, 0, 2.0 - t / 100, None) for t in range(100)]
    once = {**HAIKU, "epochCount": "1"}
    hints = [said(ran(some, checks(0.9, each=100), hyperparameters=once)) for some in (flat, still)]
    assert hints[0].keys() == {"plateau", "too_few_epochs"}
    assert hints[0]["too_few_epochs"].hint == "Judge the model by asking it the test split."
    assert "one more epoch may help" in hints[1]["too_few_epochs"].hint


def test_the_rate_that_a_diverged_run_is_told_to_try_is_none_that_did_not_learn():
    """`not_learning` proposes three times the rate; a third of that would be where it came from."""
    assert "half of it" in said(ran([MetricPoint(t, 0, 0.1 + t / 10, None) for t in range(100)], []))["diverged"].hint


def test_no_file_at_all_is_said_and_nothing_else():
    found = said(ran([], [], status="Failed"))
    assert list(found) == ["no_metrics"]
    assert "A failed job may leave none" in found["no_metrics"].words


def test_the_most_severe_comes_first():
    points = [*at_step(falling(), 45, 9.0)[:97], *(replace(point, loss=None) for point in falling()[97:])]
    severities = [each.severity for each in diagnose(ran(points, checks(0.9, 0.6, 0.7, 0.8, 0.9)))]
    assert severities == ["error", "warning", "warning"]


# Whatever the files hold

LOSSES = st.none() | st.floats(0, 1e125) | st.sampled_from([0.0, 0.5, 0.5, 1e-125])
POINTS = st.lists(
    st.builds(MetricPoint, st.integers(0, 10**14), st.none() | st.integers(0, 5), LOSSES, st.none()), max_size=150
)


@settings(deadline=None)
@given(
    POINTS,
    POINTS,
    st.sampled_from(["Completed", "Failed", "Stopped"]),
    st.none() | st.integers(1, 500),
    st.sampled_from([{}, HAIKU, HAIKU | RULE, {"epochCount": "2"}]),
)
def test_any_points_are_diagnosed(training, validation, status, records, asked):
    for found in diagnose(ran(training, validation, status=status, records=records, hyperparameters=asked)):
        assert CODES[found.code] == found.severity
        assert found.words.endswith(".")
        assert found.hint.endswith(".")
        for place in found.places:
            assert place.records is None or 1 <= place.records[0] <= place.records[1] <= records


def test_the_page_lists_every_code_with_its_severity():
    rows = re.findall(r"(?m)^\| `(\w+)` \| (error|warning|info) \|", PAGE.read_text("utf-8"))
    assert rows == list(CODES.items())
