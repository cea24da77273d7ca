"""What a plan says before money is spent: calls, tokens, cost, what so many records can show, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.evaluation import evaluation_plan
from tunedrop.domain.evaluation.evaluation_plan import EvaluationPlan
from tunedrop.domain.evaluation.evaluation_request import StartEvaluation
from tunedrop.domain.evaluation.evaluation_states import CHUNK, Candidate
from tunedrop.domain.evaluation.questions import Question, Selection
from tunedrop.errors import CapExceeded, Conflict, InvalidInput

from tests.unit.evaluation.asked import CANDIDATES, TESTED, evaluation, question

PRICES = {"nova-lite.input_per_1000_tokens": 0.06, "nova-lite.output_per_1000_tokens": 0.24}
OTHER = Candidate("nova-micro", "amazon.nova-micro-v1:0", "nova-micro")


def plan(questions: list[Question], candidates: tuple[Candidate, ...] = CANDIDATES, **more: Any) -> EvaluationPlan:
    left_out, prices = more.pop("left_out", {}), more.pop("prices", PRICES)
    request = StartEvaluation("support", "support-prod", **more)
    chosen = Selection(tuple(questions), left_out)
    return evaluation_plan.make(request, TESTED, candidates, chosen, prices=prices, currency="USD")


def some(records: int) -> list[Question]:
    return [question(number) for number in range(records)]


@given(st.integers(1, 1_200), st.integers(2, 5))
def test_calls_are_within_the_cap_and_leave_room_for_one_lost_chunk(records, candidates):
    others = tuple(replace(OTHER, name=f"other-{place}") for place in range(candidates))
    wanted = evaluation(records).items * candidates
    if wanted > evaluation_plan.MOST_CALLS:
        with pytest.raises(CapExceeded) as refused:
            plan(some(records), others)
        assert (refused.value.code, refused.value.details["calls"]) == ("evaluation_calls_cap", wanted)
        return
    made = plan(some(records), others)
    assert made.calls == wanted
    assert made.most_calls == min(wanted + max(CHUNK, wanted // 10), evaluation_plan.MOST_CALLS)


def test_nothing_to_ask_is_refused_with_the_reason():
    with pytest.raises(Conflict) as refused:
        plan([], left_out={"leaks_from_train": 3})
    assert (refused.value.code, refused.value.details["left_out"]) == ("nothing_to_ask", {"leaks_from_train": 3})


def test_the_longest_answer_is_half_as_long_again_as_nearly_all_references():
    short, long = (
        [question(number, "yes") for number in range(96)],
        [question(number, "word " * 400) for number in range(4)],
    )
    assert plan(short + long).max_tokens == 32
    most = plan(short[:90] + [question(number, "word " * 400) for number in range(10)]).max_tokens
    assert 400 < most < 1_200
    assert plan([question(1, "word " * 9_000)]).max_tokens == 4_096


def test_the_cost_is_that_of_all_calls_at_their_longest():
    made = plan(some(10))
    assert made.cost == pytest.approx((made.input_tokens * 0.06 + made.output_tokens * 0.24) / 1_000, abs=1e-4)
    assert made.output_tokens == made.calls * made.max_tokens


def test_one_price_that_is_missing_makes_the_cost_unknown():
    assert plan(some(10), (CANDIDATES[0], OTHER)).cost is None
    assert plan(some(10), prices={}).cost is None


def test_the_plan_id_changes_with_anything_that_would_be_done_and_with_nothing_else():
    first = plan(some(10))
    assert plan(some(10)).plan_id == first.plan_id
    assert plan(some(10), plan_id="confirms").plan_id == first.plan_id
    others = (
        plan(some(11)),
        plan(some(10), margin=0.05),
        plan(some(10), gate="better"),
        plan(some(10), on_insufficient="deploy"),
        plan(some(10), metric="token_f1"),
        plan(some(10), left_out={"duplicates": 1}),
        plan(some(10), prices={}),
        plan(some(10), CANDIDATES[::-1]),
    )
    assert len({first.plan_id, *(each.plan_id for each in others)}) == len(others) + 1


def test_a_plan_is_confirmed_by_its_id_alone():
    made = plan(some(10))
    evaluation_plan.confirm(made, None)
    evaluation_plan.confirm(made, made.plan_id)
    with pytest.raises(Conflict) as refused:
        evaluation_plan.confirm(made, plan(some(11)).plan_id)
    assert (refused.value.code, refused.value.details["plan"]["plan_id"]) == ("plan_changed", made.plan_id)


@pytest.mark.parametrize("metric", ["json_match", "tool_match"])
def test_references_that_no_answer_could_match_are_refused_with_their_number(metric):
    references = ['{"a": 1}', "", "free text", '[{"name": "find", "arguments": {}}]']
    wrong = {"json_match": 2, "tool_match": 3}[metric]
    with pytest.raises(InvalidInput) as refused:
        plan([question(number, text) for number, text in enumerate(references)], metric=metric)
    assert (refused.value.code, refused.value.details["records"]) == ("references_not_json", wrong)


def test_the_plan_warns_of_what_its_records_cannot_show():
    assert any("no difference at all" in each for each in plan(some(2)).warnings)
    (few,) = plan(some(100)).warnings
    assert "insufficient_evidence" in few
    assert "870" in few
    assert plan(some(900)).warnings == ()


@pytest.mark.parametrize(("gate", "metric", "warns"), [("better", "token_f1", 1), ("none", "token_f1", 0)])
def test_the_plan_warns_of_a_gate_on_likeness(gate, metric, warns):
    warnings = plan(some(900), gate=gate, metric=metric).warnings
    assert sum("how alike two texts are" in each for each in warnings) == warns


def test_the_plan_warns_of_records_that_are_in_train_too():
    assert any(
        "1,200 records of test are in train" in each
        for each in plan(some(900), left_out={"leaks_from_train": 1_200}).warnings
    )
