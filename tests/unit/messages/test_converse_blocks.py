"""Tools, images and documents of a request as Converse's; and what a base model can't be given."""

from __future__ import annotations

import base64
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from tunedrop.domain.base_models.catalogue import catalogue
from tunedrop.domain.messages import converse_mapping, message_events, whole_message
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.messages_request import MessagesRequest, MessageTurn

EVERYTHING = frozenset({"tools", "image", "document"})
DATA = base64.b64encode(b"bytes").decode()
TOOL = {"name": "weather", "description": "Tells it.", "input_schema": {"type": "object"}}
IMAGE: dict[str, Any] = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}}
PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": DATA}}
USE = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Bern"}}


def result(**fields):
    return {"type": "tool_result", "tool_use_id": "toolu_1", **fields}


def request(*turns, **fields):
    written = tuple(MessageTurn(role, content) for role, content in turns or [("user", "Hi")])
    return MessagesRequest("support-bot", 100, written, **fields)


def arguments(*turns, **fields):
    return converse_mapping.arguments(request(*turns, **fields), EVERYTHING)


def test_a_call_and_its_results_become_converses_and_are_what_its_client_takes():
    text = {"type": "document", "title": "A: b?", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}
    said = arguments(
        ("user", (IMAGE, PDF, {**text, "citations": {"enabled": False}}, {"type": "text", "text": "Hi"})),
        ("assistant", (USE,)),
        ("user", (result(content="sunny"), result(content=[{"type": "text", "text": "x"}, IMAGE], is_error=True))),
        ("user", (result(),)),
        tools=(TOOL, {"name": "clock", "type": "custom", "input_schema": {"type": "object"}, "strict": False}),
        tool_choice={"type": "any"},
    )
    asked, called, answered = said["messages"]
    assert asked["content"] == [
        {"image": {"format": "png", "source": {"bytes": b"bytes"}}},
        {"document": {"format": "pdf", "name": "document 0-1", "source": {"bytes": b"bytes"}}},
        {"document": {"format": "txt", "name": "A b 0-2", "source": {"bytes": b"x"}}},
        {"text": "Hi"},
    ]
    assert called["content"] == [{"toolUse": {"toolUseId": "toolu_1", "name": "weather", "input": {"city": "Bern"}}}]
    assert [each["toolResult"] for each in answered["content"]] == [
        {"toolUseId": "toolu_1", "content": [{"text": "sunny"}]},
        {"toolUseId": "toolu_1", "content": [{"text": "x"}, asked["content"][0]], "status": "error"},
        {"toolUseId": "toolu_1", "content": []},
    ]
    assert said["toolConfig"] == {
        "tools": [
            {"toolSpec": {"name": "weather", "description": "Tells it.", "inputSchema": {"json": {"type": "object"}}}},
            {"toolSpec": {"name": "clock", "inputSchema": {"json": {"type": "object"}}}},
        ],
        "toolChoice": {"any": {}},
    }
    shape = botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("ConverseStream")
    assert not ParamValidator().validate({"modelId": "x", **said}, shape.input_shape).has_errors()


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        ({"type": "auto"}, {"auto": {}}),
        ({"type": "tool", "name": "weather", "disable_parallel_tool_use": False}, {"tool": {"name": "weather"}}),
    ],
)
def test_a_choice_of_tools_is_converses(choice, expected):
    assert arguments(tools=(TOOL,), tool_choice=choice)["toolConfig"].get("toolChoice") == expected


