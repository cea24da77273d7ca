"""B9, bounded: `make faults` has a thousand at once."""

from __future__ import annotations

from tests.faults import replays


def test_a_request_repeated_crashed_and_sent_many_times_at_once_has_one_effect():
    found = replays.replayed(6, step=4)
    assert not found.objections
    assert found.routes >= 5
    assert found.conflicts > 0, "nobody met anybody"
