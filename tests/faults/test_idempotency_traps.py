"""Five traps of idempotency by a record alone."""

from __future__ import annotations

from tests.faults import idempotency_traps


def test_what_buys_twice_by_powertools_alone_is_bought_once_here():
    found = idempotency_traps.counted()
    assert len(found) == 5
    assert set(found.values()) == {(2, 1)}
