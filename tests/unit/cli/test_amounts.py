"""Amounts of money for people: none is shown as nothing, and those side by side have one precision."""

from __future__ import annotations

import pytest
from tunedrop_cli import amounts


def usd(amount: float | None) -> amounts.Cost:
    return {"amount": amount, "currency": "USD"}


@pytest.mark.parametrize(("costs", "told"), [
    ([12.5, 3.0], ["12.50 USD", "3.00 USD"]),
    ([12.5, 0.0123], ["12.5000 USD", "0.0123 USD"]),
    ([12.5, 0.0, None], ["12.50 USD", "0.00 USD", "unknown (no price)"]),
    ([], []),
])  # fmt: skip
def test_costs_that_stand_side_by_side_have_one_precision(costs, told):
    assert amounts.costs_of(map(usd, costs)) == told


def test_a_cost_that_is_not_known_says_why():
    assert amounts.cost_of(None, tokens=False) == "not known yet"
    assert amounts.cost_of(None) == amounts.cost_of(usd(None)) == "unknown (no price)"
