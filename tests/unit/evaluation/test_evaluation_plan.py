"""What a plan says before money is spent: calls, tokens, cost, what so many records can show, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.evaluation import (
    answer_schema,
    bounded_means,
    evaluation_plan,
    evaluation_sizes,
    few_shot,
    needs,
    power,
    questions,
)
from tunedrop.domain.evaluation.answer_files import FileCounts
from tunedrop.domain.evaluation.answer_schema import AnswerSchema
from tunedrop.domain.evaluation.evaluation_plan import EvaluationPlan
from tunedrop.domain.evaluation.evaluation_request import StartEvaluation
from tunedrop.domain.evaluation.evaluation_states import CHUNK, Candidate, Tokens
from tunedrop.domain.evaluation.questions import Question, Selection
from tunedrop.domain.texts import tokens
from tunedrop.errors import CapExceeded, Conflict, InvalidInput

from tests.unit.evaluation.asked import CANDIDATES, TESTED, evaluation, question

PRICES = {"nova-lite.input_per_1000_tokens": 0.06, "nova-lite.output_per_1000_tokens": 0.24}
DEAR, DEAR_PRICES = (
    Candidate("nova-pro", "amazon.nova-pro-v1:0", "nova-pro"),
    {"nova-pro.input_per_1000_tokens": 0.6, "nova-pro.output_per_1000_tokens": 2.4},
)
OTHER = Candidate("nova-micro", "amazon.nova-micro-v1:0", "nova-micro")


def plan(questions: list[Question], candidates: tuple[Candidate, ...] = CANDIDATES, **more: Any) -> EvaluationPlan:
    left_out, prices = more.pop("left_out", {}), more.pop("prices", PRICES)
    beside = {name: more.pop(name) for name in ("schema", "examples", "files") if name in more}
    request = StartEvaluation("support", "support-prod", **more)
    chosen = Selection(tuple(questions), left_out)
    return evaluation_plan.make(request, TESTED, candidates, chosen, prices=prices, currency="USD", **beside)


def some(records: int) -> list[Question]:
    return [question(number) for number in range(records)]


@given(st.integers(1, 1_200), st.integers(2, 5))
def test_calls_are_within_the_cap_and_leave_room_for_one_lost_chunk(records, candidates):
    others = tuple(replace(OTHER, name=f"other-{place}") for place in range(candidates))
    wanted = evaluation(records).items * candidates
    if wanted > evaluation_sizes.MOST_CALLS:
        with pytest.raises(CapExceeded) as refused:
            plan(some(records), others)
        assert (refused.value.code, refused.value.details["calls"]) == ("evaluation_calls_cap", wanted)
        return
    made = plan(some(records), others)
    assert made.calls == wanted
    assert made.most_calls == min(wanted + max(2 * CHUNK, wanted // 10), evaluation_sizes.MOST_CALLS)


def test_labels_that_are_too_seldom_to_look_like_labels_are_told_unless_the_metric_was_named():
    """The same split asked with `max_records` must not be judged by another metric unseen."""
    asked = [question(number, f"queue {number % 7}") for number in range(20)]
    made = plan(asked)
    assert made.metric == "token_f1"
    assert any("ask by exact_match" in each for each in made.warnings)
    texts = [question(number, f"It weighs {number} grams.") for number in range(20)]
    for other in (plan(asked, metric="token_f1"), plan(asked * 2), plan(texts)):
        assert not any("ask by exact_match" in each for each in other.warnings)


def test_what_records_show_of_scores_is_reckoned_with_scores():
    texts = [question(number, f"It weighs {number} grams.") for number in range(100)]
    scores, right = plan(texts, metric="token_f1"), plan(texts, metric="exact_match")
    assert right.smallest_difference == power.smallest_difference(100)
    assert scores.smallest_difference == needs.planned(100, binary=False)
    assert bounded_means.records_needed(scores.smallest_difference, needs.DEVIATION) <= 100
    assert bounded_means.records_needed(scores.smallest_difference - 0.005, needs.DEVIATION) > 100
    (told,) = (each for each in scores.warnings if "records show" in each)
    assert "where the two's scores of one record differ with a standard deviation of 30 points" in told
    assert f"for 3 points, {bounded_means.records_needed(0.03, needs.DEVIATION):,} are needed" in told
    assert "differ on 10% of them" in " ".join(right.warnings)
    assert plan(texts[:3], metric="token_f1").smallest_difference is None


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


def test_the_cost_is_that_of_all_calls_at_their_longest_repeated_ones_included():
    made = plan(some(10), (CANDIDATES[1], DEAR), prices=PRICES | DEAR_PRICES)
    allowed, each = made.allowed, made.calls // 2
    assert made.output_tokens == made.calls * made.max_tokens
    planned, same = allowed.planned
    assert planned == same
    assert planned.input >= made.input_tokens / 2 * 1.1
    assert (planned.output, allowed.longest.output) == (each * made.max_tokens, made.max_tokens)
    assert allowed.spare_calls == made.most_calls - made.calls
    cheap = (planned.input * 0.06 + planned.output * 0.24) / 1_000
    repeated = (allowed.longest.input * 0.6 + allowed.longest.output * 2.4) / 1_000 * allowed.spare_calls
    assert made.cost == pytest.approx(11 * cheap + repeated, abs=1e-4)


def test_what_bills_by_the_hour_costs_nothing_by_the_token_and_needs_no_price():
    made = plan(some(10), (CANDIDATES[0], replace(CANDIDATES[0], name="other", base_model="nova-pro")), prices={})
    assert made.cost == 0


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


def test_right_answers_that_the_schema_refuses_are_told_before_anything_is_spent():
    schema = answer_schema.parse(b'{"required": ["item"]}')
    assert isinstance(schema, AnswerSchema)
    some = [question(0, '{"item": 1}'), question(1, "{}")]
    assert any(
        "right answer of 1 record is not valid by schema.json" in each for each in plan(some, schema=schema).warnings
    )
    assert not any("schema.json" in each for each in plan(some[:1], schema=schema).warnings)
    assert not any("schema.json" in each for each in plan(some, schema=schema, metric="token_f1").warnings)


def test_examples_count_in_every_call_of_the_candidate_that_is_shown_them():
    shown = [question(90, prompt="word " * 100)]
    ours, theirs = CANDIDATES
    pair = (ours, replace(theirs, few_shot=1))
    bare, more = plan(some(50)), plan(some(50), pair, examples=shown)
    assert (more.calls, more.output_tokens) == (bare.calls, bare.output_tokens)
    added = tokens.estimate(few_shot.texts(shown))
    assert more.input_tokens - bare.input_tokens == added * bare.calls // 2
    assert bare.cost is not None
    sent = added * 1.1 * (bare.calls / 2 + bare.allowed.spare_calls)
    assert more.cost == pytest.approx(bare.cost + sent * 0.06 / 1_000, abs=1e-2)


def test_a_file_of_answers_and_what_will_bill_by_the_hour_take_nothing_and_need_no_price():
    file = Candidate("answers/old.jsonl", "incoming/support/answers/old.jsonl", "", answers=TESTED.test)
    soon = Candidate("support-next", "", "nova-pro", "support-next", by_the_hour=True)
    made = plan(some(10), (soon, file), prices={})
    assert (made.cost, made.calls) == (0, 20)
    planned, none = made.allowed.planned
    assert (planned.input > 0, none) == (True, Tokens())
    later = replace(soon, by_the_hour=False)
    assert plan(some(10), (later, file), prices={}).cost is None


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (0, []),
        (1, ["answers/old.jsonl lacks an answer to 1 of 100 records: they count as wrong."]),
        (2, ["answers/old.jsonl lacks an answer to 2 of 100 records: they count as wrong."]),
        (3, ["answers/old.jsonl lacks an answer to 3 of 100 records: above 2%, the verdict is incomplete."]),
    ],
)
def test_each_answer_that_a_file_lacks_is_told(missing, told):
    counts = FileCounts("answers/old.jsonl", 100 - missing, 100 - missing, missing, 0, 0, 0)
    warnings = plan(some(100), files=(counts,)).warnings
    assert [each for each in warnings if "lacks" in each] == told


def test_right_answers_that_contradict_each_other_or_are_all_alike_are_told():
    def told(words: str, *answers: str, fingerprint: int | None = None) -> bool:
        read = [question(number, each, fingerprint=fingerprint) for number, each in enumerate(answers)]
        chosen = questions.select(read, {}, 100)
        made = evaluation_plan.make(
            StartEvaluation("support", "support-prod"), TESTED, CANDIDATES, chosen, prices={}, currency="USD"
        )
        return any(words in each for each in made.warnings)

    assert told("2 records ask what another one asks", "yes", "no", "maybe", "yes", fingerprint=7)
    assert not told("ask what another one asks", "yes", "yes", fingerprint=7)
    assert told("the same right answer", "yes", " YES ")
    assert not told("the same right answer", "yes", "no")
