"""Examples before a question: which ones, in which order, and never one that is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.evaluation import few_shot

from tests.unit.evaluation.asked import LABELS, question

TRAINED = [question(number, prompt=f"Trained {number}", fingerprint=(number * 7) % 40) for number in range(40)]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("base", ("base", 0)),
        ("base:few_shot=5", ("base", 5)),
        ("nova-lite:few_shot=20", ("nova-lite", 20)),
        ("base:few_shot=21", ("base:few_shot=21", 0)),
        ("base:few_shot=0", ("base:few_shot=0", 0)),
        ("base:few_shot=-1", ("base:few_shot=-1", 0)),
        ("base:few_shot=5:few_shot=5", ("base:few_shot=5:few_shot=5", 0)),
    ],
)
def test_a_name_says_how_many(name, meant):
    assert few_shot.named(name) == meant


@given(st.permutations(TRAINED), st.integers(1, 20))
def test_the_choice_hangs_on_the_texts_alone(trained, count):
    chosen = few_shot.choose(trained, [], count)
    assert chosen == few_shot.choose(TRAINED, [], count)
    assert len(chosen) == count
    assert {each.references[0] for each in chosen} == set(LABELS[: min(count, 2)]) or count > 1


@given(st.sets(st.integers(0, 39), max_size=40))
def test_none_asks_what_is_asked_under_whatever_system_text_or_case(asked):
    questions = [
        replace(TRAINED[number], system="Another.", turns=(("user", f" TRAINED {number}"),)) for number in asked
    ]
    chosen = few_shot.choose([*TRAINED, None], questions, 40)
    assert {each.number for each in chosen} == set(range(40)) - asked


def test_a_very_long_record_is_no_example():
    long = question(50, prompt="x" * few_shot.LONGEST)
    assert few_shot.choose([long], [], 1) == ()


def test_examples_stand_before_the_question_as_turns_that_were_answered():
    talk = replace(TRAINED[0], turns=(("user", "Hi"), ("assistant", "Hello"), ("user", "Where?")))
    shown = few_shot.shown(question(60), [talk, TRAINED[1]])
    assert [role for role, _ in shown.turns] == ["user", "assistant"] * 3 + ["user"]
    assert shown.turns[3] == ("assistant", talk.references[0])
    assert shown.prompt == question(60).prompt
    assert sum(map(len, few_shot.texts([talk, TRAINED[1]]))) == sum(len(text) for _, text in shown.turns[:-1])
