"""Claude on Bedrock: the body that InvokeModel takes, and its chunks as events."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.messages import claude_mapping, message_events, server_sent_events, whole_message
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.messages_request import MessagesRequest, MessageTurn

from tests.unit.messages import sdk
from tests.unit.messages.results import result_of

ANSWER: list[dict[str, Any]] = [
    {
        "type": "message_start",
        "message": {
            "id": "msg_bdrk_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-3-haiku-20240307",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 9, "output_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "content_block_start",
        "index": 1,
        "content_block": {"type": "tool_use", "id": "toolu_1", "name": "clock", "input": {}},
    },
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"zone":'}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": ' "UTC"}'}},
    {"type": "content_block_stop", "index": 1},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 12},
    },
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 9, "outputTokenCount": 12}},
]


def chunks(*sent) -> list[bytes]:
    return [json.dumps(event).encode() for event in sent]


def answer(sent: list[bytes]):
    return message_events.checked(claude_mapping.events(sent, model="support-bot"))


def test_the_body_has_bedrocks_version_and_nothing_that_was_not_said():
    asked = MessagesRequest("support-bot", 5, (MessageTurn("user", "Hi"),), stream=True)
    assert json.loads(claude_mapping.body(asked)) == {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "Hi"}],
    }


def test_the_body_passes_on_all_that_claude_takes():
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    asked = MessagesRequest(
        "support-bot",
        5,
        (MessageTurn("user", (image,)),),
        system="Be brief.",
        temperature=0.0,
        top_p=0.1,
        top_k=0,
        stop_sequences=("END",),
        tools=({"name": "clock", "input_schema": {"type": "object"}},),
        tool_choice={"type": "any"},
    )
    body = json.loads(claude_mapping.body(asked))
    assert body["messages"] == [{"role": "user", "content": [image]}]
    assert (body["system"], body["temperature"], body["top_p"], body["top_k"]) == ("Be brief.", 0.0, 0.1, 0)
    assert body["stop_sequences"] == ["END"]
    assert (body["tools"][0]["name"], body["tool_choice"]) == ("clock", {"type": "any"})


def test_the_answer_is_by_the_deployment_and_without_bedrocks_additions():
    seen = list(answer(chunks(*ANSWER)))
    assert seen[0]["message"]["model"] == "support-bot"
    assert seen[-1] == {"type": "message_stop"}


def test_json_and_stream_are_the_same_message_to_the_sdk():
    whole = sdk.read_message(message_events.to_json(whole_message.folded(answer(chunks(*ANSWER)))))
    streamed = sdk.read_stream(b"".join(server_sent_events.frames(answer(chunks(*ANSWER)), "req-1")))
    assert whole.content[0].text == streamed.content[0].text == "Hello"
    assert whole.content[1].input == streamed.content[1].input == {"zone": "UTC"}
    assert whole.usage == streamed.usage
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (9, 12)
    assert whole.stop_reason == streamed.stop_reason == "tool_use"


def test_a_character_split_over_two_deltas_arrives_whole():
    start, block, _ping, *rest = ANSWER
    halves = [
        b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\ud83d"}}',
        b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\ude00"}}',
    ]
    sent = [*chunks(start, block), *halves, *chunks(*rest)]
    assert (
        json.loads(message_events.to_json(whole_message.folded(answer(sent))))["content"][0]["text"]
        == "\U0001f600Hello"
    )
    assert b"\\ud83d" in b"".join(server_sent_events.frames(answer(sent), "req-1"))


def test_thinking_and_what_a_later_contract_adds_pass_through():
    start, *_ = ANSWER
    sent = chunks(
        start,
        {"type": "weather_report", "sunny": True},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Well"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "sig"}},
        {"type": "content_block_stop", "index": 0},
        *ANSWER[-2:],
    )
    assert b"event: weather_report\n" in b"".join(server_sent_events.frames(answer(sent), "req-1"))
    assert whole_message.folded(answer(sent))["content"] == [
        {"type": "thinking", "thinking": "Well", "signature": "sig"}
    ]


def test_citations_are_gathered():
    start, block, *_ = ANSWER
    cited = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": {"n": n}}}
        for n in (1, 2)
    ]
    stop = {"type": "content_block_stop", "index": 0}
    [content] = whole_message.folded(answer(chunks(start, block, *cited, stop, *ANSWER[-2:])))["content"]
    assert content == {"type": "text", "text": "", "citations": [{"n": 1}, {"n": 2}]}


def test_an_overloaded_model_may_be_asked_again():
    with pytest.raises(ApiError) as caught:
        list(answer([b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}']))
    assert (caught.value.status, caught.value.again) == (529, True)


@pytest.mark.parametrize("length", range(len(ANSWER)))
def test_a_stream_cut_after_any_chunk_is_an_error(length):
    with pytest.raises(ApiError, match="ended early"):
        whole_message.folded(answer(chunks(*ANSWER[:length])))


@pytest.mark.parametrize(
    ("chunk", "message"),
    [
        (b"\xff", "not JSON"),
        (b'{"type": NaN}', "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b"[]", "no type"),
        (b'{"type": 1}', "no type"),
        (b'{"type":"message_stop"}', "came out of order"),
        (b'{"type":"content_block_delta","index":3,"delta":{}}', "came out of order"),
        (b'{"type":"two words"}', "came out of order"),
        (b'{"type":"error","error":{"type":"api_error","message":"boom"}}', "boom"),
        (b'{"type":"error"}', "reported an error"),
    ],
)
def test_a_chunk_that_cannot_be_is_an_error(chunk, message):
    with pytest.raises(ApiError, match=message) as caught:
        list(answer([*chunks(ANSWER[0]), chunk, *chunks(*ANSWER[1:])]))
    assert caught.value.status == 500


@given(st.lists(st.binary(max_size=20) | st.sampled_from(chunks(*ANSWER)), max_size=16))
def test_whatever_the_model_sends_the_answer_is_whole_or_an_error(sent):
    result = result_of(lambda: whole_message.folded(answer(sent)))
    assert result.status >= 500 if isinstance(result, ApiError) else result["stop_reason"] == "tool_use"


FIELDS = st.sampled_from(["type", "index", "delta", "message", "content_block", "usage", "text", "content"])
VALUES = (
    st.none() | st.booleans() | st.integers(0, 2) | st.text(max_size=3) | st.sampled_from(["text", "message_delta"])
)
NESTED = st.recursive(VALUES, lambda inner: st.dictionaries(FIELDS, inner, max_size=3) | st.lists(inner, max_size=2))


@given(st.integers(0, len(ANSWER) - 1), st.dictionaries(FIELDS, NESTED, max_size=3))
def test_an_event_with_wrong_members_never_breaks_the_reader(place, members):
    sent = [*ANSWER]
    sent[place] = {**sent[place], **members}
    result = result_of(lambda: message_events.to_json(whole_message.folded(answer(chunks(*sent)))))
    assert result.status >= 500 if isinstance(result, ApiError) else json.loads(result)
