"""How long training takes, going by earlier jobs: the fastest and the slowest, and nothing invented."""

from __future__ import annotations

from datetime import timedelta

from tunedrop.domain.training.durations import Estimate, estimate

MINUTE = timedelta(minutes=1)


def test_the_fastest_and_the_slowest_job_bound_the_time():
    assert estimate(1_000, [(100, MINUTE), (100, 3 * MINUTE), (200, 4 * MINUTE)]) == Estimate(
        10 * MINUTE, 30 * MINUTE, 3
    )


def test_without_an_earlier_job_that_tells_nothing_is_said():
    assert estimate(1_000, []) is None
    assert estimate(1_000, [(0, MINUTE), (100, timedelta(0))]) is None
