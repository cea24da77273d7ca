"""The body of POST /v1/messages: what is taken, and what each refusal says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.messages import messages_request
from tunedrop.domain.messages.api_errors import ApiError

from tests.unit.messages.results import result_of

SMALLEST = {"model": "support-bot", "max_tokens": 10, "messages": [{"role": "user", "content": "Hi"}]}


CLOCK = {"name": "clock", "input_schema": {"type": "object"}}


def parse(**fields) -> messages_request.MessagesRequest:
    return messages_request.parse(json.dumps({**SMALLEST, **fields}).encode())


def refusal(body: bytes | dict[str, object]) -> str:
    with pytest.raises(ApiError) as caught:
        messages_request.parse(body if isinstance(body, bytes) else json.dumps({**SMALLEST, **body}).encode())
    assert (caught.value.kind, caught.value.status) == ("invalid_request_error", 400)
    return caught.value.message


def test_the_smallest_request_says_nothing_that_the_caller_did_not_say():
    assert parse() == messages_request.MessagesRequest("support-bot", 10, (messages_request.MessageTurn("user", "Hi"),))


def test_everything_that_can_be_said_is_kept():
    asked = parse(
        system=[{"type": "text", "text": "Be brief."}],
        temperature=0,
        top_p=0.5,
        top_k=3,
        stop_sequences=["\n\n"],
        tools=[CLOCK],
        tool_choice={"type": "auto"},
        stream=True,
        metadata={"user_id": "u-1"},
    )
    assert asked.system == ({"type": "text", "text": "Be brief."},)
    assert (asked.temperature, asked.top_p, asked.top_k) == (0, 0.5, 3)
    assert (asked.stop_sequences, asked.stream) == (("\n\n",), True)
    assert (asked.tools, asked.tool_choice) == ((CLOCK,), {"type": "auto"})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": 7}, "model: Expected `str`, got `int`"),
        ({"model": ""}, "model: Expected `str` of length >= 1"),
        ({"max_tokens": 0}, "max_tokens: Expected `int` >= 1"),
        ({"max_tokens": True}, "max_tokens: Expected `int`, got `bool`"),
        ({"max_tokens": "10"}, "max_tokens: Expected `int`, got `str`"),
        ({"temperature": 1.5}, "temperature: Expected `float` <= 1.0"),
        ({"temperature": None}, "temperature: Expected `float`, got `null`"),
        ({"top_k": -1}, "top_k: Expected `int` >= 0"),
        ({"stream": "yes"}, "stream: Expected `bool`, got `str`"),
        ({"messages": []}, "messages: Expected `array` of length >= 1"),
        ({"messages": "Hi"}, "messages: Expected `array`, got `str`"),
        ({"messages": [{"role": "user"}]}, "messages.0: Object missing required field `content`"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages.0.content: must not be empty"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages.0.content: Expected `str | array`, got `int`"),
        (
            {"messages": [{"role": "system", "content": "x"}]},
            "messages.0.role: Invalid enum value 'system'. Allowed: user, assistant",
        ),
        (
            {"messages": [{"role": "user", "content": "x", "name": "A"}]},
            "messages.0.name: Extra inputs are not permitted. Allowed: role, content",
        ),
        (
            {"messages": [{"role": "assistant", "content": "x"}]},
            "messages.0.role: the first message must be the user's",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]},
            "messages.0.content.0.text: must be a non-empty text",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "audio"}]}]},
            f"messages.0.content.0.type: must be one of {', '.join(messages_request.BLOCK_TYPES)}",
        ),
        ({"system": [{"type": "image"}]}, "system.0.type: must be one of text"),
        ({"stop_sequences": ["ok", ""]}, "stop_sequences.1: must not be empty"),
        (
            {"metadata": {"user": "u"}},
            "metadata.user: Extra inputs are not permitted. Allowed: user_id",
        ),
    ],
)
def test_a_wrong_field_is_refused_with_its_path(fields, message):
    assert refusal(fields) == message


def test_an_unknown_field_is_refused_with_the_allowed_ones():
    message = refusal({"max_token": 5})
    assert message.startswith("max_token: Extra inputs are not permitted. Allowed: model, max_tokens, messages, system")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is not valid JSON: Input data was truncated"),
        (b"[]", "Expected `object`, got `array`"),
        (b"{", "the body is not valid JSON: Input data was truncated"),
        (b'{"model": NaN}', "the body is not valid JSON"),
        (b'{"model": "\xff"}', "the body is not valid JSON: 'utf-8' codec can't decode byte 0xff"),
        (
            b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[' + b'{"a":' * 99_999,
            "nested too deeply",
        ),
    ],
)
def test_a_body_that_is_no_request_is_refused(body, message):
    assert message in refusal(body)


def test_neighbours_of_one_role_are_combined_in_their_order():
    asked = parse(
        messages=[
            {"role": "user", "content": "One"},
            {"role": "user", "content": [{"type": "text", "text": "Two"}]},
            {"role": "assistant", "content": "Three"},
        ]
    )
    first, second = messages_request.alternating(asked.turns)
    assert first == messages_request.MessageTurn(
        "user", ({"type": "text", "text": "One"}, {"type": "text", "text": "Two"})
    )
    assert second == messages_request.MessageTurn("assistant", "Three")


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(messages_request.FIELDS) | st.text(max_size=6), JUNK))
def test_any_object_is_a_request_or_a_precise_refusal(fields):
    body = json.dumps({**SMALLEST, **fields}).encode()
    parsed = result_of(lambda: messages_request.parse(body))
    assert isinstance(parsed, messages_request.MessagesRequest) or parsed.kind == "invalid_request_error"


@given(st.binary())
def test_any_bytes_are_refused_or_read(body):
    with pytest.raises(ApiError):
        messages_request.parse(body)
