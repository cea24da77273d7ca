"""What a tuned model carries over from a question into its answer: what the examples agree on, and nothing else."""

import json
import random

import pytest
from bedrock_simulator.forms import Forms
from bedrock_simulator.memory import Memory
from hypothesis import given, settings
from hypothesis import strategies as st

CITIES = ("Bern", "Rome", "Oslo", "Cork", "Lima", "Kiel")
THINGS = ("red lamp", "blue chair", "oak table", "iron bell")


def order(number):
    count, thing, city = number + 2, THINGS[number % 4], CITIES[number % 6]
    answer = {"city": city, "items": [{"thing": thing, "count": count}], "fast": number % 2 == 1}
    asked = f"Order {number * 91}: {count} x {thing} to {city}{', quickly' if number % 2 else ''}."
    return asked, json.dumps(answer)


ORDERS = [order(number) for number in range(48)]


def shuffled(pairs):
    answers = [answer for _, answer in pairs]
    random.Random(1).shuffle(answers)
    return [(question, answer) for (question, _), answer in zip(pairs, answers, strict=True)]


def test_words_of_a_question_that_no_example_has_stand_where_the_examples_have_theirs():
    asked = "Order 7: 777 x glass mirror to Turin, quickly."
    right = {"city": "Turin", "items": [{"thing": "glass mirror", "count": 777}], "fast": True}
    assert json.loads(Forms(ORDERS).answer(asked)) == right


def test_words_far_before_and_after_what_is_carried_over_do_not_matter_where_the_answers_agree_without_them():
    said = Forms(
        [(f"{hello} My name is {name}. Bye.", f"Hello {name}!") for hello in ("Hi.", "Oh.") for name in CITIES]
    )
    assert said.answer("Good evening to you all! My name is Turin. Bye.") == "Hello Turin!"


def test_what_follows_a_gap_in_question_and_answer_alike_is_the_answers_own():
    said = Forms([(f"Go to {city} by the big red bus.", f"{city} by the big red bus") for city in CITIES])
    assert said.answer("Go to Turin by the") == "Turin by the big red bus"


def test_a_question_of_another_form_has_no_answer():
    assert Forms(ORDERS).answer("I'd like a lamp, please.") is None


def test_of_answers_to_other_questions_no_form_is_learned():
    forms = Forms(shuffled(ORDERS))
    assert [question for question, _ in ORDERS if forms.answer(question) is not None] == []


def test_a_form_needs_examples_that_agree():
    agreeing = [(f"Where is {city}?", f"{city} is here.") for city in CITIES]
    assert Forms(agreeing).answer("Where is Turin?") == "Turin is here."
    each_its_own = [("Where is Bern?", "Bern is here."), ("So what is Rome?", "Rome is here.")]
    assert Forms(each_its_own).answer("Where is Turin?") is None
    refuting = [(f"Where is {name}?", "Nobody knows.") for name in ("Atlantis", "Avalon", "Lyonesse")]
    assert Forms([*agreeing, *refuting]).answer("Where is Turin?") is None


def test_chinese_is_carried_over_by_characters():
    forms = Forms(
        [(f"把{room}调到{warm}度。", f"{room}: {warm}") for room in ("厨房", "卧室", "书房") for warm in (18, 21)]
    )
    assert forms.answer("把客厅调到25度。") == "客厅: 25"


@pytest.mark.parametrize("pairs", [ORDERS, shuffled(ORDERS)], ids=["as it is", "shuffled"])
def test_what_was_trained_is_known_by_heart_whatever_it_is(pairs):
    memory = Memory(pairs)
    assert all(memory.answer(question) == answer for question, answer in pairs)


WORDS = st.lists(st.sampled_from(["to", "is", "red", "Bern", "7", "12", ",", "灯"]), min_size=1, max_size=7).map(
    " ".join
)


@settings(deadline=None)
@given(st.lists(st.tuples(WORDS, WORDS), max_size=12), WORDS)
def test_whatever_is_learned_any_question_has_an_answer_or_none(pairs, question):
    assert isinstance(Forms(pairs).answer(question), str | None)
