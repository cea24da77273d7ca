"""`schema.json` beside a dataset's files: `tunedrop check` refuses what an upload would, and warns as a plan would."""

from __future__ import annotations

import json

import pytest
from tunedrop.domain.checks import examples

TRAIN = examples.good(120)()
SCHEMA = {"type": "object", "required": ["item"], "properties": {"item": {"type": "string"}}}


def record(number: int, answer: str) -> bytes:
    question = f"Which order is meant by customer {number}, who wrote {number * 7} words?"
    return json.dumps({"prompt": question, "completion": answer}).encode() + b"\n"


GOOD = b"".join(record(number, json.dumps({"item": f"lamp {number}"})) for number in range(12))
BROKEN = b"".join(record(number, json.dumps({"item": number if number < 3 else "lamp"})) for number in range(12))
LABELS = b"".join(record(number, "billing") for number in range(12))


def run(tunedrop, put, schema: bytes, test: bytes, *more: str):
    put("train.jsonl", TRAIN)
    put("test.jsonl", test)
    put("schema.json", schema)
    return tunedrop("check", "--train", "train.jsonl", "--test", "test.jsonl", "--model", "claude-3-haiku", *more)


def test_right_answers_that_are_valid_by_it_are_not_spoken_of(tunedrop, put):
    ran = run(tunedrop, put, json.dumps(SCHEMA).encode(), GOOD)
    assert (ran.code, ran.err) == (0, "")


def test_those_that_are_not_are_counted_as_a_plan_counts_them_and_reject_nothing(tunedrop, put):
    ran = run(tunedrop, put, json.dumps(SCHEMA).encode(), BROKEN)
    assert ran.code == 0
    words = "The right answers of 3 records are not valid by schema.json: correct one or the other."
    assert words in " ".join(ran.err.split())
    told = run(tunedrop, put, json.dumps(SCHEMA).encode(), BROKEN, "--format", "json")
    assert json.loads(told.out)["verdict"] == "accepted"


def test_answers_that_are_no_json_are_not_held_to_it(tunedrop, put):
    ran = run(tunedrop, put, json.dumps(SCHEMA).encode(), LABELS)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    "schema",
    [b'{"type": "nothing"}', b"{", b'{"$ref": "https://example.com/other.json"}', b" " * (256 * 1024 + 1)],
    ids=["no type", "no JSON", "another document", "too large"],
)
def test_what_is_no_schema_rejects_as_an_upload_does(tunedrop, put, schema):
    ran = run(tunedrop, put, schema, GOOD, "--format", "json")
    found = [(each["code"], each["source"]) for report in json.loads(ran.out)["reports"] for each in report["findings"]]
    assert ran.code == 1
    assert ("invalid_schema", "schema.json") in found


def test_it_counts_without_test_and_from_beside_the_settings_that_are_named(tunedrop, put):
    put("train.jsonl", TRAIN)
    put("elsewhere/dataset.toml", b'owner = "ada"\n')
    put("elsewhere/schema.json", b"{")
    arguments = ("check", "train.jsonl", "--model", "claude-3-haiku")
    assert tunedrop(*arguments).code == 0
    ran = tunedrop(*arguments, "--settings", "elsewhere/dataset.toml")
    assert ran.code == 1
    assert "invalid_schema" in ran.text
