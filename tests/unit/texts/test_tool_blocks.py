"""Tools written as text: read back exactly, whatever stands in them, and free of words that fail a job."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tunedrop.domain.base_models.catalogue import catalogue
from tunedrop.domain.texts import tool_blocks
from tunedrop.domain.texts.tool_blocks import ToolCall, ToolDefinition, ToolResult, parse, render

WORDS = sorted({word for model in catalogue().values() for rule in model.reserved for word in rule.words})
MARKS = ["<tool>", "</tool>", "<tool_call>", "</tool_call>", "<tool_result>", "</tool_result>", "\\", "\n", '{"a": 1}']
"""Pieces of which a text is built that is hard to tell from blocks."""

_characters = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
texts = st.lists(st.sampled_from([*MARKS, *WORDS]) | _characters, max_size=8).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, values, max_size=4)
result_blocks = st.builds(lambda text: {"text": text}, texts) | st.builds(lambda value: {"json": value}, values)
blocks = (
    st.builds(ToolDefinition, texts, st.none() | texts, st.none() | objects)
    | st.builds(ToolCall, texts, objects)
    | st.builds(ToolResult, st.integers(), texts | st.lists(result_blocks, max_size=3).map(tuple), st.booleans())
)


def _apart(items):
    """The items without a text that follows another one."""
    return [
        item
        for number, item in enumerate(items)
        if not (number and isinstance(items[number - 1], str) and isinstance(item, str))
    ]


sequences = st.lists(blocks | texts.filter(bool), max_size=5).map(_apart)


def _exactly(items):
    """Items as they compare by type, too: 1 is neither 1.0 nor true, and an object's order counts."""
    return [(type(item).__name__, json.dumps(item if isinstance(item, str) else _plain(item))) for item in items]


def _plain(item):
    return {name: getattr(item, name) for name in item.__slots__}


@settings(max_examples=40)
@given(sequences)
def test_what_is_rendered_is_read_back_exactly(items):
    assert _exactly(parse(render(items))) == _exactly(items)


@given(texts)
def test_a_text_stays_a_text_whatever_marks_are_in_it(text):
    assert parse(render([text])) == ((text,) if text else ())


@given(texts)
def test_a_text_without_marks_is_written_as_it_is(text):
    if "<tool" not in text:
        assert render([text]) == text


@given(texts)
def test_any_text_of_a_model_can_be_read_and_is_the_same_once_written_again(text):
    items = parse(text)
    assert _exactly(parse(render(items))) == _exactly(items)


@settings(max_examples=40)
@given(st.lists(blocks, min_size=1, max_size=3))
def test_blocks_hold_no_word_that_any_base_model_reserves(items):
    text = f"\n{render(items)}"
    assert [word for word in WORDS if word in text] == []


@pytest.mark.parametrize("word", WORDS)
def test_a_reserved_word_is_escaped_wherever_it_stands_and_read_back(word):
    items = [
        ToolDefinition(word, f"x{word}", {word: [word]}),
        ToolCall(f"\\{word}", {word: {word: word + word}}),
        ToolResult(1, word),
        ToolResult(2, ({"text": word}, {"json": {word: word}})),
    ]
    assert word not in render(items)
    assert parse(render(items)) == tuple(items)


def test_the_words_that_are_escaped_are_the_catalogues():
    assert set(tool_blocks.RESERVED) == {word for word in WORDS if not word.startswith("\n")}


@pytest.mark.parametrize(
    "line",
    [
        "<tool_call>find the order</tool_call>",
        '<tool_call>{"name": "f"}</tool_call>',
        '<tool_call>{"name": "f", "arguments": []}</tool_call>',
        '<tool_call>{"name": "f", "arguments": {}, "id": "c1"}</tool_call>',
        '<tool_call>{"name": "f", "name": "g", "arguments": {}}</tool_call>',
        '<tool_call>{"name": "f", "arguments": {"x": NaN}}</tool_call>',
        '<tool_call>{"name": "f", "arguments": {}}</tool_result>',
        '<tool_call>{"name": "f", "arguments": {}}',
        ' <tool_call>{"name": "f", "arguments": {}}</tool_call>',
        '<tool_result>{"call": true, "content": ""}</tool_result>',
        '<tool_result>{"call": 1, "content": [{"image": {}}]}</tool_result>',
        '<tool>{"name": "f", "parameters": 7}</tool>',
        "<tool_call>" + '{"a":' * 100_000 + "1" + "}" * 100_000 + "</tool_call>",
    ],
)
def test_what_only_looks_like_a_block_is_text(line):
    assert parse(line) == (line,)


def test_the_form_is_the_one_that_its_name_stands_for():
    """Models are trained on it: another form needs another name."""
    items = [
        "Help.",
        ToolDefinition("find", "Finds an order", {"type": "object"}),
        ToolCall("find", {"who": "顾客", "note": "User: <image>"}),
        ToolResult(1, ({"json": {"state": "shipped"}},), is_error=True),
    ]
    assert tool_blocks.RENDERING == "json-blocks-1"
    assert render(items).splitlines() == [
        "Help.",
        '<tool>{"name": "find", "description": "Finds an order", "parameters": {"type": "object"}}</tool>',
        '<tool_call>{"name": "find", "arguments": {"who": "顾客", "note": "User\\u003a \\u003cimage>"}}</tool_call>',
        '<tool_result>{"call": 1, "content": [{"json": {"state": "shipped"}}], "is_error": true}</tool_result>',
    ]
