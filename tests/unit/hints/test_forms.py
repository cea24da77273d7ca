"""A value of another type is told with the form that the format wants, and in that form the record trains."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.checks.splits import run
from tests.unit.hints.following import asked, lines, pairs, said, trained

Record = dict[str, Any]
VERSION = {"schemaVersion": "bedrock-conversation-2024"}


def blocks(text: str) -> list[Record]:
    return [{"text": text}]


def converse(q: Any, a: Any) -> Record:
    return VERSION | {"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]}


WRONG: list[tuple[str, str, Any, Any]] = [
    (
        "Converse's content as a string",
        '"content": [{"text": "…"}]',
        lambda q, a: VERSION | {"messages": [asked(q), {"role": "assistant", "content": blocks(a)}]},
        lambda q, a: converse(blocks(q), blocks(a)),
    ),
    (
        "Converse's content as an object",
        '"content": [{"text": "…"}]',
        lambda q, a: converse({"text": q}, blocks(a)),
        lambda q, a: converse(blocks(q), blocks(a)),
    ),
    (
        "Converse's system as an object",
        '"system": [{"text": "…"}]',
        lambda q, a: converse(blocks(q), blocks(a)) | {"system": {"text": "Help."}},
        lambda q, a: converse(blocks(q), blocks(a)) | {"system": blocks("Help.")},
    ),
    (
        "blocks as strings",
        '{"text": "…"}',
        lambda q, a: converse([q], [a]),
        lambda q, a: converse(blocks(q), blocks(a)),
    ),
    (
        "a number as a completion",
        '"completion": "…"',
        lambda q, a: {"prompt": q, "completion": int("".join(filter(str.isdigit, a)) or 0)},
        lambda q, a: {"prompt": q, "completion": str(int("".join(filter(str.isdigit, a)) or 0))},
    ),
    (
        "an object as a completion",
        '"completion": "…"',
        lambda q, a: {"prompt": q, "completion": {"answer": a}},
        lambda q, a: {"prompt": q, "completion": json.dumps({"answer": a})},
    ),
    (
        "prompt and completion as messages",
        '{"messages": […]}',
        lambda q, a: {"prompt": [asked(q)], "completion": [said(a)]},
        lambda q, a: {"messages": [asked(q), said(a)]},
    ),
    (
        "messages as one object",
        '"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]',
        lambda q, a: {"messages": {"user": q, "assistant": a}},
        lambda q, a: {"messages": [asked(q), said(a)]},
    ),
    (
        "messages without roles",
        '{"role": "user", "content": "…"} or {"role": "assistant", "content": "…"}',
        lambda q, a: {"messages": [{"user": q}, {"assistant": a}]},
        lambda q, a: {"messages": [asked(q), said(a)]},
    ),
    (
        "turns without values",
        '{"from": "human", "value": "…"} or {"from": "gpt", "value": "…"}',
        lambda q, a: {"conversations": [{"from": "human", "text": q}, {"from": "gpt", "text": a}]},
        lambda q, a: {"conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}]},
    ),
    (
        "conversations as one object",
        '"conversations": [{"from": "human", "value": "…"}, {"from": "gpt", "value": "…"}]',
        lambda q, a: {"conversations": {"human": q, "gpt": a}},
        lambda q, a: {"conversations": [{"from": "human", "value": q}, {"from": "gpt", "value": a}]},
    ),
    (
        "a history of texts",
        '"history": [["a question before", "the answer to it"]]',
        lambda q, a: {"instruction": q, "output": a, "history": ["Hello?"]},
        lambda q, a: {"instruction": q, "output": a, "history": []},
    ),
]


@pytest.mark.parametrize(("form", "wrong", "right"), [each[1:] for each in WRONG], ids=[each[0] for each in WRONG])
def test_the_hint_shows_the_form_and_in_that_form_the_records_train(form, wrong, right):
    made = [wrong(*texts) for texts in pairs()]
    result, _ = run(lines(made))
    hints = [finding.hint for finding in result.findings if finding.code in {"wrong_type", "missing_field"}]
    assert len(hints) == len(made)
    assert all(form in hint for hint in hints), hints[0]
    assert [turns[0] for turns in trained(lines(right(*texts) for texts in pairs()))] == [q for q, _ in pairs()]
