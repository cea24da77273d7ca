"""Verdicts and the gate: what each needs, and that nothing is decided on too little. SciPy judges in `make prove`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.evaluation import contrasts, gate_outcomes, paired_tests, student
from tunedrop.domain.evaluation.contrasts import Pair

MARGIN = 0.03


def pairs(better: int, worse: int, same: int, *, answers_alike: int = 0, failed: int = 0) -> list[Pair]:
    scores = [(1.0, 0.0)] * better + [(0.0, 1.0)] * worse + [(1.0, 1.0)] * same
    return [
        Pair(ours, theirs, place < answers_alike, place < failed, f"r{place}")
        for place, (ours, theirs) in enumerate(scores)
    ]


def judged(*counts: int, **more: int) -> str:
    return contrasts.verdict(contrasts.measure(pairs(*counts, **more), binary=True), MARGIN)


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        ((6, 0, 94), "better"),
        ((5, 0, 95), "insufficient_evidence"),
        ((0, 6, 94), "worse"),
        ((12, 3, 85), "better"),
        ((12, 4, 84), "insufficient_evidence"),
        ((10, 10, 980), "equivalent"),
        ((10, 10, 80), "insufficient_evidence"),
    ],
)
def test_a_verdict_follows_from_what_only_one_candidate_has_right(counts, verdict):
    assert judged(*counts) == verdict


def test_answers_that_are_all_the_same_are_suspect_however_good():
    assert judged(6, 0, 594, answers_alike=594) == "suspect"
    assert judged(6, 0, 594, answers_alike=593) == "better"


def test_too_many_failed_calls_leave_the_evaluation_incomplete():
    assert judged(20, 0, 80, failed=3) == "incomplete"
    assert judged(20, 0, 80, failed=2) == "better"


@pytest.mark.parametrize("failing", ["ours", "theirs"])
@pytest.mark.parametrize("alike", [0, 392])
def test_calls_that_brought_no_answer_decide_nothing(failing, alike):
    """Eight of 400, all of one model, would make the other one better."""
    right = [Pair(1.0, 1.0, place < alike, False, f"r{place}") for place in range(392)]
    scores = (0.0, 1.0) if failing == "ours" else (1.0, 0.0)
    failed = [Pair(*scores, False, True, f"f{place}") for place in range(8)]
    without = contrasts.measure([Pair(*scores, False, False, each.cluster) for each in failed] + right, binary=True)
    assert contrasts.verdict(without, MARGIN) == ("worse" if failing == "ours" else "better")
    found = contrasts.verdict(contrasts.measure(failed + right, binary=True), MARGIN)
    assert found == ("suspect" if alike else "insufficient_evidence")


def test_failed_calls_make_no_model_equivalent_or_not_worse():
    """Ours is worse by four points wherever both answered; eight of theirs failed."""
    answered = pairs(2, 18, 380)
    failed = [Pair(1.0, 0.0, False, True, f"f{place}") for place in range(8)]
    assert not contrasts.is_not_worse(contrasts.measure(answered, binary=True), 0.05)
    measured = contrasts.measure(answered + failed, binary=True)
    assert not contrasts.is_not_worse(measured, 0.05)
    assert contrasts.verdict(measured, 0.05) != "equivalent"


def test_records_that_belong_together_count_as_one():
    alone = pairs(12, 3, 85)
    together = [Pair(p.ours, p.theirs, p.same, p.failed, str(place // 12)) for place, p in enumerate(alone)]
    assert contrasts.verdict(contrasts.measure(alone, binary=True), MARGIN) == "better"
    assert contrasts.verdict(contrasts.measure(together, binary=True), MARGIN) == "insufficient_evidence"


def test_few_scores_that_differ_never_make_two_models_equivalent():
    rare = [Pair(0.5 if place < 3 else 0.4, 0.4, False, False, str(place)) for place in range(400)]
    contrast = contrasts.measure(rare, binary=False)
    assert not contrast.reliable
    assert contrasts.verdict(contrast, MARGIN) == "insufficient_evidence"
    assert not contrasts.is_not_worse(contrast, MARGIN)


def test_one_record_decides_nothing_and_breaks_nothing():
    for binary in (True, False):
        contrast = contrasts.measure([Pair(1, 0, False, False, "r")], binary=binary)
        assert contrasts.verdict(contrast, MARGIN) == "insufficient_evidence"


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 200))
def test_swapping_the_candidates_swaps_the_verdict(better, worse, same):
    mirrored = {"better": "worse", "worse": "better"}
    verdict = judged(better, worse, same)
    assert judged(worse, better, same) == mirrored.get(verdict, verdict)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 200))
def test_intervals_hold_the_difference_and_the_wider_level_holds_the_narrower(better, worse, same):
    if not better + worse + same:
        return
    contrast = contrasts.measure(pairs(better, worse, same), binary=True)
    wide, narrow = contrast.interval, contrast.narrow
    assert wide.low <= narrow.low <= contrast.difference <= narrow.high <= wide.high


def test_insufficient_evidence_says_how_many_records_would_do():
    contrast = contrasts.measure(pairs(8, 4, 88), binary=True)
    assert contrasts.records_needed(contrast, MARGIN) == 587
    assert contrasts.records_needed(contrasts.measure(pairs(60, 4, 36), binary=True), MARGIN) is None


def test_adjusted_ps_never_fall_and_keep_their_places():
    assert paired_tests.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


def test_sign_flips_give_the_same_answer_for_the_same_data():
    differences = [0.1, -0.2, 0.3, 0.25, 0.0, 0.4]
    assert paired_tests.sign_flips(differences) == paired_tests.sign_flips(differences)
    assert paired_tests.sign_flips([0.0, 0.0]) == 1
    assert paired_tests.sign_flips([0.5] * 30) == pytest.approx(1 / 10_000)


def test_students_quantiles_are_the_printed_table():
    assert student.quantile(0.975, 9) == pytest.approx(2.2622, abs=5e-5)
    assert student.quantile(0.95, 1) == pytest.approx(6.3138, abs=5e-5)


def through(wanted, counts, *, on_insufficient="hold", **more):
    contrast = contrasts.measure(pairs(*counts, **more), binary=True)
    verdict = contrasts.verdict(contrast, MARGIN)
    return gate_outcomes.outcome(wanted, [(contrast, verdict)], margin=MARGIN, on_insufficient=on_insufficient)


@pytest.mark.parametrize(
    ("wanted", "counts", "outcome"),
    [
        ("better", (12, 3, 85), "passed"),
        ("better", (10, 10, 980), "failed"),
        ("better", (3, 12, 85), "failed"),
        ("better", (10, 10, 80), "held"),
        ("not_worse", (10, 10, 980), "passed"),
        ("not_worse", (12, 3, 85), "passed"),
        ("not_worse", (10, 10, 80), "held"),
        ("not_worse", (3, 12, 85), "failed"),
        ("none", (3, 12, 85), "none"),
    ],
)
def test_a_gate_passes_only_what_it_asks_for(wanted, counts, outcome):
    assert through(wanted, counts) == outcome


def test_too_little_evidence_passes_only_where_that_was_said_and_never_what_is_suspect():
    assert through("better", (10, 10, 80), on_insufficient="deploy") == "passed"
    assert through("better", (6, 0, 594), on_insufficient="deploy", answers_alike=600) == "held"


def test_a_gate_over_several_contrasts_is_the_worst_of_them_and_over_none_holds():
    good, bad = (contrasts.measure(pairs(*counts), binary=True) for counts in ((12, 3, 85), (3, 12, 85)))
    both = [(good, "better"), (bad, "worse")]
    assert gate_outcomes.outcome("better", both, margin=MARGIN, on_insufficient="hold") == "failed"
    assert gate_outcomes.outcome("better", [], margin=MARGIN, on_insufficient="deploy") == "held"
