"""Converse: the request's mapping, and its stream as the events of one message."""

from __future__ import annotations

import pytest
from anthropic import APIStatusError
from hypothesis import given, settings
from hypothesis import strategies as st
from tunedrop.domain.messages import converse_mapping, message_events, server_sent_events, whole_message
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
    return list(message_events.checked(converse_mapping.events(given_stream, asked=asked, message_id="msg_1")))


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
    assert converse_mapping.arguments(asked) == {
        "messages": [
            {"role": "user", "content": [{"text": "One"}, {"text": "Two"}]},
            {"role": "assistant", "content": [{"text": "Three"}]},
        ],
        "system": [{"text": "Be brief."}],
        "inferenceConfig": {"maxTokens": 50, "temperature": 0.0, "topP": 0.9, "stopSequences": ["END"]},
    }


def test_what_the_caller_did_not_say_is_not_said_to_bedrock():
    assert converse_mapping.arguments(ASKED) == {
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
        "inferenceConfig": {"maxTokens": 100},
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"tools": ({"name": "clock", "input_schema": {}},)},
            "tools: the base model of deployment 'support-bot' does not take it; leave it out",
        ),
        ({"top_k": 0}, "top_k: the base model of deployment 'support-bot' does not take it; leave it out"),
        (
            {"turns": (MessageTurn("user", "Hi"), MessageTurn("user", ({"type": "image", "source": {}},)))},
            "messages.1.content.0.type: the base model of this deployment takes text, not image",
        ),
        (
            {"system": ({"type": "text", "text": "x", "colour": "red"},)},
            "system.0.colour: this deployment takes no colour in a block of type text",
        ),
        ({"stop_sequences": ("x",) * 2501}, "stop_sequences: at most 2500 for this deployment"),
    ],
)
def test_what_has_no_place_in_converse_is_refused_not_dropped(changes, message):
    fields = {"model": ASKED.model, "max_tokens": 1, "turns": ASKED.turns, **changes}
    with pytest.raises(ApiError) as caught:
        converse_mapping.arguments(MessagesRequest(**fields))
    assert (caught.value.status, caught.value.message) == (400, message)


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


def test_text_of_two_blocks_makes_two_blocks_numbered_without_gaps():
    second = {"contentBlockDelta": {"delta": {"text": "B"}, "contentBlockIndex": 4}}
    reasoning = {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "hm"}}, "contentBlockIndex": 1}}
    start, first, *end = stream("A")
    message = whole_message.folded(answer([start, first, reasoning, second, *end]))
    assert message["content"] == [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]


@pytest.mark.parametrize(("told", "expected"), converse_mapping.STOP_REASONS.items())
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
    whole = stream("Hel", "lo")
    for length in range(len(whole)):
        sent = b"".join(server_sent_events.frames(_lazily(whole[:length]), "req-1"))
        assert sent.endswith(b'"request_id":"req-1"}\n\n')
        with pytest.raises(APIStatusError, match="ended early"):
            sdk.read_stream(sent)


@settings(max_examples=25, deadline=None)  # the SDK takes its time for each
@given(st.lists(st.text(min_size=1), max_size=6), st.sampled_from(sorted(converse_mapping.STOP_REASONS)))
def test_the_sdk_reads_the_same_message_from_both_forms(texts, stop_reason):
    given_stream = stream(*texts, stop_reason=stop_reason)
    streamed = sdk.read_stream(b"".join(server_sent_events.frames(_lazily(given_stream), "req-1")))
    whole = sdk.read_message(message_events.to_json(whole_message.folded(_lazily(given_stream))))
    assert facts(streamed) == facts(whole)
    assert facts(whole) == ("".join(texts), converse_mapping.STOP_REASONS[stop_reason], 7, 3)


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
    return message_events.checked(converse_mapping.events(given_stream, asked=ASKED, message_id="msg_1"))
