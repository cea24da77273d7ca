"""Converse's answers, streamed or whole, as the events of one message."""

from __future__ import annotations

import pytest
from anthropic import APIStatusError
from hypothesis import given, settings
from hypothesis import strategies as st
from tunedrop.domain.messages import converse_answer, message_events, server_sent_events, whole_message
from tunedrop.domain.messages.api_errors import ApiError
from tunedrop.domain.messages.messages_request import MessagesRequest, MessageTurn

from tests.unit.messages import sdk
from tests.unit.messages.results import result_of

ASKED = MessagesRequest("support-bot", 100, (MessageTurn("user", "Hi"),))


def stream(*texts, stop_reason="end_turn"):
    return [
        {"messageStart": {"role": "assistant"}},
        *({"contentBlockDelta": {"delta": {"text": text}, "contentBlockIndex": 0}} for text in texts),
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"messageStop": {"stopReason": stop_reason}},
        {"metadata": {"usage": {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10}, "metrics": {"latencyMs": 5}}},
    ]


def answer(given_stream, asked=ASKED) -> list[message_events.Event]:
    return list(message_events.checked(converse_answer.events(given_stream, asked=asked, message_id="msg_1")))


def test_a_stream_becomes_the_events_of_one_message():
    assert [event["type"] for event in answer(stream("Hel", "lo"))] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert whole_message.folded(answer(stream("Hel", "lo"))) == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "support-bot",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 3},
    }


CALL = [
    {"messageStart": {"role": "assistant"}},
    {"contentBlockDelta": {"delta": {"text": "I look."}, "contentBlockIndex": 0}},
    {"contentBlockStop": {"contentBlockIndex": 0}},
    {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "t1", "name": "find"}}, "contentBlockIndex": 1}},
    {"contentBlockDelta": {"delta": {"toolUse": {"input": '{"order":'}}, "contentBlockIndex": 1}},
    {"contentBlockDelta": {"delta": {"toolUse": {"input": " 7}"}}, "contentBlockIndex": 1}},
    {"contentBlockStop": {"contentBlockIndex": 1}},
    *stream(stop_reason="tool_use")[-2:],
]
CONTENT = [
    {"type": "text", "text": "I look."},
    {"type": "tool_use", "id": "t1", "name": "find", "input": {"order": 7}},
]


def test_a_call_of_a_tool_is_streamed_in_the_pieces_of_its_input():
    sent = b"".join(server_sent_events.frames(_lazily(CALL), "req-1"))
    assert sent.count(b"input_json_delta") == 2
    streamed = sdk.read_stream(sent)
    assert [block.model_dump(include={"type", "text", "id", "name", "input"}) for block in streamed.content] == CONTENT
    assert streamed.stop_reason == "tool_use"


def test_a_whole_answer_is_the_same_message_as_a_streamed_one():
    whole = {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "hm"}}},
                    {"text": "I look."},
                    {"toolUse": {"toolUseId": "t1", "name": "find", "input": {"order": 7}}},
                ],
            }
        },
        "stopReason": "tool_use",
        "usage": {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10},
    }
    told = whole_message.folded(answer(converse_answer.as_stream(whole)))
    assert told == whole_message.folded(answer(CALL))
    assert told["content"] == CONTENT


@pytest.mark.parametrize(
    "whole", [{}, {"output": {}, "stopReason": "end_turn"}, {"output": {"message": {"content": 1}}}]
)
def test_a_whole_answer_of_another_shape_is_an_error(whole):
    with pytest.raises(ApiError, match="does not know"):
        answer(converse_answer.as_stream(whole))


def test_a_tools_input_before_its_name_is_an_error():
    start, *_ = CALL
    with pytest.raises(ApiError, match="before its name"):
        answer([start, CALL[4]])


def test_text_of_two_blocks_makes_two_blocks_numbered_without_gaps():
    second = {"contentBlockDelta": {"delta": {"text": "B"}, "contentBlockIndex": 4}}
    reasoning = {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "hm"}}, "contentBlockIndex": 1}}
    start, first, *end = stream("A")
    message = whole_message.folded(answer([start, first, reasoning, second, *end]))
    assert message["content"] == [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]


@pytest.mark.parametrize(("told", "expected"), converse_answer.STOP_REASONS.items())
def test_each_stop_reason_has_its_word(told, expected):
    assert whole_message.folded(answer(stream("x", stop_reason=told)))["stop_reason"] == expected


@pytest.mark.parametrize("told", ["malformed_model_output", "malformed_tool_use", "something_new"])
def test_an_answer_that_is_none_is_an_error(told):
    with pytest.raises(ApiError, match=told):
        answer(stream("x", stop_reason=told))


@pytest.mark.parametrize(("sequences", "expected"), [(("END",), "END"), (("END", "STOP"), None)])
def test_the_stop_sequence_is_told_where_it_can_be_known(sequences, expected):
    asked = MessagesRequest("support-bot", 100, (MessageTurn("user", "Hi"),), stop_sequences=sequences)
    message = whole_message.folded(answer(stream("x", stop_reason="stop_sequence"), asked))
    assert (message["stop_reason"], message["stop_sequence"]) == ("stop_sequence", expected)


def test_a_stream_cut_after_any_event_is_an_explicit_error():
    for whole in (stream("Hel", "lo"), CALL):
        _cut_anywhere(whole)


def _cut_anywhere(whole):
    for length in range(len(whole)):
        sent = b"".join(server_sent_events.frames(_lazily(whole[:length]), "req-1"))
        assert sent.endswith(b'"request_id":"req-1"}\n\n')
        with pytest.raises(APIStatusError, match="ended early"):
            sdk.read_stream(sent)


@settings(max_examples=25, deadline=None)  # the SDK takes its time for each
@given(st.lists(st.text(min_size=1), max_size=6), st.sampled_from(sorted(converse_answer.STOP_REASONS)))
def test_the_sdk_reads_the_same_message_from_both_forms(texts, stop_reason):
    given_stream = stream(*texts, stop_reason=stop_reason)
    streamed = sdk.read_stream(b"".join(server_sent_events.frames(_lazily(given_stream), "req-1")))
    whole = sdk.read_message(message_events.to_json(whole_message.folded(_lazily(given_stream))))
    assert facts(streamed) == facts(whole)
    assert facts(whole) == ("".join(texts), converse_answer.STOP_REASONS[stop_reason], 7, 3)


def facts(message):
    text = "".join(block.text for block in message.content)
    return text, message.stop_reason, message.usage.input_tokens, message.usage.output_tokens


EVENTS = st.sampled_from([event for text in ("a", "") for event in stream(text)])
JUNK = st.dictionaries(
    st.sampled_from(["messageStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata", "x"]),
    st.none() | st.text(max_size=3) | st.dictionaries(st.sampled_from(["delta", "usage", "stopReason"]), st.none()),
    max_size=2,
)


@given(st.lists(EVENTS | JUNK, max_size=12))
def test_whatever_bedrock_sends_the_answer_is_whole_or_an_error(sent):
    result = result_of(lambda: whole_message.folded(_lazily(sent)))
    assert (result.status, result.again) == (500, False) if isinstance(result, ApiError) else result["stop_reason"]


def _lazily(given_stream):
    return message_events.checked(converse_answer.events(given_stream, asked=ASKED, message_id="msg_1"))
