"""B5, bounded: `make faults` has all kinds of arrivals."""

from __future__ import annotations

import pytest

from tests.faults import lost_events


@pytest.mark.parametrize("arrivals", ["all lost", "the end before InProgress"])
def test_whatever_becomes_of_bedrocks_events_each_job_ends_once_and_in_time(arrivals):
    (found,) = lost_events.followed(arrivals)
    assert not found.objections
    assert found.ended == {"Completed": 1, "Failed": 1, "Stopped": 1}
