"""Stages of a stream: its deadline and its end."""

from __future__ import annotations

import pytest
from tunedrop.domain.messages import message_events
from tunedrop.domain.messages.api_errors import ApiError

from tests.unit.messages.test_claude_mapping import ANSWER


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
