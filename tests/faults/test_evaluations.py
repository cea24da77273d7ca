"""A bounded part of evaluations under faults; `make faults` has them all."""

from __future__ import annotations

from tests.faults import evaluations, throttled_evaluations


def test_whatever_fails_once_an_evaluation_ends_as_it_would_have_within_its_calls():
    found = evaluations.explore(6)
    assert found.objections == []
    assert found.struck == 6
    assert found.most_asked > evaluations.QUESTIONS, "a visit that dies asks its chunk again"


def test_throttled_now_and_then_or_for_good_it_ends_and_pays_no_question_twice():
    often, ever = throttled_evaluations.Busy(0.7), throttled_evaluations.Busy(1.0, throttled_evaluations.THEIRS)
    found = throttled_evaluations.explore((often, ever))
    assert found.objections == []
    assert found.refused > throttled_evaluations.QUESTIONS
    assert (found.verdicts[often] == "incomplete", found.verdicts[ever]) == (False, "incomplete")
