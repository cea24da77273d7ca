"""A bounded part of evaluations under faults; `make faults` has them all."""

from __future__ import annotations

from tests.faults import evaluations


def test_whatever_fails_once_an_evaluation_ends_as_it_would_have_within_its_calls():
    found = evaluations.explore(6)
    assert found.objections == []
    assert found.struck == 6
    assert found.most_asked > evaluations.QUESTIONS, "a visit that dies asks its chunk again"
