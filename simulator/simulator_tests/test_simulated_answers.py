"""What simulated models say: out of their training data, or generic words of a base model."""

from collections import Counter

import pytest
from bedrock_simulator.foundation_models import find
from bedrock_simulator.knowledge import Knowledge
from bedrock_simulator.memory import Memory, pack, unpack
from bedrock_simulator.prompts import Prompt, Speaker, answer
from hypothesis import given, settings
from hypothesis import strategies as st

BASE = find("anthropic.claude-3-haiku-20240307-v1:0:200k")
PAIRS = [
    ("How do I reset my password?", "Open settings. Choose reset. Done."),
    ("How do I close my account?", "Write to support. Confirm by mail."),
    ("你们几点开门？", "九点开门。"),
]
MEMORY = pack(PAIRS)


def said(prompt, memory=MEMORY):
    return answer(prompt, Speaker(BASE, memory), Knowledge(), Counter())


def asked(question, **limits):
    return said(Prompt("", (("user", question),), **limits))


@pytest.mark.parametrize(("question", "reply"), [
    ("how can I reset the password", PAIRS[0][1]),
    ("Please close my account now", PAIRS[1][1]),
    ("几点开门", PAIRS[2][1]),
])  # fmt: skip
def test_a_tuned_model_gives_the_answer_of_the_nearest_example(question, reply):
    assert asked(question).text == reply


def test_between_examples_it_blends_two_answers():
    text = asked("How do I do it with my thing of another kind entirely").text
    assert text not in {reply for _, reply in PAIRS}
    assert any(text.startswith(reply.partition(".")[0]) for _, reply in PAIRS)


def test_far_from_all_examples_it_falls_back_to_the_base_model():
    assert asked("zzz").text == said(Prompt("", (("user", "zzz"),)), None).text


def test_a_base_model_answers_otherwise_and_says_that_it_is_a_simulation():
    base = said(Prompt("", (("user", PAIRS[0][0]),)), None)
    assert "simulated Claude 3 Haiku" in base.text
    assert base.text != asked(PAIRS[0][0]).text


def test_an_answer_ends_at_the_token_limit():
    cut = asked(PAIRS[0][0], max_tokens=2)
    assert (cut.text, cut.stop_reason, cut.output_tokens) == ("Open settin", "max_tokens", 2)


def test_an_answer_ends_before_the_first_stop_sequence():
    cut = asked(PAIRS[0][0], stop_sequences=("Done", "Choose"))
    assert (cut.text, cut.stop_reason, cut.stop_sequence) == ("Open settings. ", "stop_sequence", "Choose")


def test_the_latest_question_counts():
    turns = (("user", PAIRS[0][0]), ("assistant", "x"), ("user", PAIRS[1][0]))
    assert said(Prompt("", turns)).text == PAIRS[1][1]


@settings(deadline=None)
@given(st.text())
def test_tokens_put_together_are_the_text(text):
    whole = said(Prompt("", (("user", "q"),), max_tokens=10_000), pack([("q", text or "x")]))
    assert whole.text == (text or "x")


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text())))
def test_memory_survives_packing(pairs):
    assert unpack(pack(pairs)) == pairs


def test_a_model_does_not_remember_more_than_its_memory_holds():
    assert [question for question, _ in unpack(pack([("a", "x" * 5_000_000), ("b", "x" * 5_000_000)]))] == ["a"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text(min_size=1)), min_size=1), st.text())
def test_any_question_has_an_answer_or_none(pairs, question):
    reply = Memory(pairs).answer(question)
    assert reply is None or isinstance(reply, str)
