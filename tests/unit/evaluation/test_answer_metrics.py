"""Which metric fits which right answers, and which right answers fit a metric."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tunedrop.domain.evaluation import answer_metrics
from tunedrop.domain.evaluation.answer_metrics import METRICS
from tunedrop.errors import InvalidInput

CALLS = '[{"name": "find", "arguments": {"id": 7}}]'
BLOCK = '<tool_call>{"name": "find", "arguments": {}}</tool_call>'
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("references", "metric"),
    [
        (["billing", "returns", "Billing"] * 5, "exact_match"),
        (["退款", "发票"] * 5, "exact_match"),
        ([f"label {number}" for number in range(50)] * 5, "exact_match"),
        ([f"label {number}" for number in range(51)] * 5, "token_f1"),
        (["x" * 60, "y"] * 10, "exact_match"),
        (["x" * 61, "y"] * 10, "token_f1"),
        ([f"Answer {number} is different." for number in range(20)], "token_f1"),
        (['{"a": 1}', "[1, 2]"], "json_match"),
        (['{"a": 1}', "free text about it"], "exact_match"),
        (["1", "2"], "exact_match"),
        (["true", "null"] * 3, "exact_match"),
        ([CALLS, "[]"], "tool_match"),
        ([CALLS, '{"a": 1}'], "json_match"),
        ([CALLS, BLOCK], "tool_match"),
        ([BLOCK, BLOCK, "All right."], "tool_match"),
        ([BLOCK, "All is right.", "It has been done."], "token_f1"),
    ],
)
def test_the_metric_that_fits_is_seen_in_the_references(references, metric):
    assert answer_metrics.suggested(references) == metric


@settings(max_examples=40)
@given(st.lists(JSON.map(json.dumps) | st.text() | st.just(BLOCK), min_size=1, max_size=8))
def test_the_metric_that_is_suggested_fits_every_reference(references):
    """No set of right answers is sent to its evaluation by us only to be refused, or never to be right."""
    metric = answer_metrics.suggested(references)
    answer_metrics.check_references(metric, references)
    if metric in {"json_match", "tool_match"}:
        assert all(METRICS[metric].score(each, each) == 1 for each in references)


@pytest.mark.parametrize("metric", METRICS)
@given(answer=st.text(), reference=st.text())
def test_every_score_is_between_wrong_and_right_whatever_is_answered(metric, answer, reference):
    scored = METRICS[metric]
    scores = [scored.score, *scored.beside.values(), *([scored.forgiving] if scored.forgiving else [])]
    for score in scores:
        found = score(answer, reference)
        assert 0 <= found <= 1
        assert not scored.binary or score is not scored.score or found in {0, 1}


@pytest.mark.parametrize("metric", ["exact_match", "token_f1", "rouge_l"])
def test_of_several_right_answers_the_nearest_counts(metric):
    score = METRICS[metric].score
    assert answer_metrics.best(score, "the red car", ["a blue bike", "The red car"]) == 1
    assert answer_metrics.best(score, "green", ["a blue bike", "The red car"]) == 0


@pytest.mark.parametrize("metric", ["exact_match", "token_f1", "rouge_l"])
def test_text_metrics_take_any_reference(metric):
    answer_metrics.check_references(metric, ["", "free text", "{"])


def test_references_that_are_not_json_are_counted():
    with pytest.raises(InvalidInput) as refused:
        answer_metrics.check_references("json_match", ["{}", "{", "text"])
    assert (refused.value.code, refused.value.details["records"]) == ("references_not_json", 2)
