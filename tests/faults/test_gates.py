"""A bounded part of gates under faults; `make faults` has them all."""

from __future__ import annotations

from tests.faults import gates


def test_whatever_fails_once_nothing_goes_live_unjudged_and_nothing_else_bills():
    found = gates.explore(number=3)
    assert found.objections == []
    assert found.struck == 3
    assert found.ends["Ready"] >= 1, "a gate of none lets it live"
    assert found.ends["Released"] >= 1, "what a gate holds by the hour is given back"
