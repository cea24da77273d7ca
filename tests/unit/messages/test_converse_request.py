"""A request in Converse's format: what each base model can do is passed on, whatever else is refused by name."""

from __future__ import annotations

import base64

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator
from tunedrop.domain.base_models.catalogue import Answering, catalogue
from tunedrop.domain.messages import converse_request, messages_request
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.message_events import to_json
from tunedrop.domain.messages.messages_request import MessagesRequest, MessageTurn

ASKED = MessagesRequest("support-bot", 100, (MessageTurn("user", "Hi"),))
TEXT = Answering()
ALL = Answering(("auto", "any", "tool"), streams_tools=True, reads=frozenset({"image", "document"}))
PICTURE = base64.b64encode(b"picture").decode()
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE}}
PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PICTURE}}
TOOL = {"name": "find", "description": "Finds an order.", "input_schema": {"type": "object"}}
CALLED = {"type": "tool_use", "id": "t1", "name": "find", "input": {"order": 7}}


def result(content, **more):
    return {"type": "tool_result", "tool_use_id": "t1", "content": content, **more}


def parsed(content="Hi", role="user", **fields) -> MessagesRequest:
    """A request as a caller sends it; `content` is that of its last message."""
    first = [] if role == "user" else [{"role": "user", "content": "Hi"}]
    body = {"model": "m", "max_tokens": 9, "messages": [*first, {"role": role, "content": content}], **fields}
    return messages_request.parse(to_json(body))


def of(content, role="user", can=ALL, **fields):
    """The last message's content as Converse gets it."""
    arguments = converse_request.arguments(parsed(content, role, **fields), can)
    shape = get_session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape
    assert not ParamValidator().validate({"modelId": "m", **arguments}, shape).has_errors()
    return arguments["messages"][-1]["content"]


def tools(can=ALL, **fields):
    return converse_request.arguments(parsed(**{"tools": [TOOL], **fields}), can).get("toolConfig")


def test_a_request_becomes_what_converse_takes():
    asked = MessagesRequest(
        "support-bot",
        50,
        (
            MessageTurn("user", "One"),
            MessageTurn("user", "Two"),
            MessageTurn("assistant", ({"type": "text", "text": "Three"},)),
        ),
        system="Be brief.",
        temperature=0.0,
        top_p=0.9,
        stop_sequences=("END",),
    )
    assert converse_request.arguments(asked, TEXT) == {
        "messages": [
            {"role": "user", "content": [{"text": "One"}, {"text": "Two"}]},
            {"role": "assistant", "content": [{"text": "Three"}]},
        ],
        "system": [{"text": "Be brief."}],
        "inferenceConfig": {"maxTokens": 50, "temperature": 0.0, "topP": 0.9, "stopSequences": ["END"]},
    }


def test_what_the_caller_did_not_say_is_not_said_to_bedrock():
    assert converse_request.arguments(ASKED, TEXT) == {
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "inferenceConfig": {"maxTokens": 100},
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"tools": (TOOL,)},
            "tools: the base model of deployment 'support-bot' takes no tools; leave them out",
        ),
        ({"top_k": 0}, "top_k: the base model of deployment 'support-bot' does not take it; leave it out"),
        (
            {"turns": (MessageTurn("user", "Hi"), MessageTurn("user", ({"type": "image", "source": {}},)))},
            "messages.1.content.0.type: this deployment takes text, not image",
        ),
        (
            {"system": ({"type": "text", "text": "x", "citations": []},)},
            "system.0.citations: a block of this deployment has type, text only",
        ),
        ({"stop_sequences": ("x",) * 2501}, "stop_sequences: at most 2,500 for this deployment"),
    ],
)
def test_what_has_no_place_in_converse_is_refused_not_dropped(changes, message):
    fields = {"model": ASKED.model, "max_tokens": 1, "turns": ASKED.turns, **changes}
    with pytest.raises(ApiError) as caught:
        converse_request.arguments(MessagesRequest(**fields), TEXT)
    assert (caught.value.status, caught.value.message) == (400, message)


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (IMAGE, {"image": {"format": "png", "source": {"bytes": b"picture"}}}),
        (PDF, {"document": {"format": "pdf", "name": "document", "source": {"bytes": b"picture"}}}),
        (
            {**PDF, "title": "Form 7_b: returns", "citations": {"enabled": False}},
            {"document": {"format": "pdf", "name": "Form 7 b returns", "source": {"bytes": b"picture"}}},
        ),
        (
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Hi"}},
            {"document": {"format": "txt", "name": "document", "source": {"bytes": b"Hi"}}},
        ),
        (result("Sent."), {"toolResult": {"toolUseId": "t1", "content": [{"text": "Sent."}]}}),
        (
            result([{"type": "text", "text": "No."}, IMAGE], is_error=True),
            {
                "toolResult": {
                    "toolUseId": "t1",
                    "content": [{"text": "No."}, {"image": {"format": "png", "source": {"bytes": b"picture"}}}],
                    "status": "error",
                }
            },
        ),
        (result(""), {"toolResult": {"toolUseId": "t1", "content": [{"text": "(no output)"}]}}),
        (result([]), {"toolResult": {"toolUseId": "t1", "content": [{"text": "(no output)"}]}}),
    ],
)
def test_each_kind_of_block_is_passed_on(block, expected):
    assert of([block]) == [expected]
    assert of([{**block, "cache_control": {"type": "ephemeral"}}]) == [expected]


