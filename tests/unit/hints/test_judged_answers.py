"""Answers that somebody has judged are preference data in every shape, and no hint leads to learning the bad ones."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from arro3.core import DataType
from tunedrop.domain.formats import field_mapping, verdicts
from tunedrop.domain.reading.split_files import Part, SplitFileReader
from tunedrop.domain.records.sources import Bytes

from tests.unit.checks.splits import run
from tests.unit.hints.following import (
    BAD,
    GOOD,
    QUESTIONS,
    asked,
    gpt,
    human,
    lines,
    only_finding,
    pairs,
    picked,
    said,
    trained,
)
from tests.unit.parquet import parquet_files

Record = dict[str, Any]
TALK = {
    "pair": lambda q, a: {"prompt": q, "completion": a},
    "question": lambda q, a: {"question": q, "answer": a},
    "alpaca": lambda q, a: {"instruction": q, "output": a},
    "messages": lambda q, a: {"messages": [asked(q), said(a)]},
    "openai": lambda q, a: {"messages": [{"role": "system", "content": "Help."}, asked(q), said(a)]},
    "converse": lambda q, a: {
        "messages": [{"role": r, "content": [{"text": t}]} for r, t in (("user", q), ("assistant", a))]
    },
    "sharegpt": lambda q, a: {"conversations": [human(q), gpt(a)]},
}
"""A question and an answer in each format."""

MARKS: dict[str, Callable[[bool], Any]] = {
    "label": bool,
    "kto_tag": bool,
    "thumbs_up": bool,
    "is_good": bool,
    "isCorrect": bool,
    "accepted": bool,
    "helpful": bool,
    "Approved": lambda good: "true" if good else "false",
    "hallucination": lambda good: not good,
    "rejected": lambda good: not good,
    "labels": int,
    "score": lambda good: 0.9 if good else 0.1,
    "rating": lambda good: 5 if good else 0,
    "reward": lambda good: 1.0 if good else -1.0,
    "quality_score": lambda good: "4.5" if good else "1.5",
    "stars": lambda good: "5/5" if good else "1/5",
    "upvotes": lambda good: 12 if good else -3,
    "thumbs": lambda good: "up" if good else "down",
    "feedback": lambda good: "thumbs_up" if good else "thumbs_down",
    "user_feedback": lambda good: {"thumbs": "up" if good else "down", "at": "2026-11-30"},
    "status": lambda good: "accepted" if good else "rejected",
    "review": lambda good: "Approved" if good else "Rejected",
    "reaction": lambda good: "👍" if good else "👎",
    "verdict": lambda good: "fine as it is" if good else "names the wrong train",
    "helpfulness": lambda good: 4 if good else 0,
    "chosen": bool,
    "answer_resolved": bool,
    "response_sentiment": lambda good: "positive" if good else "negative",
    "customer_rating": lambda good: 5 if good else 0,
    "relevance_score": lambda good: 0.9 if good else 0.1,
    "annotations": lambda good: {"thumbs": "up" if good else "down"},
    "metadata": lambda good: {"thumbs": "up" if good else "down"},
}
"""A mark beside an answer, by whether the answer is good."""


def is_good(value: Any) -> bool:
    """How a person reads a mark."""
    match value:
        case bool():
            return value
        case int() | float():
            return value > 0.5
        case dict():
            return is_good(value["thumbs"])
    number = re.match(r"[\d.]+", value)
    return float(number[0]) > 3 if number else value.casefold() in SAID_OF_GOOD


SAID_OF_GOOD = {"positive", "true", "up", "thumbs_up", "accepted", "approved", "👍", "fine as it is"}


def follow(hint: str, records: list[Record]) -> list[Record]:
    """Do what the hint says: keep the records that the field marks as good, in the form it shows, and nothing else."""
    found = re.search(r"'([\w.]+)'", hint)
    form = re.search(r"each as (\{.*\}) and nothing else\.$", hint)
    assert found, hint
    assert form, hint
    names = found[1].split(".")
    stated = re.search(r"means a good answer \((true|false)\)", hint)
    kept = []
    for record in records:
        value = record
        for name in names:
            value = value[name]
        good = str(value).lower() == stated[1] if stated else is_good(value)
        if good:
            kept.append(written_as(form[1], record))
    return kept


def written_as(form: str, record: Record) -> Record:
    wanted = re.findall(r'"(\w+)":', form)
    if wanted == ["prompt", "completion"]:
        values = [value for value in record.values() if isinstance(value, str)]
        return dict(zip(wanted, values[:2], strict=True))
    return picked(record, wanted)


def judged(shape: str, name: str) -> list[Record]:
    """Every question twice: with a good answer and with a bad one, each marked so."""
    return [
        TALK[shape](question, answer) | {name: MARKS[name](good)}
        for question, *answers in zip(QUESTIONS, GOOD, BAD, strict=True)
        for good, answer in zip((True, False), answers, strict=True)
    ]


# Claude's and Converse's own formats have no field metadata, so there it is an unknown field like any other.
CASES = [
    (shape, name)
    for shape in TALK
    for name in MARKS
    if name != "metadata" or shape not in {"pair", "messages", "converse"}
]


@pytest.mark.parametrize(("shape", "name"), CASES)
def test_a_mark_beside_an_answer_is_preference_data_and_its_hint_keeps_the_good_answers_only(shape, name):
    records = judged(shape, name)
    result, _ = run(lines(records))
    assert result.counts["preference_data"] == len(records)
    assert "unknown_field" not in result.counts
    hint = result.findings[0].hint
    assert not re.search(r"\b(remove|take|leave|drop|ignore)\b", hint, re.IGNORECASE)
    assert [texts[-2:] for texts in trained(lines(follow(hint, records)))] == pairs(GOOD)


@pytest.mark.parametrize("shape", ["messages", "sharegpt"])
@pytest.mark.parametrize("name", ["rating", "thumbs", "label", "feedback"])
def test_a_mark_on_a_message_is_preference_data_too(shape, name):
    def record(question: str, answer: str, *, good: bool) -> Record:
        made = TALK[shape](question, answer)
        (turns,) = made.values()
        turns[-1][name] = MARKS[name](good)
        return made

    records = [record(q, a, good=good) for q, *both in zip(QUESTIONS, GOOD, BAD, strict=True)
               for a, good in zip(both, (True, False), strict=True)]  # fmt: skip
    result, _ = run(lines(records))
    assert result.counts["preference_data"] == len(records)
    found = result.findings[0]
    assert found.path == ("$.messages[1]" if shape == "messages" else "$.conversations[1]")
    form = re.search(r"each message as \{(.*)\} and nothing else\.$", found.hint)
    assert form
    wanted = re.findall(r'"(\w+)":', form[1])
    kept = [
        {field: [picked(turn, wanted) for turn in turns]}
        for made in records
        for field, turns in made.items()
        if is_good(turns[-1][name])
    ]
    assert trained(lines(kept)) == pairs(GOOD)


COMPARED: dict[str, tuple[Callable[[str, str, str], Record], Callable[[Record], Record]]] = {
    "texts": (
        lambda q, good, bad: {"prompt": q, "chosen": good, "rejected": bad},
        lambda r: {"prompt": r["prompt"], "completion": r["chosen"]},
    ),
    "alpaca": (
        lambda q, good, bad: {"instruction": q, "input": "", "chosen": good, "rejected": bad},
        lambda r: {"prompt": r["instruction"], "completion": r["chosen"]},
    ),
    "whole conversations": (
        lambda q, good, bad: {"chosen": [asked(q), said(good)], "rejected": [asked(q), said(bad)]},
        lambda r: {"messages": r["chosen"]},
    ),
    "whole conversations and the prompt": (
        lambda q, good, bad: {"prompt": q, "chosen": [asked(q), said(good)], "rejected": [asked(q), said(bad)]},
        lambda r: {"messages": r["chosen"]},
    ),
    "conversations as texts": (
        lambda q, good, bad: {
            "chosen": f"\n\nHuman: {q}\n\nAssistant: {good}",
            "rejected": f"\n\nHuman: {q}\n\nAssistant: {bad}",
        },
        lambda r: {
            "messages": [
                {"role": "user" if side == "Human" else "assistant", "content": text}
                for side, text in re.findall(r"\n\n(Human|Assistant): (.*)", r["chosen"])
            ]
        },
    ),
    "messages": (
        lambda q, good, bad: {"messages": [asked(q)], "chosen": said(good), "rejected": said(bad)},
        lambda r: {"messages": [*r["messages"], r["chosen"]]},
    ),
    "prompt and answers as messages": (
        lambda q, good, bad: {"prompt": [asked(q)], "chosen": [said(good)], "rejected": [said(bad)]},
        lambda r: {"messages": [*r["prompt"], *r["chosen"]]},
    ),
    "ShareGPT": (
        lambda q, good, bad: {"conversations": [human(q)], "chosen": gpt(good), "rejected": gpt(bad)},
        lambda r: {"conversations": [*r["conversations"], r["chosen"]]},
    ),
    "OpenAI": (
        lambda q, good, bad: {
            "input": {"messages": [asked(q)], "tools": [], "parallel_tool_calls": True},
            "preferred_output": [said(good)],
            "non_preferred_output": [said(bad)],
        },
        lambda r: {"messages": [*r["input"]["messages"], *r["preferred_output"]]},
    ),
    "scores beside them": (
        lambda q, good, bad: {"prompt": q, "chosen": good, "rejected": bad, "score_chosen": 8, "score_rejected": 2},
        lambda r: {"prompt": r["prompt"], "completion": r["chosen"]},
    ),
    "other names": (
        lambda q, good, bad: {"question": q, "chosen_response": good, "rejected_response": bad},
        lambda r: {"prompt": r["question"], "completion": r["chosen_response"]},
    ),
    "A and B": (
        lambda q, good, bad: {"prompt": q, "response_a": bad, "response_b": good, "winner": 2},
        lambda r: {"prompt": r["prompt"], "completion": r["response_b"]},
    ),
    "0 and 1": (
        lambda q, good, bad: {"prompt": q, "response_0": good, "response_1": bad, "better_response_id": 0},
        lambda r: {"prompt": r["prompt"], "completion": r["response_0"]},
    ),
    "positive and negative": (
        lambda q, good, bad: {"query": q, "pos": [good], "neg": [bad]},
        lambda r: {"prompt": r["query"], "completion": r["pos"][0]},
    ),
    "1 and 2": (
        lambda q, good, bad: {"instruction": q, "output_1": good, "output_2": bad, "preference": 1},
        lambda r: {"prompt": r["instruction"], "completion": r["output_1"]},
    ),
    "a ranked list": (
        lambda q, good, bad: {"prompt": q, "answers": [{"answer": bad, "rank": 2}, {"answer": good, "rank": 1}]},
        lambda r: {"prompt": r["prompt"], "completion": r["answers"][1]["answer"]},
    ),
    "a list with scores beside it": (
        lambda q, good, bad: {"prompt": q, "completions": [good, bad], "scores": [0.9, 0.2]},
        lambda r: {"prompt": r["prompt"], "completion": r["completions"][0]},
    ),
}
"""Answers to compare, and the record with the better one as the hint says it."""


@pytest.mark.parametrize("shape", COMPARED)
def test_answers_to_compare_are_preference_data_and_the_hint_keeps_the_better_one(shape):
    make, follow_it = COMPARED[shape]
    records = [make(*texts) for texts in zip(QUESTIONS, GOOD, BAD, strict=True)]
    hint = only_finding(lines(records), "preference_data").hint
    kept = [follow_it(record) for record in records]
    form = re.search(r"as \{(.*)\}", hint)
    assert form, hint
    assert set(re.findall(r'"(\w+)":', form[1])) == set(kept[0])
    assert trained(lines(kept)) == pairs(GOOD)


def test_candidates_of_a_message_are_preference_data_and_the_hint_keeps_the_preferred_one():
    def candidate(answer: str, mark: str) -> Record:
        return {"content": [{"text": answer}], "preferenceLabel": mark}

    records = [
        {
            "schemaVersion": "bedrock-conversation-2024",
            "messages": [
                {"role": "user", "content": [{"text": q}]},
                {"role": "assistant", "candidates": [candidate(bad, "non-preferred"), candidate(good, "preferred")]},
            ],
        }
        for q, good, bad in zip(QUESTIONS, GOOD, BAD, strict=True)
    ]
    result, _ = run(lines(records))
    assert result.counts["preference_data"] == len(records)
    assert result.findings[0].hint.endswith(
        'write this message as {"role": "…", "content": "…"} with it and nothing else.'
    )
    for record in records:
        better = record["messages"][1].pop("candidates")[1]
        record["messages"][1]["content"] = better["content"]
    assert trained(lines(records)) == pairs(GOOD)


def test_a_table_of_judged_answers_is_preference_data():
    rows = "".join(f"{q},{a},{score}\n" for q, a, score in zip(QUESTIONS, GOOD, "5" * len(GOOD), strict=True))
    assert only_finding(f"prompt,completion,score\n{rows}".encode(), "preference_data", "csv")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("label", "billing"),
        ("label", None),
        ("thumbnail", True),
        ("status", "open"),
        ("status", 3),
        ("goods", "thermostats"),
        ("timestamp", 1764460800),
        ("skip_prompt_formatting", False),
        ("correct_answer", "Take the night train."),
        ("title", "good"),
        ("branch", "up"),
        ("views", 12),
        ("label_id", 3),
        ("feedback_id", "a1"),
        ("rank", 7),
        ("best_before", 2024),
        ("best_vintage", 2019),
        ("selected", 2019),
        ("rejected_at", "2024"),
        ("approvedOn", 20240131),
        ("graded_date", 3),
        ("pass", 1),
        ("is_safe", True),
        ("winner", "Real Madrid"),
        ("sentiment", "positive"),
        ("customer_feedback", "I like 3"),
        ("resolved", True),
        ("failed_attempts", 3),
        ("like_new", True),
        ("grade_level", 5),
        ("accept_terms", True),
        ("correct_option", 2),
    ],
)
def test_a_field_that_judges_nothing_is_no_mark(name, value):
    assert not verdicts.is_mark(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("response_rank", 2), ("better_response_id", 0), ("score_chosen", 8), ("is_response_0_safe", True)),
        *(("label", "good"), ("customer_feedback", "bad"), ("customer_feedback", 2), ("elo_rating", 1950)),
        *(("accept_terms", "rejected"), ("feedback_text", "It names the wrong train."), ("winner", "tie")),
    ],
)
def test_a_field_that_judges_an_answer_is_a_mark(name, value):
    assert verdicts.is_mark(name, value)


@pytest.mark.parametrize("metadata", [{"passed": True}, {"of": 3, "user_feedback": {"thumbs": "down"}}])
@pytest.mark.parametrize("shape", TALK)
def test_a_mark_inside_metadata_is_named_whole(shape, metadata):
    result, _ = run(lines([TALK[shape]("Why?", "So.") | {"metadata": metadata}]))
    (found,) = [each for each in result.findings if each.code == "preference_data"]
    (name,) = metadata.keys() - {"of"}
    assert f"'metadata.{name}'" in found.message
    assert f"'metadata.{name}'" in found.hint


def test_names_that_are_no_words_are_not_remembered():
    before = verdicts._strength.cache_info().currsize
    for number in range(50):
        assert not verdicts.is_mark(f"score{'x' * 1000}{number}", True)
    assert verdicts._strength.cache_info().currsize == before


@pytest.mark.parametrize("name", ["score", "answers", "annotations"])
def test_a_field_that_is_nested_deeply_is_looked_through_once(name):
    value: Any = {"said": "nothing of how good it is"}
    for _ in range(60):  # looking twice at each level would never end
        value = {name: value, "more": [value]} if len(str(value)) < 10_000 else {name: value}
    assert verdicts.is_mark(name, value) in {True, False}


@pytest.mark.parametrize(
    "named",
    [{"prompt": "asked", "completion": "said"}, {"messages": "dialog", "role": "speaker", "content": "said"}],
)
def test_a_mark_that_a_mapping_leaves_out_is_told_and_can_be_ignored(named):
    turns = [{"speaker": "user", "said": "Why?"}, {"speaker": "assistant", "said": "So."}]
    document = {"asked": "Why?", "said": "So.", "dialog": turns, "thumbs": "down"}
    mapping = field_mapping.build(named)
    for ignored, codes in (([], ["preference_data"]), (["thumbs"], [])):
        part = Part("x", "jsonl", Bytes(json.dumps(document).encode()))
        found = list(SplitFileReader([part], mapping, ignore=frozenset(ignored)))
        assert [defect.code for entry in found for defect in entry.defects] == codes


def test_a_mark_in_a_mapped_conversation_is_told_with_the_names_of_its_fields():
    mapping = field_mapping.build({"messages": "dialog", "role": "speaker", "content": "said"})
    turns = [{"speaker": "user", "said": "Why?"}, {"speaker": "assistant", "said": "So.", "thumbs": "down"}]
    part = Part("x", "jsonl", Bytes(json.dumps({"dialog": turns}).encode()))
    (entry,) = SplitFileReader([part], mapping)
    (defect,) = entry.defects
    assert (defect.code, defect.path) == ("preference_data", "$.dialog[1]")
    assert 'each message as {"speaker": "…", "said": "…"} and nothing else' in defect.hint


@pytest.mark.parametrize("mapping", [None, field_mapping.FieldMapping("question", "answer")])
def test_a_mark_in_a_column_of_parquet_is_read_though_it_would_be_left_out(mapping):
    columns = parquet_files.schema(question=DataType.string(), answer=DataType.string(), score=DataType.float64())
    content = parquet_files.written(columns, [{"question": "Why?", "answer": "So.", "score": 0.2}])
    found = list(SplitFileReader([Part("x", "parquet", Bytes(content))], mapping))
    assert [defect.code for entry in found for defect in entry.defects] == ["preference_data"]
