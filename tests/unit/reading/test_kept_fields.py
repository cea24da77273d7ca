"""Fields that are kept beside records: no reader sees them, whatever the format and the file."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.evaluation import questions
from tunedrop.domain.formats.all_formats import SOURCES
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.reading import kept_fields
from tunedrop.domain.reading.split_files import Part, SplitFileReader
from tunedrop.domain.records.sources import Bytes

from tests.unit.checks import splits

MARK = "MARKED"
KEPT = {"references": [MARK, {"deep": MARK}], "group": MARK}
MAPPING = FieldMapping("customer_says", "agent_says")


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_kept_changes_no_byte_of_what_trains_in_any_format(name):
    example = json.loads(SOURCES[name].example)
    plain, kept = (json.dumps(each).encode() + b"\n" for each in (example, {**KEPT, **example, MARK: MARK}))
    more: dict[str, Any] = {"mapping": MAPPING if name == "mapped" else None}
    without, expected = splits.run(plain, "nova-lite", **more)
    found, written = splits.run(kept, "nova-lite", keep=frozenset({*KEPT, MARK}), **more)
    assert written == expected
    assert found.counts == without.counts
    assert not expected or MARK.encode() not in written


@given(st.dictionaries(st.text(max_size=4), st.one_of(st.none(), st.text(max_size=4), st.integers()), max_size=6))
def test_every_field_is_either_read_or_kept(document):
    keep = frozenset(list(document)[::2])
    rest, kept = kept_fields.parted(document, keep)
    assert not rest.keys() & keep
    assert {**rest, **kept} == {name: value for name, value in document.items() if name in rest or value is not None}


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_ignored_changes_no_byte_of_what_trains_in_any_format(name):
    example = json.loads(SOURCES[name].example)
    more: dict[str, Any] = {"mapping": MAPPING if name == "mapped" else None}
    plain, fuller = (json.dumps(each).encode() + b"\n" for each in (example, _marked(example)))
    without, expected = splits.run(plain, "nova-lite", **more)
    found, written = splits.run(fuller, "nova-lite", ignore=frozenset({"group", MARK}), **more)
    assert (written, found.counts) == (expected, without.counts)
    assert found.normalised["field_left_out"] > without.normalised.get("field_left_out", 0)


def _marked(value: Any) -> Any:
    """The value with fields to ignore in all its objects."""
    if isinstance(value, dict):
        return {MARK: MARK, **{name: _marked(item) for name, item in value.items()}, "group": [{"deep": MARK}]}
    return [_marked(item) for item in value] if isinstance(value, list) else value


def test_a_field_that_makes_a_format_ambiguous_can_be_ignored():
    chat = json.loads(SOURCES["messages"].example)
    content = json.dumps({"prompt": "Why?", "prompt_id": "0", **chat}).encode()
    found, _ = splits.run(content, "nova-lite", ignore=frozenset({"prompt", "prompt_id"}))
    assert found.counts.keys() == {"too_few_records"}
    assert found.normalised == {"field_left_out": 2}


@pytest.mark.parametrize(
    ("name", "field"),
    [("messages", "content"), ("messages", "role"), ("messages", "messages"), ("prompt_completion", "prompt"),
     ("sharegpt", "value"), ("alpaca", "output")],
)  # fmt: skip
def test_a_record_that_lacks_what_is_ignored_is_told_so(name, field):
    content = SOURCES[name].example.encode()
    (entry,) = SplitFileReader([Part("a.jsonl", "jsonl", Bytes(content))], ignore=frozenset({field}))
    assert entry.defects[0].hint.startswith(f"[fields] ignore or --ignore-field leaves out '{field}'")


def test_a_column_of_a_table_is_kept_by_its_name():
    table = io.StringIO()
    csv.writer(table).writerows([["question", "answer", "topic"], ["Where?", "Here.", "billing"], ["Who?", "We.", ""]])
    reader = SplitFileReader([Part("test.csv", "csv", Bytes(table.getvalue().encode()))], keep=frozenset({"topic"}))
    found = [(entry.number, entry.kept, entry.defects) for entry in reader]
    assert found == [(1, {"topic": "billing"}, ()), (2, {"topic": ""}, ())]
    assert reader.normalised["field_left_out"] == 2


@pytest.mark.parametrize(
    ("given", "place"),
    [
        (["a", None, "b"], "$.references[1]"),
        ([None], "$.references[0]"),
        ('["a", null]', "$.references[1]"),
        (["null", {"label": None}], None),
        ("null", None),
        ([], None),
    ],
)
def test_a_null_among_right_answers_is_told_with_its_place_and_is_no_answer(given, place):
    record = {"prompt": "Where?", "completion": "Here.", "references": given}
    found, _ = splits.run(json.dumps(record).encode(), "nova-lite", keep=frozenset({"references"}))
    told = [(each.code, each.path, each.severity) for each in found.findings if each.code == "null_reference"]
    assert told == ([("null_reference", place, "warning")] if place else [])
    (asked,) = questions.read([json.dumps(record).encode()], "prompt_completion", {1: {"references": given}})
    assert asked is not None
    assert ("null" in asked.references) is (given in ("null", ["null", {"label": None}]))


def test_lines_of_what_was_kept_are_read_as_they_were_written():
    lines = b"".join(kept_fields.line(number, {"group": str(number), "n": [number]}) for number in (1, 3))
    assert kept_fields.load(lines.splitlines()) == {1: {"group": "1", "n": [1]}, 3: {"group": "3", "n": [3]}}
