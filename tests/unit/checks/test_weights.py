"""What has weight 0 is never learned: conversations are cut or made several records, or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.unit.checks import splits

LAST, ALL = "claude-3-haiku", "nova-lite"


def chat(*weights: int | None, name: str = "messages", system: str | None = None) -> dict[str, Any]:
    """A conversation with an answer for each weight; None leaves it out."""
    turns: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for number, weight in enumerate(weights):
        answer = {"role": "assistant", "content": f"Answer {number}."} | ({} if weight is None else {"weight": weight})
        turns += [{"role": "user", "content": f"Question {number}?"}, answer]
    return {name: turns}


def trained(document: dict[str, Any], base_model: str, **more: Any) -> tuple[list[list[str]], dict[str, int], Any]:
    """The answers of each record that is written for 40 copies of this one, what was counted, and the result."""
    lines = [json.dumps(document).replace("Question 0", f"Question {n}, 0") for n in range(40)]
    result, written = splits.run("\n".join(lines).encode(), base_model, **more)
    records = [json.loads(line) for line in written.splitlines()][: len(written.splitlines()) // 40]
    answers = [[_text(turn["content"]) for turn in each["messages"] if turn["role"] == "assistant"] for each in records]
    return answers, dict(result.normalised), result


def _text(content: Any) -> str:
    return content if isinstance(content, str) else content[0]["text"]


@pytest.mark.parametrize(
    ("weights", "last", "every"),
    [
        ((1, 1), [[0, 1]], [[0, 1]]),
        ((None, 1), [[0, 1]], [[0, 1]]),
        ((1, 0), [[0]], [[0]]),
        ((1, None, 0, 0), [[0], [0, 1]], [[0, 1]]),
        ((0, 1), [[0, 1]], []),
        ((1, 0, 1), [[0], [0, 1, 2]], []),
        ((0, 1, 0, 1, 0), [[0, 1], [0, 1, 2, 3]], []),
    ],
)
def test_only_answers_with_weight_are_learned_where_that_can_be_exact(weights, last, every):
    for base_model, expected in ((LAST, last), (ALL, every)):
        found, counted, result = trained(chat(*weights), base_model)
        assert found == [[f"Answer {number}." for number in answers] for answers in expected]
        assert result.accepted == bool(expected)
        assert result.records == 40 * max(len(expected), 1)
        assert counted.get("record_for_each_weighted_answer", 0) == 40 * max(len(expected) - 1, 0)
        assert counted.get("unweighted_answer_cut", 0) == 40 * len(weights[_end(weights) :])


def _end(weights: tuple[int | None, ...]) -> int:
    return max(index for index, weight in enumerate(weights) if weight != 0) + 1


def test_what_cannot_be_exact_names_the_answer_and_the_way_out():
    _, _, result = trained(chat(1, 0, 1, system="S"), ALL)
    finding = result.findings[0]
    assert (finding.code, finding.path) == ("not_expressible", "$.messages[4]")
    assert "learns only the last answer" in finding.hint


def test_nothing_to_learn_is_refused_for_all():
    for base_model in (LAST, ALL):
        assert trained(chat(0, 0), base_model)[2].counts["not_expressible"] == 40


@pytest.mark.parametrize("mark", [{"weight": 0}, {"weight": 0.0}, {"weight": False}, {"train": False}])
def test_every_way_to_say_so_counts_in_every_chat(mark):
    turns = [("human", "Question 0?", {}), ("gpt", "No.", mark), ("human", "Why?", {}), ("gpt", "Yes.", {"weight": 1})]
    sharegpt = {"conversations": [{"from": side, "value": text, **more} for side, text, more in turns]}
    found, _, result = trained(sharegpt, LAST)
    assert (found, result.accepted) == ([["No.", "Yes."]], True)
    _, _, refused = trained(sharegpt, ALL)
    assert refused.counts["not_expressible"] == 40
    assert refused.findings[0].path == "$.conversations[1]"  # of no mark that the answer doesn't have


@pytest.mark.parametrize("mark", [{"train": 0}, {"train": 1}, {"train": "false"}, {"train": "no"}, {"weight": "0"}])
def test_a_mark_that_is_neither_yes_nor_no_is_refused_in_every_chat(mark):
    (name,) = mark
    said = {"role": "assistant", "content": "No.", **mark}
    openai = {"messages": [{"role": "user", "content": "Question 0?"}, said]}
    shared = {"conversations": [{"from": "human", "value": "Question 0?"}, {"from": "gpt", "value": "No.", **mark}]}
    for document in (openai, shared):
        _, _, result = trained(document, LAST)
        assert result.counts["not_expressible"] == 40
        assert result.findings[0].path.endswith(f"[1].{name}")


def test_a_base_model_of_pairs_takes_what_is_cut_to_one():
    result, written = splits.run("\n".join(json.dumps(chat(1, 0)).replace("?", f"{n}?") for n in range(120)).encode(),
                                 "llama-3-1-8b")  # fmt: skip
    assert (result.accepted, json.loads(written.splitlines()[7])["completion"]) == (True, "Answer 0.")


def test_the_more_records_count_for_the_limits_of_the_base_model():
    lines = "\n".join(json.dumps(chat(1, 0, 1)).replace("?", f"{n}?") for n in range(5_001)).encode()
    result, _ = splits.run(lines, LAST, level="errors")
    assert (result.records, result.counts) == (10_002, {"too_many_records": 1})


@given(some.lists(some.sampled_from([0, 1, None]), min_size=1, max_size=6))
def test_no_answer_of_weight_0_is_ever_one_that_is_learned(weights):
    learnable = {f"Answer {number}." for number, weight in enumerate(weights) if weight != 0}
    targets = [answers[-1:] for answers in trained(chat(*weights), LAST)[0]]
    assert {answer for answers in targets for answer in answers} <= learnable
    assert {answer for answers in trained(chat(*weights), ALL)[0] for answer in answers} <= learnable
    if 0 in weights and learnable:
        assert sorted(answer for answers in targets for answer in answers) == sorted(learnable)
