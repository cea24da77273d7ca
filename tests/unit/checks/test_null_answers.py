"""Words for nothing are found among sentences, and are labels among labels."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import SPLITS
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.checks.version_examination import examine
from tunedrop.domain.reading.split_files import Part
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.records.sources import Bytes

SENTENCE = "If the thermostat stays blank, hold its dial for ten seconds ({})."


def found(answers: list[str], **more: Any) -> list[int | None]:
    """The lines with a null answer."""
    lines = [json.dumps({"prompt": f"Question {n}?", "completion": answer}) for n, answer in enumerate(answers)]
    plan = Assignment((catalogue.find("nova-lite"),), SPLITS[:1], **more)
    (result,) = examine({"train": [Part("x", "jsonl", Bytes("\n".join(lines).encode()))]}, plan)
    return [finding.line for finding in result.findings if finding.code == "null_answer"]


@pytest.mark.parametrize("word", ["None", "NULL", " n/a ", "-", "<NA>", "\\N", "nil"])
def test_a_word_for_nothing_is_found_among_sentences(word):
    sentences = [SENTENCE.format(n) for n in range(30)]
    assert found([*sentences[:7], word, *sentences[7:], word]) == [8, 32]


def test_other_traces_of_missing_values_are_no_short_answers():
    sentences = [SENTENCE.format(n) for n in range(30)]
    assert found([*sentences, "#N/A", "#DIV/0!", "nan", "TODO", "N/A"]) == [35]


def test_a_word_for_nothing_among_short_answers_may_be_one_of_them():
    assert found(["None" if n % 9 == 0 else f"Code {n}" for n in range(60)]) == []
    assert found([*(SENTENCE.format(n) for n in range(30)), "Yes", "No", "None"]) == []


def test_what_a_policy_makes_an_error_rejects_whatever_the_level():
    answers = [*(SENTENCE.format(n) for n in range(30)), "null"]
    policy = Policy(error=frozenset({"null_answer"}))
    assert found(answers, policy=policy, level="errors") == [31]
