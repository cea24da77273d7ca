"""Findings name fields and roles as the file does, and say nothing about answers or tools where there are none."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.unit.checks.splits import run
from tests.unit.hints.following import asked, gpt, human, lines, only_finding, pairs, said, trained


@pytest.mark.parametrize("names", [("问题", "答案"), ("Вопрос", "Ответ"), ("सवाल", "जवाब"), ("質問", "回答")])
def test_columns_are_named_as_they_are_written(names):
    rows = "".join(f"{q},{a}\n" for q, a in pairs())
    found = only_finding(f"{','.join(names)}\n{rows}".encode(), "unknown_format", "csv")
    assert all(f"'{name}'" in found.message for name in names)


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\u2066", "\x1b[31m", "\ufeff"])
def test_what_is_not_seen_in_a_name_is_escaped(hidden):
    found = only_finding(lines({f"cus{hidden}tomer": q, "agent": a} for q, a in pairs()), "unknown_format")
    assert hidden not in found.message
    assert found.message.isprintable()


def test_the_path_of_a_role_is_the_files_own():
    talks = [{"conversations": [human(q), gpt(a)]} for q, a in pairs()]
    talks[3] = {"conversations": [human("Why?") | {"from": "hummany"}, gpt("So.")]}
    found = only_finding(lines(talks), "unknown_role")
    assert found.path == "$.conversations[0].from"
    assert "allowed: human, gpt" in found.message
    assert found.hint == 'Write "human".'
    talks[3]["conversations"][0]["from"] = "human"
    assert trained(lines(talks))[3] == ["Why?", "So."]


@pytest.mark.parametrize("turns", [[gpt("So."), human("Why?"), gpt("So.")], [human("Why?"), gpt("So."), human("How?")]])
def test_paths_of_turns_out_of_order_are_the_files_own(turns):
    result, _ = run(lines([*({"conversations": [human(q), gpt(a)]} for q, a in pairs()), {"conversations": turns}]))
    assert {finding.path[-5:] for finding in result.findings} == {".from"}


def test_the_list_of_too_few_turns_is_the_files_own():
    result, _ = run(
        lines([*({"conversations": [human(q), gpt(a)]} for q, a in pairs()), {"conversations": [human("?")]}])
    )
    assert {finding.path for finding in result.findings if finding.code == "too_few_turns"} == {"$.conversations"}


TOOLS = [
    [
        human("Order 5?"),
        {"from": "function_call", "value": "{}"},
        {"from": "observation", "value": "ok"},
        gpt("It left."),
    ],
    [
        human("Order 5?"),
        {"from": "tool_call", "value": "{}"},
        {"from": "tool_response", "value": "ok"},
        gpt("It left."),
    ],
    [human("Order 5?"), gpt("I look."), {"from": "tool", "value": "ok"}, gpt("It left.")],
]


@pytest.mark.parametrize("turns", TOOLS)
def test_turns_of_tools_are_explained_and_without_them_the_rest_trains(turns):
    talks = [*({"conversations": [human(q), gpt(a)]} for q, a in pairs()), {"conversations": turns}]
    result, _ = run(lines(talks))
    hints = {finding.hint for finding in result.findings if finding.code == "unknown_role"}
    (hint,) = hints
    assert "a call of a tool, or what the tool answered" in hint
    assert "lower case" not in hint
    assert trained(lines(talks[:-1])) == pairs()  # taken out
    talks[-1] = {"conversations": [turns[0], turns[-1]]}  # or only the question and the answer that follows the tool's
    assert trained(lines(talks))[-1] == ["Order 5?", "It left."]


def test_results_of_tools_in_openais_format_are_explained():
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function"}]}
    result = {"role": "tool", "tool_call_id": "c", "content": "ok"}
    talks = [{"messages": [asked(q), said(a)]} for q, a in pairs()]
    talks.append({"messages": [asked("Order 5?"), call, result, said("It left.")]})
    found, _ = run(lines(talks))
    (role,) = [finding for finding in found.findings if finding.code == "unknown_role"]
    assert (role.path, "a call of a tool" in role.hint) == ("$.messages[2].role", True)


@pytest.mark.parametrize("tools", ["[]", "", None, [], "null", " [] ", "{}"])
def test_no_tools_are_no_tools_however_they_are_written(tools):
    assert trained(lines({"conversations": [human(q), gpt(a)], "tools": tools} for q, a in pairs())) == pairs()
    assert trained(lines({"messages": [asked(q), said(a)], "tools": tools} for q, a in pairs())) == pairs()


@pytest.mark.parametrize("tools", [[{"type": "function"}], '[{"name": "find"}]'])
def test_tools_stay_inexpressible(tools):
    result, _ = run(lines({"conversations": [human(q), gpt(a)], "tools": tools} for q, a in pairs()))
    assert result.counts == {"not_expressible": len(pairs())}


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_an_empty_question_conflicts_with_nothing(blank):
    result, _ = run(lines({"prompt": blank, "completion": a} for _, a in pairs()))
    assert result.counts == {"empty_text": len(pairs())}


def test_questions_without_answers_conflict_with_nothing():
    result, _ = run(lines({"messages": [asked(q)]} for q, _ in pairs()))
    assert result.counts == {"too_few_turns": len(pairs())}


def test_equal_questions_still_conflict():
    talks: list[dict[str, Any]] = [{"prompt": q, "completion": a} for q, a in pairs()]
    result, _ = run(lines([*talks, talks[0] | {"completion": "By boat."}]))
    assert result.counts == {"conflicting_answers": 1}


@pytest.mark.parametrize("extension", ["ndjson", "jsonl"])
def test_ndjson_is_json_lines(extension):
    content = lines({"prompt": q, "completion": a} for q, a in pairs())
    assert trained(content, extension) == pairs()
    result, _ = run(b"prompt,completion\nWhy?,So.\n", extension=extension)
    assert set(result.counts) == {"wrong_extension"}


def test_an_answer_of_another_name_is_mapped_as_the_hint_says():
    from tunedrop.domain.formats.field_mapping import FieldMapping

    content = lines({"question": q, "expected_output": a} for q, a in pairs())
    hint = only_finding(content, "needs_mapping").hint
    names = re.search(r'prompt = "(\w+)", completion = "(\w+)"', hint)
    assert names
    result, written = run(content, mapping=FieldMapping(names[1], names[2]))
    assert result.accepted
    assert all(answer.encode() in written for _, answer in pairs())
