"""A table in one JSON object, or records in a list inside one, are told as such, and what the hint says trains."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.checks.splits import run
from tests.unit.hints.following import GOOD, QUESTIONS, lines, only_finding, pairs, trained

ROWS = [{"prompt": question, "completion": answer} for question, answer in zip(QUESTIONS, GOOD, strict=True)]
COLUMNS = {name: [row[name] for row in ROWS] for name in ROWS[0]}
TALKS = [[{"role": "user", "content": q}, {"role": "assistant", "content": a}] for q, a in pairs()]

Table = list[dict[str, Any]]
ORIENTS: dict[str, tuple[Any, Callable[[Any], Table]]] = {
    "columns": (
        {name: {str(number): value for number, value in enumerate(values)} for name, values in COLUMNS.items()},
        lambda found: [
            dict(zip(found, row, strict=True)) for row in zip(*(each.values() for each in found.values()), strict=True)
        ],
    ),
    "index": ({str(number): row for number, row in enumerate(ROWS)}, lambda found: list(found.values())),
    "split": (
        {
            "columns": list(COLUMNS),
            "index": list(range(len(ROWS))),
            "data": [list(row.values()) for row in ROWS],
        },
        lambda found: [dict(zip(found["columns"], row, strict=True)) for row in found["data"]],
    ),
    "table": (
        {
            "schema": {"fields": [{"name": "index", "type": "integer"}], "primaryKey": ["index"]},
            "data": [{"index": number, **row} for number, row in enumerate(ROWS)],
        },
        lambda found: [{name: row[name] for name in row if name != "index"} for row in found["data"]],
    ),
}
"""What pandas writes with each orient, and the rows that it reads from it again."""
LINES = re.compile(r'orient="records", lines=True')


@pytest.mark.parametrize("orient", ORIENTS)
@pytest.mark.parametrize("extension", ["json", "jsonl"])
def test_a_table_of_pandas_is_called_by_its_orient_and_its_rows_train(orient, extension):
    table, read = ORIENTS[orient]
    found = only_finding(json.dumps(table).encode(), "wrong_layout", extension)
    assert f'orient="{orient}"' in found.message
    assert f'pandas.read_json("IN.json", orient="{orient}"' in found.hint
    assert LINES.search(found.hint)
    assert trained(lines(read(table))) == pairs()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda q, a: {"prompt": {"role": "user", "content": q}, "completion": {"role": "assistant", "content": a}},
        lambda q, a: {"input": {"text": q, "lang": "en"}, "output": {"text": a, "lang": "en"}},
    ],
)
def test_objects_in_the_fields_of_a_record_are_no_table(wrap):
    result, _ = run(lines(wrap(*pair) for pair in pairs()))
    assert "wrong_layout" not in result.counts


def test_only_the_first_line_of_a_file_may_hold_all_of_it():
    result, _ = run(lines({"a": {"x": q, "y": a}, "b": {"x": q, "y": a}} for q, a in pairs()))
    assert result.counts == {"wrong_layout": 1, "unknown_format": len(QUESTIONS) - 1}


@pytest.mark.parametrize(
    "table", [COLUMNS, {"messages": TALKS}, {"conversations": TALKS, "id": list(range(len(TALKS)))}]
)
def test_columns_of_lists_are_a_table_too(table):
    found = only_finding(json.dumps(table).encode(), "wrong_layout", "json")
    assert "dataset.to_json" in found.hint
    assert LINES.search(found.hint)
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    assert trained(lines(rows)) == pairs()


def test_rows_of_values_alone_are_given_names():
    content = json.dumps([list(row.values()) for row in ROWS]).encode()
    found = only_finding(content, "not_an_object", "json")
    assert '{"prompt": "…", "completion": "…"}' in found.hint
    assert LINES.search(found.hint)
    assert trained(lines(ROWS)) == pairs()


@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_inside_an_object_is_uploaded_itself(indent):
    content = json.dumps({"version": "1.0", "data": ROWS, "licence": "MIT"}, indent=indent).encode()
    result, _ = run(content, extension="json")
    (found,) = result.findings
    assert "'data'" in found.hint
    assert "from its [ to its ]" in found.hint
    start = content.index(b"[")
    assert trained(content[start : content.rindex(b"]") + 1], "json") == pairs()


def test_several_splits_in_one_object_become_a_file_each():
    found = only_finding(json.dumps({"train": ROWS, "test": ROWS, "valid": ROWS[:3]}).encode(), "wrong_layout", "json")
    assert found.hint.endswith("train.json, validation.json.") or "train.json" in found.hint
    assert trained(json.dumps(ROWS).encode(), "json") == pairs()


@pytest.mark.parametrize(
    ("first", "more"),
    [({"documents": [{"title": "a", "id": 3}]}, "unknown_field"), ({"choices": ["a", "b"]}, "unknown_field")],
)
def test_lists_beside_a_question_and_its_answer_are_no_table(first, more):
    result, _ = run(lines({"question": q, "answer": a} | first for q, a in pairs()))
    assert set(result.counts) == {more}


def test_a_file_of_which_nothing_could_be_read_is_not_told_to_have_too_few_records():
    assert only_finding(b'"Why?"\n', "not_an_object")
    assert only_finding(b'{"customer": "Why?", "agent": "So."}\n', "unknown_format")


BARE = {
    "messages": TALKS,
    "conversations": [[{"from": "human", "value": q}, {"from": "gpt", "value": a}] for q, a in pairs()],
}


@pytest.mark.parametrize("name", BARE)
@pytest.mark.parametrize("one_array", [True, False])
def test_conversations_without_a_name_are_given_one(name, one_array):
    content = json.dumps(BARE[name]).encode() if one_array else lines(BARE[name])
    found = only_finding(content, "not_an_object", "json" if one_array else "jsonl")
    assert f'{{"{name}": […]}}' in found.hint
    assert trained(lines({name: talk} for talk in BARE[name])) == pairs()


def test_messages_on_lines_of_their_own_become_conversations():
    rows = [message | {"talk": number} for number, talk in enumerate(TALKS) for message in talk]
    found = only_finding(lines(rows), "other_purpose")
    assert '{"messages": [{"role": "user"' in found.hint
    together = [
        {"messages": [{"role": m["role"], "content": m["content"]} for m in rows if m["talk"] == number]}
        for number in range(len(TALKS))
    ]
    assert trained(lines(together)) == pairs()


def test_texts_in_turn_become_messages():
    records = [{"conversations": [q, a], "source": "x"} for q, a in pairs()]
    found = only_finding(lines(records), "wrong_type")
    assert '"conversations": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]' in found.hint
    roles = ("user", "assistant")
    written = [
        record
        | {"conversations": [{"role": r, "content": t} for r, t in zip(roles, record["conversations"], strict=True)]}
        for record in records
    ]
    assert trained(lines(written)) == pairs()
    other = only_finding(lines({"id": "1", "data": texts} for texts in pairs()), "unknown_format")
    assert '{"messages": [{"role": "user"' in other.hint


def test_a_history_of_questions_and_answers_trains_before_them():
    records = [{"query": q, "response": a, "history": [["Hello?", "Hello."]]} for q, a in pairs()]
    assert trained(lines(records)) == [["Hello?", "Hello.", q, a] for q, a in pairs()]


@pytest.mark.parametrize("name", ["row", "item", "data"])
def test_a_record_one_level_deeper_is_written_without_what_is_around_it(name):
    records = [{"row_idx": number, name: {"question": q, "answer": a}} for number, (q, a) in enumerate(pairs())]
    assert f"what '{name}' holds" in only_finding(lines(records), "unknown_format").hint
    assert trained(lines(record[name] for record in records)) == pairs()


def test_an_answer_beside_the_conversation_becomes_its_last_turn():
    records = [{"messages": [{"role": "user", "content": q}], "answer": a} for q, a in pairs()]
    assert '{"role": "assistant", "content": "…"}' in only_finding(lines(records), "ambiguous_format").hint
    written = [{"messages": [*each["messages"], {"role": "assistant", "content": each["answer"]}]} for each in records]
    assert trained(lines(written)) == pairs()
    assert (
        "is the answer"
        in only_finding(
            lines({"messages": each["messages"], "completion": each["answer"]} for each in records), "ambiguous_format"
        ).hint
    )
    turns = [{"conversations": [{"from": "human", "value": q}], "output": a} for q, a in pairs()]
    assert '{"from": "gpt", "value": "…"}' in only_finding(lines(turns), "ambiguous_format").hint
    written = [{"conversations": [*each["conversations"], {"from": "gpt", "value": each["output"]}]} for each in turns]
    assert trained(lines(written)) == pairs()


def test_a_question_beside_the_conversation_that_begins_with_it_is_ignored_as_the_hint_says():
    turns = [[{"role": "user", "content": q}, {"role": "assistant", "content": a}] for q, a in pairs()]
    content = lines({"prompt": talk[0]["content"], "messages": talk} for talk in turns)
    hint = only_finding(content, "ambiguous_format").hint
    names = re.findall(r"--ignore-field (\w+)", hint)
    assert f"[fields] ignore = ['{names[0]}']" in hint
    result, _ = run(content, ignore=frozenset(names))
    assert result.accepted
    assert not result.counts
