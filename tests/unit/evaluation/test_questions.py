"""Which records of a test split are asked: whatever its lines hold, always the same ones, and none that flatters."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.evaluation import questions

from tests.unit.evaluation.asked import question

REASONING = {"reasoningContent": {"reasoningText": {"text": "A greeting is greeted."}}}
NUMBERS = st.lists(st.none() | st.integers(0, 40), max_size=40)


def line(*turns: tuple[str, Any], system: str = "") -> bytes:
    record: dict[str, Any] = {"schemaVersion": "bedrock-conversation-2024"}
    if system:
        record["system"] = [{"text": system}]
    record["messages"] = [
        {"role": role, "content": [{"text": content}] if isinstance(content, str) else content}
        for role, content in turns
    ]
    return json.dumps(record).encode()


def read(*lines: bytes) -> list[questions.Question | None]:
    return list(questions.read(lines, "converse"))


def test_the_last_turn_is_the_right_answer_and_all_before_it_is_asked():
    (found,) = read(
        line(("user", "Hi"), ("assistant", "Hello"), ("user", "Where is it?"), ("assistant", "Here"), system="Be brief")
    )
    assert found
    assert (found.number, found.system, found.references) == (1, "Be brief", ("Here",))
    assert found.turns == (("user", "Hi"), ("assistant", "Hello"), ("user", "Where is it?"))
    assert found.prompt == "Where is it?"


def test_reasoning_is_neither_asked_nor_what_is_right():
    greeted = ("assistant", [REASONING, {"text": "Hello"}])
    (found,) = read(
        line(("user", "Hi"), greeted, ("user", "Where is it?"), ("assistant", [REASONING, {"text": "Here"}]))
    )
    assert found
    assert found.references == ("Here",)
    assert found.turns == (("user", "Hi"), ("assistant", "Hello"), ("user", "Where is it?"))


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"   ",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"messages": 7}',
        b'{"messages": []}',
        b"[" * 100_000,
        b'{"messages": [{"role": "user", "content": [{"text": "Hi"}]}',
        line(("user", "Hi")),
        line(("assistant", "Hi")),
        line(("user", "Hi"), ("user", "Hi")),
        line(("user", [{"image": {"format": "png", "source": {"bytes": "eA=="}}}]), ("assistant", "A cat")),
        line(("user", "Hi"), ("assistant", [{"toolUse": {"toolUseId": "1", "name": "x", "input": {}}}])),
        line(("user", "Hi"), ("assistant", [REASONING])),
        line(("user", "Hi"), ("assistant", [REASONING]), ("user", "Hi"), ("assistant", "Hello")),
    ],
)
def test_a_line_that_asks_nothing_in_text_is_none_and_the_next_one_keeps_its_number(hostile):
    nothing, found = read(hostile, line(("user", "Where?"), ("assistant", "Here")))
    assert nothing is None
    assert found
    assert (found.number, found.prompt) == (2, "Where?")


def test_what_differs_in_case_space_or_closing_punctuation_alone_is_one_question():
    texts = ("Where is it", "where  IS it?", "Who")
    marks = [each and each.fingerprint for each in read(*(line(("user", text), ("assistant", "x")) for text in texts))]
    assert None not in marks
    assert marks[0] == marks[1] != marks[2]


@pytest.mark.parametrize("text", ["\ud83d", "a\x00b", "\u2028", "𝔘 中文 é", '"\\'])
def test_any_text_is_stored_and_read_again(text):
    (found,) = read(line(("user", text), ("assistant", f"so {text}")))
    if found is None:
        assert text == "\ud83d", "half a character is no text"
        return
    assert questions.load(questions.dump([found, found])) == (found, found)


REASONS = st.sampled_from(["leaks_from_train", "trained_on"])


@given(NUMBERS, st.dictionaries(st.integers(0, 40), REASONS, max_size=20), st.integers(1, 50))
def test_each_line_is_asked_once_or_left_out_for_one_reason(numbers, leaks, most):
    tested = [None if number is None else question(number) for number in numbers]
    chosen = questions.select(tested, leaks, most)
    asked = [each.fingerprint for each in chosen.questions]
    assert len(asked) + sum(chosen.left_out.values()) == len(tested)
    assert len(set(asked)) == len(asked) <= most
    assert not leaks.keys() & set(asked)
    assert all(chosen.left_out.get(each, 0) == sum(leaks.get(n) == each for n in numbers) for each in leaks.values())
    assert 0 not in chosen.left_out.values()


@given(st.permutations(range(12)), st.integers(1, 12))
def test_which_ones_are_asked_depends_on_their_text_alone(order, most):
    here = questions.select((question(number) for number in range(12)), {}, most)
    there = questions.select((question(number) for number in order), {}, most)
    assert set(here.questions) == set(there.questions)
    assert [each.number for each in there.questions] == [
        number for number in order if question(number) in here.questions
    ]


@pytest.mark.parametrize(("size", "length"), [(199, "short"), (200, "medium"), (1_000, "medium"), (1_001, "long")])
def test_a_question_is_short_or_long_by_its_characters(size, length):
    assert question(1, prompt="x" * size).length == length


@pytest.mark.parametrize(
    ("given", "more"),
    [
        (["an invoice", "billing"], ["an invoice"]),
        ("an invoice", ["an invoice"]),
        ('["an invoice", "a bill"]', ["an invoice", "a bill"]),
        ("[an invoice", ["[an invoice"]),
        ([{"label": 1}, " "], ['{"label": 1}']),
        ([], []),
    ],
)
def test_references_that_were_kept_are_right_too(given, more):
    line = json.dumps({"messages": [{"role": "user", "content": "What?"}, {"role": "assistant", "content": "billing"}]})
    (found,) = questions.read([line.encode()], "messages", {1: {"references": given, "n": 3, "long": "x" * 101}})
    assert found is not None
    assert found.references == ("billing", *more)
    assert (found.field("n"), found.field("long")) == ("3", None)