def test_documents_of_one_request_have_different_names():
    names = [
        block["document"]["name"] for block in of([PDF, {**PDF, "title": "Terms"}, PDF, {**PDF, "title": "Terms"}])
    ]
    assert names == ["document", "Terms", "document 2", "Terms 2"]


def test_a_call_that_was_made_is_passed_on():
    assert of([CALLED], role="assistant") == [{"toolUse": {"toolUseId": "t1", "name": "find", "input": {"order": 7}}}]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({**IMAGE, "source": {"type": "url", "url": "https://example.com"}}, "content.0.source: must have type base64"),
        ({**IMAGE, "source": {"type": "base64", "media_type": "image/png", "data": "?"}}, "data: must be base64"),
        (
            {**IMAGE, "source": {"type": "base64", "media_type": "image/tiff", "data": PICTURE}},
            "a media_type of image/png",
        ),
        ({**PDF, "citations": {"enabled": True}}, "citations: this deployment cites nothing"),
        ({**PDF, "context": "Read it."}, "context: this deployment has no place for it"),
        ({**PDF, "source": {"type": "file", "file_id": "f"}}, "source: must be base64 of application/pdf"),
        ({**PDF, "source": []}, "source: must be an object with a type"),
        ({**CALLED, "input": 7}, "input: must be an object"),
        ({**CALLED, "id": ""}, "id: must be a non-empty text"),
        ({"type": "tool_result", "content": "x"}, "tool_use_id: must be a non-empty text"),
        (result(7), "content: must be a text or a list"),
        (result([{"type": "search_result"}]), "content.0.type: must be one of text, image, document"),
        ({"type": "thinking", "thinking": "hm", "signature": "s"}, "not thinking"),
    ],
)
def test_a_block_that_cannot_be_passed_on_is_refused_by_name(block, message):
    with pytest.raises(ApiError, match=message) as caught:
        of([block])
    assert caught.value.message.startswith("messages.0.content.0.")


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, {"auto": {}}),
        ({"type": "auto", "disable_parallel_tool_use": False}, {"auto": {}}),
        ({"type": "any"}, {"any": {}}),
        ({"type": "tool", "name": "find"}, {"tool": {"name": "find"}}),
    ],
)
def test_tools_and_the_choice_among_them_are_passed_on(choice, expected):
    given = {"tool_choice": choice} if choice else {}
    assert tools(**given) == {
        "tools": [
            {
                "toolSpec": {
                    "name": "find",
                    "description": "Finds an order.",
                    "inputSchema": {"json": {"type": "object"}},
                }
            }
        ],
        "toolChoice": expected,
    }


def test_a_choice_of_none_leaves_the_tools_out_unless_some_were_called():
    assert tools(tool_choice={"type": "none"}) is None
    with pytest.raises(ApiError, match="once some were called"):
        tools(content=[CALLED], role="assistant", tool_choice={"type": "none"})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}, "disable_parallel_tool_use"),
        ({"tools": [{**TOOL, "defer_loading": True}]}, "tools.0.defer_loading"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools.0.type: must be custom"),
        ({"tools": [{**TOOL, "name": "a b"}]}, "tools.0.name"),
        ({"tools": [{"name": "find"}]}, "tools.0.input_schema"),
        ({"tool_choice": {"type": "some"}}, "tool_choice.type: must be one of"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"tools": [], "tool_choice": {"type": "any"}}, "no tools to choose from"),
    ],
)
def test_what_has_no_place_among_tools_is_refused_by_name(fields, message):
    with pytest.raises(ApiError, match=message):
        tools(**fields)


def test_the_catalogue_says_what_each_base_model_can_do():
    can = {name: model.answering for name, model in catalogue().items() if model.runtime == "converse"}
    assert tools(can["llama-3-3-70b"])["toolChoice"] == {"auto": {}}
    with pytest.raises(ApiError, match="this deployment takes auto and none"):
        tools(can["llama-3-3-70b"], tool_choice={"type": "any"})
    assert of([IMAGE], can=can["nova-lite"])
    with pytest.raises(ApiError, match="takes text, tool_use, tool_result, not image"):
        of([IMAGE], can=can["nova-micro"])
