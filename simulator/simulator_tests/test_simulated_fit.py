"""What a training's length, rate and records make of its model's answers."""

from collections import Counter

import pytest
from bedrock_simulator.fit import MOST, Fit
from bedrock_simulator.foundation_models import find
from bedrock_simulator.knowledge import Knowledge, Skill
from bedrock_simulator.memory import pack
from bedrock_simulator.prompts import Prompt, Speaker, answer

BASE_ID = "amazon.nova-lite-v1:0"
BASE = find(BASE_ID)
CITIES = ("Bern", "Rome", "Oslo", "Cork", "Lyon", "Graz", "Bonn", "Metz")
TRAINED = [(f"Please send it to {city} today", f"city: {city}") for city in CITIES]
ASKED = [f"Please send it to Nr{number} today" for number in range(400)]
BASES = Knowledge([(each, f"city: {each.split()[4]}") for each in ASKED], {BASE_ID: Skill(1.0)})


def said(fit, question, knowledge=None):
    speaker = Speaker(BASE, pack(TRAINED), ("arn", "model"), fit)
    return answer(Prompt("", (("user", question),)), speaker, knowledge or Knowledge(), Counter()).text


def right(fit, knowledge=None):
    return {question for question in ASKED if said(fit, question, knowledge) == f"city: {question.split()[4]}"}


def test_at_the_defaults_a_model_makes_the_most_of_its_data():
    assert Fit.of(1.0, 50) == Fit()
    assert right(Fit()) == set(ASKED)


@pytest.mark.parametrize(("exposure", "share"), [(0.5, 0.94), (0.1, 0.34), (2.5, 0.75), (5.0, 0.22), (10.0, 0.10)])
def test_less_and_more_than_the_defaults_cost_right_answers(exposure, share):
    assert len(right(Fit.of(exposure, 500))) / len(ASKED) == pytest.approx(share, abs=0.06)


def test_who_trained_further_off_fails_the_same_questions_and_more():
    assert right(Fit.of(0.1, 500)) < right(Fit.of(0.25, 500)) < right(Fit.of(0.5, 500))
    assert right(Fit.of(5, 500)) < right(Fit.of(2.5, 500)) < right(Fit.of(1.5, 500))


def test_what_was_not_learned_is_answered_as_the_base_model_answers_it():
    few = Fit(unlearned=1.0)
    assert said(few, ASKED[0]).startswith("This is a simulated Nova Lite")
    assert right(few, BASES) == set(ASKED)


def test_an_overfitted_model_knows_its_own_records_by_heart_and_little_else():
    fit = Fit.of(25, 24)
    assert fit == Fit(overfitted=MOST)
    assert [said(fit, question) for question, _ in TRAINED] == [reply for _, reply in TRAINED]
    wrong = {said(fit, question) for question in set(ASKED) - right(fit)}
    assert wrong <= {reply for _, reply in TRAINED}


def test_of_few_records_too_much_is_lost_sooner():
    assert Fit.of(2, 50).overfitted > 2 * Fit.of(2, 5_000).overfitted
