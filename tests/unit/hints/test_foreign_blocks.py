"""Images, files and calls of tools are named with where they lie, and what remains without them trains."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.checks.splits import run
from tests.unit.hints.following import QUESTIONS, asked, human, lines, pairs, said, trained

Json = dict[str, Any]
INLINE = "iVBORw0KGgoSECRET"
IN_S3 = {"s3Location": {"uri": "s3://acme/a.png"}}
OPENAI: list[tuple[Json, str]] = [
    ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{INLINE}"}}, "An image as inline data"),
    ({"type": "image_url", "image_url": {"url": "https://example.com/SECRET"}}, "An image by its address"),
    ({"type": "input_image", "image_url": "https://example.com/SECRET"}, "An image by its address"),
    ({"type": "file", "file": {"filename": "a.pdf", "file_data": INLINE}}, "A file as inline data"),
    ({"type": "file", "file": {"file_id": "file-SECRET"}}, "A file by an id"),
    ({"type": "input_audio", "input_audio": {"data": INLINE, "format": "wav"}}, "A sound recording as inline data"),
    ({"type": "image", "source": {"type": "base64", "data": INLINE}}, "An image as inline data"),
    ({"type": "document", "source": {"type": "url", "url": "https://example.com/SECRET"}}, "A document by its address"),
    ({"type": "image", "source": {}}, "An image"),
    ({"type": "tool_use", "id": "1", "name": "SECRET", "input": {}}, "A call of a tool"),
    ({"type": "tool_result", "tool_use_id": "1", "content": "SECRET"}, "A tool's result"),
    ({"type": "thinking", "thinking": "SECRET"}, "Reasoning"),
    ({"type": "hologram", "data": INLINE}, "A block that is not text"),
]
CONVERSE: list[tuple[Json, str]] = [
    ({"image": {"format": "png", "source": IN_S3}}, "An image in S3"),
    ({"image": {"format": "png", "source": {"bytes": INLINE}}}, "An image as inline data"),
    ({"video": {"format": "mp4", "source": IN_S3}}, "A video in S3"),
    ({"document": {"format": "pdf", "name": "SECRET", "source": IN_S3}}, "A document in S3"),
    ({"toolUse": {"toolUseId": "1", "name": "SECRET", "input": {}}}, "A call of a tool"),
]


def told(content: bytes, base_model: str = "nova-lite") -> Any:
    result, _ = run(content, base_model=base_model)
    (found,) = [each for each in result.findings if each.code == "not_expressible"]
    return found


@pytest.mark.parametrize("base_model", ["nova-micro", "claude-3-haiku", "llama-3-1-8b"])
@pytest.mark.parametrize(("block", "what"), [*OPENAI, *CONVERSE])
def test_a_block_that_is_not_text_is_named_with_where_it_lies_and_never_quoted(block, what, base_model):
    turns: list[Json]
    if "type" in block:
        turns = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, block]}, said("A cat.")]
        document: Json = {"messages": turns}
    else:
        turns = [{"role": "user", "content": [{"text": "What is it?"}, block]}]
        turns.append({"role": "assistant", "content": [{"text": "A cat."}]})
        document = {"schemaVersion": "bedrock-conversation-2024", "messages": turns}
    found = told(lines([document]), base_model)
    on_files = what.startswith(("An image", "A document", "A file"))
    why = f"{base_model} does not train on it" if on_files else "this release trains on text"
    assert found.message == f"{what} (user); {why}."
    assert found.path == "$.messages[0].content[1]"
    assert "SECRET" not in found.hint
    assert ("nova-2-lite" in found.hint) == on_files


@pytest.mark.parametrize("name", ["tool_calls", "function_call"])
def test_calls_and_results_beside_the_content_are_named_too(name):
    call = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    turns = [asked("Why?"), {"role": "assistant", name: call if name == "tool_calls" else call[0]["function"]}]
    content = lines([{"messages": [*turns, {"role": "tool", "content": "7"}, said("It is 7.")]}])
    result, _ = run(content, base_model="nova-lite")
    named = [each.message.partition(" (")[0] for each in result.findings if each.code == "not_expressible"]
    assert named == ["A call of a tool", "A tool's result"]


def test_texts_of_openais_responses_train_once_they_are_written_as_the_hint_says():
    def turns(question: str, answer: str, kinds: tuple[str, str]) -> list[Json]:
        texts = zip(("user", "assistant"), kinds, (question, answer), strict=True)
        return [{"role": role, "content": [{"type": kind, "text": text}]} for role, kind, text in texts]

    first = lines([{"messages": turns(*pairs()[0], ("input_text", "text"))}])
    written = json.loads(told(first).hint.removeprefix("Write it as "))
    assert written == {"type": "text", "text": "…"}
    kinds = (written["type"], written["type"])
    assert trained(lines({"messages": turns(*pair, kinds)} for pair in pairs())) == pairs()


@pytest.mark.parametrize(("mark", "field"), [("<image>", "images"), ("<image>", "image"), ("<video>", "videos")])
def test_texts_about_an_image_beside_them_are_never_trained_on_without_it(mark, field):
    turns = [human(f"{mark}\n{QUESTIONS[0]}"), {"from": "gpt", "value": "A cat."}]
    found = told(lines([{"conversations": turns, field: ["a.png"]}]))
    assert (mark in found.message, repr(field) in found.message) == (True, True)
    assert "--ignore-field" not in found.hint


def test_a_field_of_images_that_no_text_refers_to_may_be_ignored():
    result, _ = run(lines([{"prompt": "Why?", "completion": "So.", "image": "a.png"}]))
    (found,) = [each for each in result.findings if each.code != "too_few_records"]
    assert (found.code, "--ignore-field image" in found.hint) == ("unknown_field", True)
