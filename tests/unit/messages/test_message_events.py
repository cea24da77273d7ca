"""Stages of a stream: its deadline, and errors after the first byte."""

from __future__ import annotations

import pytest
from anthropic import APIStatusError
from tunedrop.domain.messages import api_errors, message_events
from tunedrop.domain.messages.api_errors import ApiError

from tests.unit.messages import sdk
from tests.unit.messages.test_claude_mapping import ANSWER, answer, chunks


def test_the_deadline_is_looked_at_between_events():
    clock = iter([5_000, 1_001, 999])
    seen = []
    with pytest.raises(ApiError) as caught:
        seen += message_events.until_deadline(ANSWER, lambda: next(clock))
    assert (caught.value.kind, caught.value.status, caught.value.again) == ("timeout_error", 504, False)


def test_an_answer_that_is_whole_is_not_lost_to_the_deadline():
    stages = message_events.checked(message_events.until_deadline(ANSWER, iter([9_000] * 11 + [0]).__next__))
    assert [event["type"] for event in stages][-1] == "message_stop"


def test_nothing_is_read_after_the_end():
    def endless():
        yield from ANSWER
        pytest.fail("read on")

    assert list(message_events.checked(endless()))[-1]["type"] == "message_stop"


def test_an_error_after_the_first_byte_is_an_event_that_the_sdk_raises():
    def failing():
        yield from list(answer(chunks(*ANSWER)))[:4]
        raise api_errors.of_bedrock("throttlingException", "Too many tokens")

    sent = b"".join(message_events.server_sent(failing(), "req-9"))
    assert sent.count(b"event: error\n") == 1
    with pytest.raises(APIStatusError) as caught:
        sdk.read_stream(sent)
    assert caught.value.body["error"]["type"] == "rate_limit_error"
    assert caught.value.body["request_id"] == "req-9"


def test_data_is_one_line_whatever_the_text():
    text = "a\nb\r\nc\u2028d\x00"
    frames = list(message_events.server_sent([{"type": "ping", "text": text}], "req-1"))
    assert frames == ['event: ping\ndata: {"type":"ping","text":"a\\nb\\r\\nc\u2028d\\u0000"}\n\n'.encode()]


def test_a_tools_input_that_is_no_json_is_an_error():
    broken = {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{"}}
    with pytest.raises(ApiError, match="not JSON"):
        message_events.folded(answer(chunks(*ANSWER[:7], broken, *ANSWER[9:])))
