"""Records of other tools and for other purposes are called by their names, and what their hints say trains."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.hints.following import GOOD, QUESTIONS, asked, lines, only_finding, pairs, said, trained

Record = dict[str, Any]


def pair(question: str, answer: str) -> Record:
    return {"prompt": question, "completion": answer}


def talk(question: str, answer: str) -> Record:
    return {"messages": [asked(question), said(answer)]}


def text(block: Any) -> str:
    return "".join(part["text"] for part in block)


def parts(role: str, said_: str) -> Record:
    return {"role": role, "parts": [{"text": said_}]}


def from_gemini(record: Record) -> Record:
    contents = [
        {"role": "assistant" if each["role"] == "model" else each["role"], "content": text(each["parts"])}
        for each in record["contents"]
    ]
    opening = record.get("systemInstruction")
    return {"messages": [{"role": "system", "content": text(opening["parts"])}, *contents] if opening else contents}


def chatgpt(question: str, answer: str) -> Record:
    def node(name: str, parent: str | None, role: str, content: str) -> Record:
        message = {"author": {"role": role}, "content": {"content_type": "text", "parts": [content]}}
        return {"id": name, "parent": parent, "children": [], "message": message}

    return {
        "title": "Trains",
        "mapping": {
            "root": {"id": "root", "parent": None, "children": ["a"], "message": None},
            "a": node("a", "root", "user", question),
            "x": node("x", "a", "assistant", "A first answer, which the person asked again for."),
            "b": node("b", "a", "assistant", answer),
        },
        "current_node": "b",
    }


def from_chatgpt(record: Record) -> Record:
    found, place = [], record["current_node"]
    while place is not None:
        node = record["mapping"][place]
        if message := node["message"]:
            found.append({"role": message["author"]["role"], "content": "".join(message["content"]["parts"])})
        place = node["parent"]
    return {"messages": found[::-1]}


def oasst_tree(question: str, answer: str) -> Record:
    replies = [{"text": "A worse one.", "role": "assistant", "rank": 1, "replies": []},
               {"text": answer, "role": "assistant", "rank": 0, "replies": []}]  # fmt: skip
    return {
        "message_tree_id": "t",
        "tree_state": "ready_for_export",
        "prompt": {"text": question, "role": "prompter", "replies": replies},
    }


def from_oasst_tree(record: Record) -> Record:
    best = min(record["prompt"]["replies"], key=lambda reply: reply["rank"])
    return talk(record["prompt"]["text"], best["text"])


def labelled(question: str, answer: str) -> Record:
    result = {"value": {"text": [answer]}, "from_name": "answer", "to_name": "question", "type": "textarea"}
    annotations = [{"id": 1, "completed_by": 1, "result": [result], "was_cancelled": False}]
    return {"id": 1, "data": {"question": question}, "annotations": annotations, "predictions": []}


def invocation(question: str, answer: str) -> Record:
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": "2026-11-30T10:00:00Z",
        "operation": "Converse",
        "modelId": "amazon.nova-lite-v1:0",
        "input": {"inputBodyJson": {"messages": [{"role": "user", "content": [{"text": question}]}]}},
        "output": {"outputBodyJson": {"output": {"message": {"role": "assistant", "content": [{"text": answer}]}}}},
    }


def batch(question: str, answer: str) -> Record:
    return {
        "recordId": "1",
        "modelInput": {"messages": [asked(question)], "max_tokens": 200},
        "modelOutput": {"role": "assistant", "content": [{"type": "text", "text": answer}]},
    }


Case = tuple[str, Callable[[str, str], Record], Callable[[Record], Record] | None]
CASES: dict[str, Case] = {
    "Bedrock's evaluation": (
        "model evaluation",
        lambda q, a: {"prompt": q, "referenceResponse": a, "category": "trains"},
        lambda r: pair(r["prompt"], r["referenceResponse"]),
    ),
    "Bedrock's evaluation, answered": (
        "model evaluation",
        lambda q, a: {
            "prompt": q,
            "referenceResponse": a,
            "modelResponses": [{"response": "By bus.", "modelIdentifier": "m"}],
        },
        lambda r: pair(r["prompt"], r["referenceResponse"]),
    ),
    "Bedrock's evaluation, judged": (
        "model evaluation",
        lambda q, a: {
            "automatedEvaluationResult": {"scores": [{"metricName": "Accuracy", "result": 0.2}]},
            "inputRecord": {"prompt": q, "referenceResponse": a},
            "modelResponses": [{"response": "By bus.", "modelIdentifier": "m"}],
        },
        lambda r: pair(r["inputRecord"]["prompt"], r["inputRecord"]["referenceResponse"]),
    ),
    "Bedrock's evaluation of retrieval": (
        "evaluation of retrieval",
        lambda q, a: {
            "conversationTurns": [
                {"prompt": {"content": [{"text": q}]}, "referenceResponses": [{"content": [{"text": a}]}]}
            ]
        },
        lambda r: pair(
            text(r["conversationTurns"][0]["prompt"]["content"]),
            text(r["conversationTurns"][0]["referenceResponses"][0]["content"]),
        ),
    ),
    "Bedrock's reinforcement fine-tuning": (
        "reinforcement fine-tuning",
        lambda q, a: {"messages": [asked(q)], "reference_answer": a, "task_id": "t1"},
        lambda r: {"messages": [*r["messages"], said(r["reference_answer"])]},
    ),
    "another library's reinforcement": (
        "reinforcement fine-tuning",
        lambda q, a: {
            "data_source": "trains",
            "prompt": [asked(q)],
            "reward_model": {"style": "rule", "ground_truth": a},
        },
        lambda r: {"messages": [*r["prompt"], said(r["reward_model"]["ground_truth"])]},
    ),
    "a request of Bedrock's batch inference": (
        "request for Bedrock's batch",
        lambda q, a: {"recordId": "1", "modelInput": {"messages": [asked(q)]}},
        None,
    ),
    "a result of Bedrock's batch inference": (
        "result of Bedrock's batch",
        batch,
        lambda r: {"messages": [*r["modelInput"]["messages"], said(text(r["modelOutput"]["content"]))]},
    ),
    "Bedrock's invocation log": (
        "model invocation log",
        invocation,
        lambda r: talk(
            text(r["input"]["inputBodyJson"]["messages"][0]["content"]),
            text(r["output"]["outputBodyJson"]["output"]["message"]["content"]),
        ),
    ),
    "a request of OpenAI's batches": (
        "request of a batch",
        lambda q, a: {"custom_id": "1", "method": "POST", "url": "/v1/chat", "body": {"messages": [asked(q)]}},
        None,
    ),
    "a result of a batch": (
        "result of a batch",
        lambda q, a: {"custom_id": "1", "response": {"body": {"choices": [{"message": said(a)}]}}, "error": None},
        None,
    ),
    "a response of OpenAI's": (
        "response of OpenAI's API",
        lambda q, a: {"id": "1", "object": "chat.completion", "choices": [{"index": 0, "message": said(a)}]},
        None,
    ),
    "OpenAI's evals": (
        "OpenAI's evals",
        lambda q, a: {"input": [asked(q)], "ideal": a},
        lambda r: {"messages": [*r["input"], said(r["ideal"])]},
    ),
    "OpenAI's evals, several ideals": (
        "OpenAI's evals",
        lambda q, a: {"input": [asked(q)], "ideal": [a, "By bus."]},
        lambda r: {"messages": [*r["input"], said(r["ideal"][0])]},
    ),
    "OpenAI's items": (
        "OpenAI's evals",
        lambda q, a: {"item": {"question": q, "correct": a}},
        lambda r: pair(r["item"]["question"], r["item"]["correct"]),
    ),
    "OpenAI's items with samples": (
        "OpenAI's evals",
        lambda q, a: {"item": {"question": q, "correct": a}, "sample": {"output_text": "By bus."}},
        lambda r: pair(r["item"]["question"], r["item"]["correct"]),
    ),
    "a log of calls": (
        "log of calls",
        lambda q, a: {"request": {"messages": [asked(q)]}, "response": {"choices": [{"message": said(a)}]}},
        lambda r: {"messages": [*r["request"]["messages"], r["response"]["choices"][0]["message"]]},
    ),
    "Gemini": (
        "Gemini",
        lambda q, a: {"contents": [parts("user", q), parts("model", a)]},
        from_gemini,
    ),
    "Label Studio": (
        "Label Studio",
        labelled,
        lambda r: pair(r["data"]["question"], r["annotations"][0]["result"][0]["value"]["text"][0]),
    ),
    "Argilla": (
        "Argilla",
        lambda q, a: {
            "fields": {"question": q, "answer": "A draft."},
            "responses": {"answer": [{"value": a, "user_id": "u", "status": "submitted"}]},
            "suggestions": {},
            "status": "completed",
        },
        lambda r: pair(r["fields"]["question"], r["responses"]["answer"][0]["value"]),
    ),
    "Prodigy": (
        "Prodigy",
        lambda q, a: {"text": q, "label": a, "_input_hash": 1, "_task_hash": 2, "answer": "accept"},
        lambda r: pair(r["text"], r["label"]),
    ),
    "LangSmith": (
        "LangSmith",
        lambda q, a: {"inputs": {"question": q}, "outputs": {"answer": a}, "metadata": {}},
        lambda r: pair(r["inputs"]["question"], r["outputs"]["answer"]),
    ),
    "LangSmith's chats": (
        "LangSmith",
        lambda q, a: {"inputs": {"messages": [asked(q)]}, "outputs": {"message": said(a)}},
        lambda r: {"messages": [*r["inputs"]["messages"], r["outputs"]["message"]]},
    ),
    "ChatGPT": ("ChatGPT", chatgpt, from_chatgpt),
    "Claude": (
        "Claude",
        lambda q, a: {
            "uuid": "1",
            "name": "Trains",
            "chat_messages": [{"sender": "human", "text": q}, {"sender": "assistant", "text": a}],
        },
        lambda r: {
            "messages": [
                {"role": "user" if turn["sender"] == "human" else turn["sender"], "content": turn["text"]}
                for turn in r["chat_messages"]
            ]
        },
    ),
    "Open Assistant": ("Open Assistant", oasst_tree, from_oasst_tree),
    "Open Assistant, a message each": (
        "Open Assistant",
        lambda q, a: {"message_id": "2", "parent_id": "1", "text": a, "role": "assistant", "lang": "en"},
        None,
    ),
}
"""What the message says, a record, and the record as the hint says to write it; None if one record is not enough."""


@pytest.mark.parametrize("name", CASES)
def test_a_record_for_another_purpose_is_called_by_its_name_and_nothing_is_said_of_answers(name):
    what, make, _ = CASES[name]
    found = only_finding(lines(map(make, QUESTIONS, GOOD)), "other_purpose")
    assert what in found.message
    assert '{"messages": [' in found.hint or '{"prompt": ' in found.hint


@pytest.mark.parametrize("name", [name for name, (_, _, follow) in CASES.items() if follow])
def test_what_its_hint_says_trains(name):
    _, make, follow = CASES[name]
    records = list(map(make, QUESTIONS, GOOD))
    hint = only_finding(lines(records), "other_purpose").hint
    assert follow is not None
    written = [follow(record) for record in records]
    assert any(set(re.findall(r'"(messages|prompt|completion)": ', form)) == set(written[0])
               for form in re.findall(r"\{.*?\}(?=[\s:.,;]|$)", hint))  # fmt: skip
    assert trained(lines(written)) == pairs()


def test_lines_of_a_containers_log_train_once_what_is_around_them_is_gone():
    rows = [json.dumps(pair(q, a)) + "\n" for q, a in zip(QUESTIONS, GOOD, strict=True)]
    logged = lines({"log": row, "stream": "stdout", "time": "2026-11-30T10:00:00Z"} for row in rows)
    assert "container's log" in only_finding(logged, "other_purpose").message
    assert trained("".join(rows).encode()) == pairs()


@pytest.mark.parametrize(
    "template",
    [
        "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n{}<|im_end|>",
        "<|start_header_id|>user<|end_header_id|>\n\n{}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n{}",
        "<start_of_turn>user\n{}<end_of_turn>\n<start_of_turn>model\n{}<end_of_turn>",
        "<|user|>\n{}</s>\n<|assistant|>\n{}</s>",
        "<s>[INST] {} [/INST] {} </s>",
        "### Instruction:\n{}\n\n### Response:\n{}",
    ],
)
def test_a_conversation_written_out_with_a_template_is_said_to_be_one(template):
    written = lines({"text": template.format(q, a)} for q, a in zip(QUESTIONS, GOOD, strict=True))
    hint = only_finding(written, "raw_text").hint
    assert "none of the marks" in hint
    assert '{"messages": [' in hint


def test_text_without_a_templates_marks_is_not_said_to_have_any():
    written = lines({"text": f"{q} {a}"} for q, a in zip(QUESTIONS, GOOD, strict=True))
    assert "marks" not in only_finding(written, "raw_text").hint


def test_answers_of_a_batch_train_once_they_are_beside_their_questions():
    requests = [
        CASES["a request of OpenAI's batches"][1](q, "") | {"custom_id": str(n)} for n, q in enumerate(QUESTIONS)
    ]
    results = [CASES["a result of a batch"][1]("", a) | {"custom_id": str(n)} for n, a in enumerate(GOOD)]
    beside = {each["custom_id"]: each["response"]["body"]["choices"][0]["message"] for each in reversed(results)}
    written = [{"messages": [*each["body"]["messages"], beside[each["custom_id"]]]} for each in requests]
    assert trained(lines(written)) == pairs()


def test_an_instruction_of_gemini_becomes_the_system_text():
    records = [
        {"systemInstruction": parts("system", "Help."), "contents": [parts("user", q), parts("model", a)]}
        for q, a in zip(QUESTIONS, GOOD, strict=True)
    ]
    assert "systemInstruction" in only_finding(lines(records), "other_purpose").hint
    assert trained(lines(map(from_gemini, records))) == pairs()


def test_messages_of_a_tree_train_once_they_are_in_their_order():
    rows = [
        row
        for number, (q, a) in enumerate(zip(QUESTIONS, GOOD, strict=True))
        for row in (
            {"message_id": f"{number}q", "parent_id": None, "text": q, "role": "prompter"},
            {"message_id": f"{number}a", "parent_id": f"{number}q", "text": a, "role": "assistant"},
        )
    ]
    assert only_finding(lines(rows), "other_purpose")
    by_id = {row["message_id"]: row for row in rows}
    written = []
    for last in (row for row in rows if row["role"] == "assistant"):
        way = [last]
        while way[-1]["parent_id"] is not None:
            way.append(by_id[way[-1]["parent_id"]])
        written.append(
            {
                "messages": [
                    {"role": "user" if row["role"] == "prompter" else row["role"], "content": row["text"]}
                    for row in reversed(way)
                ]
            }
        )
    assert trained(lines(written)) == pairs()
