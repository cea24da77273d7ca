"""A restore, bounded: `make faults` has a death at each call."""

from __future__ import annotations

import pytest

from tests.faults import restores


@pytest.mark.parametrize(("moment", "hours"), [("before the job", 0), ("while the job ran", restores.RENEWED)])
def test_capacity_bought_after_the_restored_moment_is_kept_bought_once_and_given_back_in_time(moment, hours):
    found = restores.outcome(moment, hours, every=4)
    assert found.objections == []
    assert found.deaths >= 3
