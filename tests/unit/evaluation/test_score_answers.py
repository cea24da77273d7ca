"""From answers to a result: what failed or was cut off is wrong and stays in, and nothing else decides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.evaluation import score_answers
from tunedrop.domain.evaluation.answer_metrics import METRICS
from tunedrop.domain.evaluation.answer_sheets import AnswerColumn, Sheet
from tunedrop.domain.evaluation.evaluation_request import StartEvaluation
from tunedrop.domain.evaluation.evaluation_result import EvaluationResult
from tunedrop.domain.evaluation.evaluation_states import Candidate, JudgedUnit
from tunedrop.domain.evaluation.model_answers import GivenAnswer
from tunedrop.domain.evaluation.questions import Question

from tests import planted
from tests.unit.evaluation.asked import CANDIDATES, LABELS, answered, column, evaluation, question, sheet

EXACT = METRICS["exact_match"]
THIRD = Candidate("nova-micro", "amazon.nova-micro-v1:0", "nova-micro")


def some(records: int) -> list[Question]:
    return [question(number) for number in range(records)]


def right(questions: list[Question], wrong: int = 0) -> list[GivenAnswer]:
    """Answers of which the first few are wrong."""
    return [answered(item, "another" if item < wrong else each.references[0]) for item, each in enumerate(questions)]


def scored(asked: Sheet, **more: object) -> EvaluationResult:
    candidates = tuple(each.candidate for each in asked.columns)
    return score_answers.score(evaluation(len(asked.questions), candidates=candidates, **more), asked, "USD")


def test_a_result_counts_who_is_right():
    questions = some(100)
    found = scored(sheet(questions, right(questions), right(questions, wrong=30)))
    contrast = found.declared.contrast
    assert (contrast.better, contrast.worse, contrast.difference) == (30, 0, 0.3)
    assert (found.declared.verdict, found.outcome) == ("better", "passed")
    assert [each.scores["exact_match"] for each in found.candidates] == [1, 0.7]
    assert [each.record for each in found.gained] == [str(number) for number in range(20)]
    assert found.lost == ()


@pytest.mark.parametrize(
    "spoiled",
    [
        lambda each: replace(each, truncated=True),
        lambda each: GivenAnswer.failed(each.item, "ThrottlingException"),
        lambda each: None,
    ],
    ids=["cut off", "failed", "never came"],
)
def test_what_is_no_whole_answer_is_wrong_and_stays_in(spoiled):
    questions = some(100)
    ours = [each if each.item else spoiled(each) for each in right(questions)]
    found = scored(sheet(questions, [each for each in ours if each], right(questions, wrong=30)))
    assert found.declared.contrast.records == 100
    assert found.candidates[0].scores["exact_match"] == 0.99
    assert found.candidates[0].failed + found.candidates[0].truncated == 1


@pytest.mark.parametrize(("failed", "verdict"), [(2, "better"), (3, "incomplete")])
@pytest.mark.parametrize("place", [0, 1])
def test_more_than_two_in_a_hundred_failed_calls_of_either_decide_nothing(place, failed, verdict):
    questions = some(100)
    both = [right(questions), right(questions, wrong=40)]
    both[place] = [GivenAnswer.failed(each.item, "x") if each.item >= 100 - failed else each for each in both[place]]
    found = scored(sheet(questions, *both), on_insufficient="deploy")
    assert found.declared.verdict == verdict
    assert found.outcome == {"better": "passed", "incomplete": "held"}[verdict]


def test_answers_of_one_model_for_both_are_suspect():
    questions = some(200)
    found = scored(sheet(questions, right(questions, wrong=5), right(questions, wrong=5)), on_insufficient="deploy")
    assert (found.declared.verdict, found.outcome) == ("suspect", "held")


def test_the_flip_rate_is_of_those_that_were_answered_twice():
    questions = some(4)
    again = [answered(4, LABELS[0]), answered(5, "another"), GivenAnswer.failed(6, "x"), answered(7, LABELS[1])]
    whole = sheet(questions, [*right(questions), *again], []).whole(column([*right(questions), *again]), EXACT)
    assert whole.flip_rate == pytest.approx(1 / 3)
    failed = [GivenAnswer.failed(0, "x"), *right(questions)[1:], answered(4, LABELS[0])]
    assert Sheet(questions, ()).whole(column(failed), EXACT).flip_rate is None
    assert Sheet(questions, ()).whole(column(right(questions)), EXACT).flip_rate is None


def test_what_is_asked_twice_is_paid_twice_and_scored_once():
    questions = some(4)
    twice = [*right(questions), *(answered(4 + item, "another") for item in range(4))]
    whole = Sheet(questions, ()).whole(column(twice), EXACT)
    assert (whole.scores["exact_match"], whole.flip_rate, whole.answered) == (1, 1, 4)
    assert (whole.input_tokens, whole.output_tokens) == (80, 16)
    assert (whole.latency_p50_ms, whole.latency_p95_ms) == (101, 103)


def test_failed_calls_have_no_latency():
    questions = some(2)
    failed = [GivenAnswer.failed(item, "x") for item in range(2)]
    whole = Sheet(questions, ()).whole(column(failed), EXACT)
    assert (whole.latency_p50_ms, whole.latency_p95_ms, whole.answered, whole.failed) == (None, None, 0, 2)


def test_several_contrasts_are_adjusted_for_their_number_and_the_declared_one_is_not():
    questions = some(40)
    columns = [
        AnswerColumn(candidate, {each.item: each for each in right(questions, wrong)}, 1.0)
        for candidate, wrong in ((CANDIDATES[0], 0), (CANDIDATES[1], 6), (THIRD, 6), (replace(THIRD, name="b"), 6))
    ]
    found = scored(Sheet(questions, columns))
    alone = found.declared.contrast.p
    assert 0.025 < alone <= 0.05
    assert (found.declared.p, found.declared.verdict) == (alone, "better")
    assert [(each.p, each.verdict) for each in found.others] == [(2 * alone, "insufficient_evidence")] * 2
    assert found.cost == 4


def test_one_cost_that_is_unknown_makes_the_whole_unknown():
    questions = some(4)
    columns = (column(right(questions), 0, 1.0), column(right(questions), 1))
    assert scored(Sheet(questions, columns)).cost is None


def test_several_references_are_each_right():
    questions = [question(number, "car", "automobile") for number in range(20)]
    ours = [answered(item, "Automobile " if item % 2 else "car") for item in range(20)]
    assert scored(sheet(questions, ours, right(questions, wrong=9))).candidates[0].scores["exact_match"] == 1


def test_slices_are_parts_with_their_own_intervals_and_never_the_whole():
    questions = some(60)
    found = scored(sheet(questions, right(questions), right(questions, wrong=20)))
    assert {each.slice for each in found.slices} == {f"label: {label}" for label in LABELS}
    assert sum(each.contrast.records for each in found.slices) == 60


def test_what_neither_has_right_is_what_to_label_next_and_failed_calls_are_not():
    questions = some(10)
    ours, theirs = right(questions, wrong=3), right(questions, wrong=3)
    ours[0], theirs[1] = answered(0, "refund"), GivenAnswer.failed(1, "x")
    assert [each.record for each in scored(sheet(questions, ours, theirs)).to_label] == ["0"]


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=60))
def test_the_other_way_round_everything_is_the_other_way_round(outcomes):
    questions = some(len(outcomes))
    both = [
        [
            answered(item, each.references[0] if pair[place] else f"wrong {place}")
            for item, (each, pair) in enumerate(zip(questions, outcomes, strict=True))
        ]
        for place in (0, 1)
    ]
    here = scored(sheet(questions, *both)).declared
    there = scored(sheet(questions, *both[::-1])).declared
    assert here.contrast.difference == -there.contrast.difference
    assert here.p == there.p
    turned = {"better": "worse", "worse": "better"}
    assert turned.get(here.verdict, here.verdict) == there.verdict


def test_planted_differences_come_out_as_the_design_says():
    """A few of each; `make prove ARGS=planted` has a thousand."""
    nulls = planted.shares(0.80, 0.80, records=400, rounds=8)
    tens = planted.shares(0.90, 0.80, records=400, rounds=8)
    threes = planted.shares(0.77, 0.80, records=400, rounds=8)
    assert nulls.get("better", 0) <= 1 / 8
    assert tens["better"] >= 0.8
    assert threes.get("better", 0) == 0


def test_the_same_can_be_asked_again_in_everything_that_was_chosen():
    questions = some(40)
    chosen = {"margin": 0.05, "gate": "not_worse", "on_insufficient": "deploy", "max_records": 50, "group_by": "team"}
    three = sheet(questions, right(questions), right(questions))
    three = replace(three, columns=(*three.columns, replace(column(right(questions)), candidate=THIRD)))
    again = scored(three, accept_unknown_price=True, **chosen).occasion.again
    assert again == StartEvaluation(
        "support", "support-prod", ("base", "nova-micro"), 1, "exact_match", **chosen, accept_unknown_price=True
    )


@pytest.mark.parametrize(("rivals", "wrong", "again"), [
    (("base", "support-prod"), 30, ("base",)),
    (("support-prod", "base"), 30, None),
    (("base",), 0, None),
])  # fmt: skip
def test_who_took_over_is_never_asked_against_itself_and_who_did_not_is_not_asked(rivals, wrong, again):
    """A gate's second unit has the deployment's name once it has passed."""
    questions = some(100)
    first, base = CANDIDATES
    named = {"base": base, "support-prod": replace(first, model="the unit before it")}
    columns = [replace(column(right(questions)), candidate=replace(first, name="support-prod#2"))]
    columns += [replace(column(right(questions, wrong)), candidate=named[name]) for name in rivals]
    whole = replace(sheet(questions, right(questions), right(questions)), columns=tuple(columns))
    found = scored(whole, judges=JudgedUnit("support-prod", 2)).occasion.again
    assert (found and (found.candidate, found.against)) == (again and ("support-prod", again))
