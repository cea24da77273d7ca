"""No month costs more than its budget, bounded; `make faults` walks further."""

from __future__ import annotations

from tests.faults import budget_walks

SEEDS, STEPS = range(8, 9), 16


def test_no_month_costs_more_than_its_budget_whatever_comes_between():
    broken, outcomes, most = budget_walks.walks(SEEDS, steps=STEPS)
    assert broken == []
    assert outcomes["monthly_budget"]
    assert outcomes["done"]
    assert most > 0


def test_without_a_budget_the_same_walks_cost_more():
    broken, _, most = budget_walks.walks(SEEDS, budget=None, steps=STEPS)
    assert broken
    assert most > budget_walks.BUDGET
