"""JSON and tool metrics: what is the same value, what is not, and answers that are no JSON."""

from __future__ import annotations

import pytest
from tunedrop.domain.evaluation import json_metrics
from tunedrop.domain.evaluation.json_metrics import Overlap
from tunedrop.domain.texts import tool_blocks
from tunedrop.domain.texts.tool_blocks import ToolCall


@pytest.mark.parametrize(
    ("answer", "reference", "same"),
    [
        ('{"a":1,"b":[1,2]}', '{ "b": [1, 2], "a": 1.0 }', 1),
        ('{"a":1}', '{"a":true}', 0),
        ('{"a":[1,2]}', '{"a":[2,1]}', 0),
        ('{"a":"x"}', '{"a":"X"}', 0),
        ('{"a":1,"a":1}', '{"a":1}', 0),
        ('```json\n{"a":1}\n```', '{"a":1}', 0),
        ("[" * 5_000, '{"a":1}', 0),
        ("NaN", "NaN", 0),
        ("", "{}", 0),
    ],
)
def test_the_same_value_matches_and_nothing_else(answer, reference, same):
    assert json_metrics.json_match(answer, reference) == same


def test_form_is_forgiven_where_one_fenced_block_holds_the_answer():
    assert json_metrics.unwrapped('Sure!\n```json\n{"a":1}\n```\nDone.') == '{"a":1}'
    assert json_metrics.unwrapped("no block") == "no block"


def test_leaves_overlap_by_path_and_value():
    found = json_metrics.leaf_overlap('{"items":[{"n":1},{"n":2}],"x":{}}', '{"items":[{"n":2},{"n":3}],"x":{}}')
    assert found == Overlap(2, 3, 3)
    assert (found + Overlap(1, 1, 1)).f1 == pytest.approx(6 / 8)
    assert json_metrics.leaf_overlap("no json", '{"a":1}') == Overlap(0, 0, 1)


def test_calls_match_in_any_order_with_the_same_arguments():
    reference = '[{"name":"a","arguments":{"x":1}},{"name":"b","arguments":{}}]'
    assert json_metrics.tool_match('[{"name":"b"},{"name":"a","arguments":{"x":1}}]', reference) == 1
    assert json_metrics.tool_match('[{"name":"a","arguments":{"x":1}}]', reference) == 0
    assert json_metrics.tool_match('{"name":"b"}', '[{"name":"b","arguments":{}}]') == 1
    assert json_metrics.tool_match("[]", "[]") == 1


@pytest.mark.parametrize("answer", ["I would call a", "[1]", '[{"name":1}]', '[{"name":"a","more":1}]', '"a"', "null"])
def test_what_makes_no_calls_matches_only_where_nothing_is_called(answer):
    call = '<tool_call>{"name": "a", "arguments": {}}</tool_call>'
    assert json_metrics.calls(answer) is None
    assert [json_metrics.tool_match(answer, right) for right in (call, '[{"name":"a"}]', "[]")] == [0, 0, 0]
    assert [json_metrics.tool_match(made, answer) for made in (call, '[{"name":"a"}]', answer, "Yes.")] == [0, 0, 1, 1]
    assert [json_metrics.same_tools(made, answer) for made in (call, answer)] == [0, 1]


def test_calls_in_blocks_match_whatever_is_said_beside_them_and_however_the_other_side_writes_them():
    one, two = ToolCall("a", {"x": 1}), ToolCall("b", {})
    answer = tool_blocks.render(["I look.", one, two])
    assert json_metrics.tool_match(answer, tool_blocks.render([two, one])) == 1
    assert json_metrics.tool_match(f"{answer}\n", tool_blocks.render([one])) == 0
    assert json_metrics.tool_match('[{"name":"b"},{"name":"a","arguments":{"x":1.0}}]', answer) == 1
    assert json_metrics.same_tools(tool_blocks.render([ToolCall("a", {}), two]), answer) == 1
    assert json_metrics.tool_match(tool_blocks.escaped(tool_blocks.render([one])), tool_blocks.render([one])) == 0
