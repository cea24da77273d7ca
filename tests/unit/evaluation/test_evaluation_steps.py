"""What an evaluation does next: nothing is asked twice while it may be under way, and it always ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.evaluation import evaluation_states, evaluation_steps
from tunedrop.domain.evaluation.evaluation_states import CHUNK, ENDED, STALLED_AFTER, Evaluation
from tunedrop.domain.evaluation.evaluation_steps import (
    Ask,
    Begin,
    EndStopped,
    FailChanged,
    LeaveEvaluation,
    ScoreAnswers,
)

from tests.unit.evaluation.asked import NOW, evaluation

RECORDS = 35
"""65 items: chunks of 20, 20, 20 and 5."""


def whole(some: Evaluation) -> tuple[frozenset[int], ...]:
    return (frozenset(range(some.items)),) * 2


@pytest.mark.parametrize(("records", "items"), [(1, 2), (29, 58), (30, 60), (31, 61), (1_000, 1_030)])
def test_the_first_thirty_records_are_asked_twice(records, items):
    some = evaluation(records)
    assert some.items == items
    assert [item for chunk in some.chunks() for item in chunk] == list(range(items))
    assert max(map(len, some.chunks())) <= CHUNK


@pytest.mark.parametrize("state", sorted(ENDED))
def test_what_has_ended_is_left(state):
    assert evaluation_steps.next_step(evaluation(RECORDS, state=state), (), 100) == LeaveEvaluation()


@pytest.mark.parametrize("left", [None, 0, 100])
def test_a_stop_and_a_beginning_wait_for_no_answers(left):
    assert evaluation_steps.next_step(evaluation(state="Stopping"), (), left) == EndStopped()
    assert evaluation_steps.next_step(evaluation(state="Requested"), (), left) == Begin()


@pytest.mark.parametrize("left", [None, 0, 100])
def test_what_is_answered_whole_is_scored(left):
    some = evaluation(RECORDS)
    assert evaluation_steps.next_step(some, whole(some), left) == ScoreAnswers()


def test_scoring_goes_on_whatever_is_missing():
    some = evaluation(RECORDS, state="Scoring")
    assert evaluation_steps.next_step(some, (frozenset(), frozenset()), None) == ScoreAnswers()


def test_nothing_is_asked_again_while_it_may_be_under_way():
    some = evaluation(RECORDS)
    assert evaluation_steps.next_step(some, (frozenset(), frozenset()), None) == LeaveEvaluation()


def test_what_is_missing_is_asked_chunk_by_chunk():
    some = evaluation(RECORDS)
    ours, theirs = whole(some)
    assert evaluation_steps.next_step(some, (ours - {0, 64}, theirs - {25}), 100) == Ask(((0, 0), (0, 3), (1, 1)))


def test_of_what_is_missing_the_chunks_that_calls_are_left_for_are_asked():
    some = evaluation(RECORDS)
    ours, theirs = whole(some)
    missing = (ours - set(range(20)), theirs - {25, 26})
    assert evaluation_steps.next_step(some, missing, 20) == Ask(((0, 0), (1, 1)))
    assert evaluation_steps.next_step(some, missing, 19) == Ask(((1, 1),))
    assert evaluation_steps.next_step(some, missing, 1) == ScoreAnswers()


@given(st.integers(1, 70), st.data())
def test_every_missing_item_is_in_a_chunk_that_is_asked(records, data):
    some = evaluation(records)
    items = st.frozensets(st.integers(0, some.items - 1))
    answered = (data.draw(items), data.draw(items))
    chunks = list(some.chunks())
    match evaluation_steps.next_step(some, answered, some.items * 2):
        case Ask(asked):
            covered = {(place, item) for place, number in asked for item in chunks[number]}
            missing = {(place, item) for place in (0, 1) for item in range(some.items) if item not in answered[place]}
            assert missing <= covered
            assert all(any(item not in answered[place] for item in chunks[number]) for place, number in asked)
        case step:
            assert step == ScoreAnswers()
            assert answered == whole(some)


def test_nothing_has_moved_only_after_longer_than_a_function_runs():
    some = replace(evaluation(RECORDS), began_at=NOW + timedelta(minutes=1))
    moved = NOW + timedelta(minutes=5)
    assert timedelta(minutes=15) < STALLED_AFTER
    assert not evaluation_states.is_settled(some, None, NOW + timedelta(minutes=1) + STALLED_AFTER)
    assert evaluation_states.is_settled(some, None, NOW + timedelta(minutes=1, seconds=1) + STALLED_AFTER)
    assert not evaluation_states.is_settled(some, moved, moved + STALLED_AFTER)
    assert evaluation_states.is_settled(some, moved, moved + STALLED_AFTER + timedelta(seconds=1))


@pytest.mark.parametrize("state", ["Requested", "InProgress", "Scoring"])
def test_answers_of_two_models_are_neither_waited_for_nor_scored(state):
    some = evaluation(RECORDS, state=state)
    for answered in ((frozenset(), frozenset()), whole(some)):
        for left in (None, 0, 100):
            assert evaluation_steps.next_step(some, answered, left, changed="swapped") == FailChanged("swapped")


@pytest.mark.parametrize("state", [*sorted(ENDED), "Stopping"])
def test_what_has_ended_or_is_stopped_is_not_failed_afterwards(state):
    some = evaluation(RECORDS, state=state)
    assert evaluation_steps.next_step(some, (), 100, changed="swapped") == evaluation_steps.next_step(some, (), 100)


def test_what_waits_for_its_capacity_is_judged_by_models_once_that_is_there():
    some = evaluation(RECORDS, state="WaitingForCapacity")
    steps = {unit: evaluation_steps.next_step(some, (), 100, unit, "swapped") for unit in ("coming", "callable")}
    assert steps == {"coming": LeaveEvaluation(), "callable": FailChanged("swapped")}