def test_no_tool_is_offered_where_none_is_to_be_called():
    assert "toolConfig" not in arguments(tools=(TOOL,), tool_choice={"type": "none"})
    assert "toolConfig" not in arguments(tools=())


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"type": "thinking", "thinking": "x"}, ".type: the base model of this deployment takes text, document, image"),
        ({**IMAGE, "source": {"type": "url", "url": "https://x"}}, ".source: send the image in base64, as one of "),
        ({**IMAGE, "source": {**IMAGE["source"], "data": "%"}}, ".source.data: is not valid base64"),
        ({"type": "image"}, ".source: must be an object"),
        ({**PDF, "citations": {"enabled": True}}, ".citations: this deployment takes no citations in a block of type"),
        ({**PDF, "source": {"type": "file", "file_id": "f"}}, ".source: send a PDF in base64, or a plain text"),
        ({**USE, "input": "x"}, ": a tool_use has `id`, `name` and an object as `input`"),
        ({"type": "tool_result"}, ".tool_use_id: must be the id of a tool_use"),
        (result(content=5), ".content: must be a text or a list of blocks"),
        (result(content=[{"type": "search_result"}]), ".content.0.type: must be one of text, image, document"),
        (result(content=[{"type": "text"}]), ".content.0.text: must be a text"),
    ],
)
def test_a_block_that_has_no_place_is_refused_by_name(block, message):
    with pytest.raises(ApiError) as caught:
        arguments(("user", (block,)), tools=(TOOL,))
    assert caught.value.message.startswith(f"messages.0.content.0{message}")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tools": ({"type": "web_search_20250305", "name": "web_search"},)}, "tools.0.type: only tools of the "),
        ({"tools": ({**TOOL, "strict": True},)}, "tools.0.strict: this deployment takes "),
        ({"tools": ({"name": "x"},)}, "tools.0: a tool has `name` and an object as `input_schema`"),
        ({"tool_choice": {"type": "any"}}, "tool_choice: there are no tools to choose from"),
        ({"tools": (TOOL,), "tool_choice": {"type": "tool", "name": "x"}}, "tool_choice.name: no tool is called 'x'"),
        ({"tools": (TOOL,), "tool_choice": {"type": "some"}}, "tool_choice.type: must be one of auto, any, tool "),
        (
            {"tools": (TOOL,), "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
            "tool_choice.disable_parallel_tool_use: ",
        ),
    ],
)
def test_tools_that_can_not_be_offered_are_refused_by_name(fields, message):
    with pytest.raises(ApiError) as caught:
        arguments(**fields)
    assert caught.value.message.startswith(message)


def test_calls_in_the_messages_need_the_tools():
    for fields in ({}, {"tools": (TOOL,), "tool_choice": {"type": "none"}}):
        with pytest.raises(ApiError, match="the messages hold calls or results"):
            arguments(("user", "Hi"), ("assistant", (USE,)), ("user", (result(),)), **fields)


def test_what_a_base_model_takes_says_the_catalogue():
    for model in catalogue().values():
        for needs, turn, fields in (
            ("image", ("user", (IMAGE,)), {}),
            ("document", ("user", (PDF,)), {}),
            ("tools", ("user", "Hi"), {"tools": (TOOL,)}),
        ):
            if needs in model.takes:
                assert converse_mapping.arguments(request(turn, **fields), model.takes)
            else:
                with pytest.raises(ApiError):
                    converse_mapping.arguments(request(turn, **fields), model.takes)


STREAM = [
    {"messageStart": {"role": "assistant"}},
    {"contentBlockDelta": {"delta": {"text": "Let me see."}, "contentBlockIndex": 0}},
    {"contentBlockStop": {"contentBlockIndex": 0}},
    {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "t1", "name": "weather"}}, "contentBlockIndex": 1}},
    {"contentBlockDelta": {"delta": {"toolUse": {"input": '{"city":'}}, "contentBlockIndex": 1}},
    {"contentBlockDelta": {"delta": {"toolUse": {"input": '"Bern"}'}}, "contentBlockIndex": 1}},
    {"contentBlockStop": {"contentBlockIndex": 1}},
    {"messageStop": {"stopReason": "tool_use"}},
    {"metadata": {"usage": {"inputTokens": 7, "outputTokens": 3}}},
]


def test_streamed_calls_are_the_contracts():
    events = list(message_events.checked(converse_mapping.events(STREAM, asked=request(), message_id="msg_1")))
    pieces = [event["delta"]["partial_json"] for event in events if "partial_json" in event.get("delta", {})]
    assert pieces == ['{"city":', '"Bern"}']
    message = whole_message.folded(events)
    assert message["stop_reason"] == "tool_use"
    assert message["content"] == [
        {"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Bern"}},
    ]


@pytest.mark.parametrize("missing", [3, 2])
def test_a_call_that_did_not_begin_is_a_broken_answer(missing):
    nameless = {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "t1"}}, "contentBlockIndex": 1}}
    stream = [*STREAM[:3], nameless, *STREAM[4:]] if missing == 2 else [*STREAM[:3], *STREAM[4:]]
    with pytest.raises(ApiError, match="broke off: a call"):
        list(converse_mapping.events(stream, asked=request(), message_id="msg_1"))
