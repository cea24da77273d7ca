"""Bounded: `make faults` has every race by more seeds."""

from __future__ import annotations

from tests.faults import deployment_races


def test_a_hundred_deletes_and_twenty_puts_at_once_have_one_effect_each_and_touch_nothing_foreign():
    assert deployment_races.raced(seeds=[1]) == []
