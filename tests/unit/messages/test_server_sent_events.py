"""Server-sent events: frames of one line of data, and errors after the first byte."""

from __future__ import annotations

import pytest
from anthropic import APIStatusError
from tunedrop.domain.messages import bedrock_errors, server_sent_events

from tests.unit.messages import sdk
from tests.unit.messages.test_claude_mapping import ANSWER, answer, chunks


def test_an_error_after_the_first_byte_is_an_event_that_the_sdk_raises():
    def failing():
        yield from list(answer(chunks(*ANSWER)))[:4]
        raise bedrock_errors.of("throttlingException", "Too many tokens")

    sent = b"".join(server_sent_events.frames(failing(), "req-9"))
    assert sent.count(b"event: error\n") == 1
    with pytest.raises(APIStatusError) as caught:
        sdk.read_stream(sent)
    assert caught.value.body["error"]["type"] == "rate_limit_error"
    assert caught.value.body["request_id"] == "req-9"


def test_data_is_one_line_whatever_the_text():
    text = "a\nb\r\nc\u2028d\x00"
    frames = list(server_sent_events.frames([{"type": "ping", "text": text}], "req-1"))
    assert frames == ['event: ping\ndata: {"type":"ping","text":"a\\nb\\r\\nc\u2028d\\u0000"}\n\n'.encode()]
