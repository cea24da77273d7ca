"""Null is absent and JSON text is a list, in whatever kind of file they stand; both are counted."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import Any

import pytest
from arro3.core import DataType
from tunedrop.domain.reading import absent_values
from tunedrop.domain.reading.split_files import Part, SplitFileReader
from tunedrop.domain.records.sources import Bytes

from tests.unit.parquet import parquet_files

CHAT: list[dict[str, Any]] = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}]
SHAREGPT: list[dict[str, Any]] = [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "Because."}]
CONVERSE: list[dict[str, Any]] = [{"role": turn["role"], "content": [{"text": turn["content"]}]} for turn in CHAT]


def read(content: bytes, extension: str = "jsonl") -> tuple[list[str], list[str], dict[str, int]]:
    """The texts of all records, the codes of all defects, and what was normalised."""
    reader = SplitFileReader([Part("x", extension, Bytes(content))])
    entries = list(reader)
    texts = [text for entry in entries if entry.record for _, _, text in entry.record.texts]
    return texts, [defect.code for entry in entries for defect in entry.defects], dict(+reader.normalised)


@pytest.mark.parametrize(
    ("document", "nulls"),
    [
        ({"system": None, "messages": CHAT}, 1),
        ({"schemaVersion": "bedrock-conversation-2024", "system": None, "messages": CONVERSE}, 1),
        ({"system": None, "conversations": SHAREGPT, "topic": None}, 2),
        ({"prompt": "Why?", "completion": "Because.", "system": None, "note": None}, 2),
        ({"instruction": "Why?", "input": None, "output": "Because.", "history": None}, 2),
        ({"messages": [{**turn, "name": None, "tool_calls": None} for turn in CHAT]}, 4),
        ({"conversations": [{**turn, "weight": None} for turn in SHAREGPT]}, 2),
        ({"schemaVersion": "v", "messages": [{**turn, "content": [{**turn["content"][0], "image": None}]}
                                              for turn in CONVERSE]}, 2),
        ({"messages": CHAT, "tools": None, "functions": None}, 2),
    ],
)  # fmt: skip
def test_a_null_field_of_a_record_a_message_or_a_block_is_absent(document, nulls):
    texts, codes, counted = read(json.dumps(document).encode())
    assert (texts, codes, counted) == (["Why?", "Because."], [], {"null_left_out": nulls})


def test_a_null_that_the_format_needs_is_missing():
    assert read(b'{"prompt": "Why?", "completion": "a"}\n{"prompt": null, "completion": "b"}')[1] == ["missing_field"]


def test_what_a_tool_is_called_with_keeps_its_nulls():
    call = {"id": "1", "function": {"name": "look", "arguments": {"page": None}}}
    document = {"messages": [CHAT[0], {"role": "assistant", "content": None, "tool_calls": [call]}]}
    assert absent_values.without_nulls(document, Counter()) == {
        "messages": [CHAT[0], {"role": "assistant", "tool_calls": [call]}]
    }


def _csv(row: dict[str, Any]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows([row.keys(), row.values()])
    return written.getvalue().encode()


@pytest.mark.parametrize(
    ("content", "extension"),
    [
        (json.dumps({"messages": json.dumps(CHAT)}).encode(), "jsonl"),
        (json.dumps([{"messages": json.dumps(CHAT)}]).encode(), "json"),
        (_csv({"messages": json.dumps(CHAT)}).replace(b"\r", b""), "csv"),
        (
            parquet_files.written(parquet_files.schema(messages=DataType.string()), [{"messages": json.dumps(CHAT)}]),
            "parquet",
        ),
    ],
    ids=["jsonl", "json", "csv", "parquet"],
)
def test_a_list_may_be_json_text_in_every_kind_of_file(content, extension):
    assert read(content, extension) == (["Why?", "Because."], [], {"list_parsed": 1})


@pytest.mark.parametrize(
    ("messages", "code"),
    [("[{", "invalid_json"), ("hello", "wrong_type"), ("[{'role': 'user'}]", "invalid_json"), ("[1]", "wrong_type")],
)
def test_a_text_that_is_no_list_is_told_in_every_kind_of_file(messages, code):
    assert read(json.dumps({"messages": messages}).encode())[1] == [code]
    assert read(_csv({"messages": messages}), "csv")[1] == [code]


def test_no_tools_are_no_tools_however_they_are_written():
    for tools in ([], "[]", "", None):
        texts, codes, _ = read(json.dumps({"conversations": SHAREGPT, "tools": tools}).encode())
        assert (texts, codes) == (["Why?", "Because."], [])


def test_an_empty_cell_of_a_column_that_no_format_knows_is_nothing():
    assert read(b"question,answer,remarks\nWhy?,Because.,\nHow?,So.,\n", "csv")[:2] == (
        ["Why?", "Because.", "How?", "So."],
        [],
    )
    assert read(b"question,answer,remarks\nWhy?,Because.,\nHow?,So.,ok\n", "csv")[1] == ["unknown_field"]
