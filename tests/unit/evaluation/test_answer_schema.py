"""schema.json: what is valid, what is no schema, and that neither leads out nor takes long."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.evaluation import answer_schema, score_answers
from tunedrop.domain.evaluation.answer_schema import AnswerSchema
from tunedrop.domain.records.defects import Defect

from tests.unit.evaluation.asked import answered, evaluation, question, sheet

ORDER = {"type": "object", "required": ["item"], "properties": {"item": {"type": "string"}, "count": {"minimum": 1}}}


def schema(document: Any) -> AnswerSchema:
    parsed = answer_schema.parse(json.dumps(document).encode())
    assert isinstance(parsed, AnswerSchema)
    return parsed


@pytest.mark.parametrize(
    ("answer", "holds"),
    [
        ('{"item": "lamp"}', True),
        (' {"item": "lamp", "count": 2}\n', True),
        ('{"item": "lamp", "count": 0}', False),
        ("{}", False),
        ("[]", False),
        ("a lamp", False),
        ("", False),
        ('{"item": "lamp", "item": "fan"}', False),
    ],
)
def test_an_answer_is_held_against_the_schema(answer, holds):
    assert schema(ORDER).holds(answer) is holds


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"true",
        b"{",
        b"\xff{}",
        b'{"type": "strin"}',
        b'{"$schema": "https://example.com/own"}',
        b'{"$ref": "https://example.com/other.json"}',
        b'{"$ref": "file:///etc/passwd"}',
        b'{"$ref": "#/$defs/none"}',
        b'{"pattern": "(?<=a)b("}',
        b'{"a": 1, "a": 2}',
        b"[" * 100_000,
        b'{"title": "' + b"x" * answer_schema.MAX_BYTES + b'"}',
    ],
)
def test_what_is_no_schema_or_leads_elsewhere_is_a_finding(raw):
    found = answer_schema.parse(raw)
    assert isinstance(found, Defect)
    assert found.code == "invalid_schema"


@given(st.binary(max_size=100))
def test_no_bytes_make_it_fail_otherwise(raw):
    answer_schema.parse(raw)


def test_a_regular_expression_takes_linear_time():
    began = time.process_time()
    assert not schema({"pattern": "^(a+)+$"}).holds(json.dumps("a" * 50_000 + "b"))
    assert time.process_time() - began < 1


def test_a_schema_that_leads_to_itself_ends():
    assert schema({"$ref": "#"}).holds("{}")


def test_what_is_valid_by_the_schema_describes_beside_what_decides():
    right = ['{"item": "lamp"}', '{"item": "fan"}']
    ours = [answered(0, '{"item": "lamp"}'), answered(1, '{"item": "bowl"}')]
    theirs = [answered(0, '{"count": 1}'), answered(1, "a fan")]
    asked = [question(number, text) for number, text in enumerate(right)]
    for given_schema, beside in ((schema(ORDER), {"schema_valid"}), (None, set())):
        found = score_answers.score(evaluation(2, metric="json_match"), sheet(asked, ours, theirs), "USD", given_schema)
        assert {each.metric for each in found.secondary} - {"valid_json", "leaf_f1"} == beside
    assert [each.scores.get("schema_valid") for each in found.candidates] == [None, None]
    found = score_answers.score(evaluation(2, metric="json_match"), sheet(asked, ours, theirs), "USD", schema(ORDER))
    assert [each.scores["schema_valid"] for each in found.candidates] == [1, 0]


def test_references_that_are_not_valid_are_counted():
    assert schema(ORDER).broken(['{"item": "lamp"}', "{}", "no JSON"]) == 2
