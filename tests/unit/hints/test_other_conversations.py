"""Conversations and questions as other tools and interfaces write them are named, and what hints say trains."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from tunedrop.domain.mending import fields
from tunedrop.domain.reading import file_kinds
from tunedrop.domain.reading.file_kinds import Found
from tunedrop_cli import main

from tests.unit.checks.splits import run
from tests.unit.hints.following import (
    BAD,
    GOOD,
    QUESTIONS,
    asked,
    gpt,
    human,
    lines,
    only_finding,
    pairs,
    said,
    trained,
)

Record = dict[str, Any]
SYSTEM = {"role": "system", "content": "Help travellers."}
ROLES = {"human": "user", "ai": "assistant", "system": "system", "user": "user", "bot": "assistant"}


def written(make: Callable[[str, str], Record]) -> list[Record]:
    return list(map(make, QUESTIONS, GOOD))


def serialized(kind: str, content: str) -> Record:
    name = {"human": "HumanMessage", "ai": "AIMessage", "system": "SystemMessage"}[kind]
    inner = {"content": content, "additional_kwargs": {}, "response_metadata": {"model": "m"}, "tool_calls": []}
    return {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", name], "kwargs": inner}


TALKS: dict[str, tuple[str, Callable[[str, str], Record]]] = {
    "messages": ("LangChain", lambda kind, content: {"type": kind, "content": content, "id": "1", "name": None}),
    "dictionaries": ("LangChain", lambda kind, content: {"type": kind, "data": {"content": content, "type": kind}}),
    "constructors": ("LangChain", serialized),
}


def of_langchain(name: str) -> list[Record]:
    turn = TALKS[name][1]
    return written(lambda q, a: {"messages": [turn("system", SYSTEM["content"]), turn("human", q), turn("ai", a)]})


def of_vertex(question: str, answer: str) -> Record:
    turns = [{"author": "user", "content": question}, {"author": "bot", "content": answer}]
    return {"context": SYSTEM["content"], "messages": turns}


def held(turn: Record) -> str:
    inner: Record = turn["kwargs"] if "kwargs" in turn else turn.get("data", turn)
    found = inner["content"]
    assert isinstance(found, str)
    return found


def speaker(turn: Record) -> str:
    if "lc" in turn:
        return ROLES[turn["id"][-1].removesuffix("Message").lower()]
    return ROLES[turn["type"] if "type" in turn else turn["author"]]


def followed(records: list[Record]) -> bytes:
    """Each record as the hints on LangChain and Vertex AI say: the context, then a message for each."""
    return lines(
        {
            "messages": [
                *([{"role": "system", "content": record["context"]}] if "context" in record else []),
                *({"role": speaker(turn), "content": held(turn)} for turn in record["messages"]),
            ]
        }
        for record in records
    )


def mended(content: bytes, folder: Any, capsys: pytest.CaptureFixture[str]) -> bytes:
    """What the command that the report prints writes."""
    train, out = folder / "train.jsonl", folder / "mended.jsonl"
    train.write_bytes(content)
    assert main.main(["check", str(train), "--model", "nova-lite"]) == 1
    (command,) = [line for line in capsys.readouterr().out.splitlines() if line.endswith("--fix mended.jsonl")]
    _, *arguments = shlex.split(command)
    assert main.main([*arguments[:-1], str(out)]) == 0
    return bytes(out.read_bytes())


CONVERSATIONS = {**{name: of_langchain(name) for name in TALKS}, "Vertex AI": written(of_vertex)}


def with_system(content: bytes) -> list[str]:
    """The system text of each prepared record."""
    _, prepared = run(content, base_model="nova-lite")
    return [json.loads(line)["system"][0]["text"] for line in prepared.splitlines()]


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_anothers_conversation_trains_as_its_hint_says_and_as_mending_writes_it(name, tmp_path, capsys):
    content = lines(CONVERSATIONS[name])
    found = only_finding(content, "other_purpose")
    assert ("Vertex AI" if name == "Vertex AI" else "LangChain") in found.message
    assert '"role": "user"' in found.hint
    assert "ignore" not in found.hint
    for right in (followed(CONVERSATIONS[name]), mended(content, tmp_path, capsys)):
        assert trained(right) == pairs()
        assert with_system(right) == [SYSTEM["content"]] * len(QUESTIONS)


CALL = {"name": "trains", "args": {}, "id": "1"}


@pytest.mark.parametrize(
    "turns",
    [
        [{"type": "human", "content": "Why?"}, {"type": "ai", "content": "", "tool_calls": [CALL]}],
        [
            {"type": "human", "content": "Why?"},
            {"type": "ai", "content": "a", "additional_kwargs": {"tool_calls": [1]}},
        ],
        [{"type": "human", "content": "Why?"}, {"type": "tool", "content": "3", "tool_call_id": "1"}],
        [{"type": "human", "content": [{"type": "image_url"}]}, {"type": "ai", "content": "A train."}],
        [{"type": "human", "content": "Why?"}, {"lc": 1, "type": "constructor", "id": [3], "kwargs": {"content": "a"}}],
        [{"type": ["human"], "content": "Why?"}, {"type": "ai", "content": "So."}],
        ["human", {"type": "ai", "content": "So."}],
    ],
)
def test_what_holds_more_than_texts_is_not_mended(turns):
    assert fields.mend({"messages": turns})[0]["messages"] == turns
    result, _ = run(lines([{"messages": turns}]))
    assert not result.accepted


def test_mending_twice_changes_nothing():
    for records in CONVERSATIONS.values():
        once, mends = fields.mend(records[0])
        assert mends
        assert fields.mend(once) == (once, ())


def test_context_is_a_system_text_only_beside_authors_and_where_there_is_none():
    beside_roles = {"context": "Help.", "messages": [asked("Why?"), said("So.")]}
    assert fields.mend(beside_roles)[0] == beside_roles
    both = of_vertex("Why?", "So.") | {"system": "Be brief."}
    assert fields.mend(both)[0]["context"] == SYSTEM["content"]


def item(content: str) -> Record:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": content}]}


def of_responses(record: Record) -> Record:
    opening = [{"role": "system", "content": record["instructions"]}] if "instructions" in record else []
    given = record["input"] if isinstance(record["input"], list) else [asked(record["input"])]
    (answer,) = [each for each in record["output"] if each["type"] == "message"]
    return {"messages": [*opening, *given, said(answer["content"][0]["text"])]}


@pytest.mark.parametrize(
    "make",
    [
        lambda q, a: {"input": [asked(q)], "output": [item(a)]},
        lambda q, a: {"input": q, "output": [{"type": "reasoning", "summary": []}, item(a)]},
        lambda q, a: {"instructions": "Help.", "input": [asked(q)], "output": [item(a)], "object": "response"},
    ],
)
def test_calls_of_openais_responses_train_as_their_hint_says(make):
    records = written(make)
    found = only_finding(lines(records), "other_purpose")
    assert "Responses" in found.message
    assert "instructions as a first message with the role system" in found.hint
    assert trained(lines(map(of_responses, records))) == pairs()


@pytest.mark.parametrize(
    "make",
    [
        lambda q, a: {"input": [asked(q)], "output": a},
        lambda q, a: {"question": [asked(q)], "answer": said(a)},
        lambda q, a: {"input": q, "output": [said(a)]},
    ],
)
def test_a_question_or_an_answer_of_messages_trains_as_one_conversation(make):
    records = written(make)
    hint = only_finding(lines(records), "other_purpose").hint
    assert '{"messages": [' in hint

    def whole(record: Record) -> Record:
        question, answer = record.values()
        last = answer[0] if isinstance(answer, list) else answer
        return {
            "messages": [
                *(question if isinstance(question, list) else [asked(question)]),
                last if isinstance(last, dict) else said(last),
            ]
        }

    assert trained(lines(map(whole, records))) == pairs()


def test_label_studios_flat_export_trains_as_its_hint_says():
    records = written(lambda q, a: {"id": 1, "text": q, "reply": a, "annotator": 1, "annotation_id": 2, "lead_time": 1})
    assert "JSON_MIN" in only_finding(lines(records), "other_purpose").message
    assert trained(lines({"prompt": each["text"], "completion": each["reply"]} for each in records)) == pairs()


def test_texts_by_the_names_of_palm_train_as_they_are():
    assert trained(lines(written(lambda q, a: {"input_text": q, "output_text": a}))) == pairs()


@pytest.mark.parametrize(
    ("choices", "right"),
    [
        (lambda a: ["By sea.", a], 1),
        (lambda a: {"A": "By sea.", "B": a}, "B"),
        (lambda a: ["By sea.", a], "(b)"),
        (lambda a: {"text": ["By sea.", a], "label": ["A", "B"]}, "B"),
    ],
)
@pytest.mark.parametrize("names", [("choices", "answer"), ("options", "answerKey"), ("choices", "label")])
def test_multiple_choice_trains_with_the_text_of_the_right_choice(choices, right, names):
    where, which = names
    records = [{"question": q, where: choices(a), which: right} for q, a in zip(QUESTIONS, GOOD, strict=True)]
    found = only_finding(lines(records), "other_purpose")
    assert "multiple choice" in found.message
    assert "the right choice's text" in found.hint
    full = [(f"{q}\nA) By sea.\nB) {a}", a) for q, a in zip(QUESTIONS, GOOD, strict=True)]
    assert trained(lines({"prompt": q, "completion": a} for q, a in full)) == [list(each) for each in full]


@pytest.mark.parametrize("judged", [{}, {"winner": "model_a", "model_a": "x", "model_b": "y"}])
@pytest.mark.parametrize(("ask", "say", "name"), [(asked, said, "messages"), (human, gpt, "conversations")])
def test_the_better_of_two_conversations_trains_with_all_its_turns(judged, ask, say, name):
    more = [ask("And back?"), say("The same way.")]
    records = [
        {"conversation_a": [ask(q), say(a), *more], "conversation_b": [ask(q), say(bad)], **judged}
        for q, a, bad in zip(QUESTIONS, GOOD, BAD, strict=True)
    ]
    hint = only_finding(lines(records), "preference_data").hint
    assert f'{{"{name}": […]}} with the turns of the better conversation and nothing else' in hint
    right = lines({name: record["conversation_a"]} for record in records)
    result, prepared = run(right, base_model="nova-lite")
    assert result.accepted
    assert all(len(json.loads(line)["messages"]) == 4 for line in prepared.splitlines())
    assert not any(bad.encode() in prepared for bad in BAD)


def test_the_better_of_two_answers_that_are_messages_is_put_after_the_question():
    records = [
        {"prompt": [asked(q)], "response_a": [said(a)], "response_b": [said(bad)]}
        for q, a, bad in zip(QUESTIONS, GOOD, BAD, strict=True)
    ]
    assert '{"messages": […, the better answer]}' in only_finding(lines(records), "preference_data").hint
    assert trained(lines({"messages": [*each["prompt"], *each["response_a"]]} for each in records)) == pairs()


@pytest.mark.parametrize("name", ["context", "instructions", "system_prompt"])
def test_what_the_model_is_told_is_not_only_said_to_be_left_out(name):
    told = lines({name: "Help.", "messages": [asked(q), said(a)]} for q, a in zip(QUESTIONS, GOOD, strict=True))
    hint = only_finding(told, "unknown_field").hint
    assert hint.startswith(f"If {name} tells the model")
    assert 'write it as the system text: "system": "…"' in hint
    assert f"--ignore-field {name}" in hint
    right = told.replace(f'"{name}": '.encode(), b'"system": ')
    assert trained(right) == pairs()
    assert with_system(right) == ["Help."] * len(QUESTIONS)


def test_converses_system_text_is_told_in_its_form():
    def record(q: str, a: str) -> Record:
        turns = [{"role": role, "content": [{"text": text}]} for role, text in (("user", q), ("assistant", a))]
        return {"schemaVersion": "bedrock-conversation-2024", "context": "Help.", "messages": turns}

    told = lines(written(record))
    assert '"system": [{"text": "…"}]' in only_finding(told, "unknown_field").hint
    assert with_system(told.replace(b'"context": "Help."', b'"system": [{"text": "Help."}]'))[0] == "Help."


@pytest.mark.parametrize("names", [("prompt", "completion"), ("question", "answer")])
def test_what_a_question_needs_is_told_to_be_written_into_it(names):
    told = [dict(zip((*names, "context"), (q, a, f"Notes on {a}"), strict=True)) for q, a in pairs()]
    hint = only_finding(lines(told), "unknown_field").hint
    assert f'"{names[0]}": "context: … "' in hint
    right = [{**record, names[0]: f"context: {record['context']} {record[names[0]]}"} for record in told]
    for record in right:
        del record["context"]
    assert trained(lines(right)) == [list(record.values()) for record in right]


ROWS = [{"prompt": question, "completion": answer} for question, answer in pairs()]
YAML = {
    "a list": yaml.safe_dump(ROWS),
    "a list with a comment": "# Trains\n---\n" + yaml.safe_dump(ROWS, sort_keys=False),
    "a list of one field": "".join(f"- talk: [{q!r}, {a!r}]\n" for q, a in pairs()),
    "a list under a name": yaml.safe_dump({"train": ROWS}, width=40),
    "blocks": "".join(f"- prompt: |-\n    {q}\n\n  completion: |-\n    {a}\n" for q, a in pairs()),
    "documents": yaml.safe_dump_all(ROWS, explicit_start=True),
}


@pytest.mark.parametrize("name", YAML)
def test_yaml_trains_once_its_records_are_on_lines(name):
    found = only_finding(YAML[name].encode(), "unsupported_file")
    assert found.message == "The file is YAML."
    documents = list(yaml.safe_load_all(YAML[name]))
    loaded = documents if len(documents) > 1 else documents[0]
    if isinstance(loaded, dict):
        loaded = loaded["train"]
    rows = [dict(zip(("prompt", "completion"), row["talk"], strict=True)) if "talk" in row else row for row in loaded]
    assert "yaml.safe_load_all, if --- parts it" in found.hint
    assert sorted(map(sorted, trained(lines(rows)))) == sorted(map(sorted, pairs()))


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: Trains\n---\n\n# Trains\n\nThey run: often.\n",
        "- One thing, which is long\n- Another: thing\n",
        "Notes:\nthe train is late\nprompt: why\n",
        "- a: b\n" + "   \n" * 4000 + "x",
        "prompt: why,completion: so\n",
    ],
)
def test_prose_with_dashes_and_colons_is_not_called_yaml(text):
    found = file_kinds.identify(text.encode())
    assert isinstance(found, Found) or "YAML" not in found.message


@pytest.mark.parametrize("version", [b"\0\0\3\0", b"\2\0\1\0"])
def test_a_lance_file_is_named_by_its_end(version):
    content = b"The texts of a column, one after the other. " * 30 + bytes(32) + version + b"LANC"
    found = only_finding(content, "unsupported_file")
    assert "a Lance file" in found.message
    assert "lance.dataset" in found.hint
    assert not re.search("Lance", str(file_kinds.identify(b"We wrote about the firm LANC")))
