"""What is counted of an answer."""

from __future__ import annotations

from tunedrop.domain.messages.answer_usage import Tally

from tests.unit.messages.test_claude_mapping import ANSWER


def test_tokens_times_and_the_end_are_counted_while_events_pass():
    clock = iter([10.0, 10.25, 11.5])
    tally = Tally(lambda: next(clock))
    assert list(tally.watch(ANSWER)) == ANSWER
    tally.end("abandoned")
    assert (tally.input_tokens, tally.output_tokens, tally.stop_reason) == (9, 12, "tool_use")
    assert (tally.first_event_ms, tally.total_ms, tally.outcome) == (250, 1500, "complete")


def test_an_answer_that_nobody_reads_to_its_end_keeps_what_was_counted():
    tally = Tally(lambda: 0.0)
    next(tally.watch(ANSWER))
    tally.end("abandoned")
    assert (tally.input_tokens, tally.output_tokens, tally.outcome) == (9, 1, "abandoned")


def test_the_first_end_counts():
    tally = Tally(lambda: 0.0)
    tally.end("throttled")
    tally.end("abandoned")
    assert tally.outcome == "throttled"
