"""Amounts of money for people; programs get them exactly, as JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

CENT = 0.01

Cost = Mapping[str, Any]
"""An `amount`, null where it is unknown, and its `currency`."""


def money(amount: float | None, currency: str | None) -> str:
    """An amount, or that nobody knows it. What is less than a cent is never shown as nothing."""
    if amount is None:
        return "unknown"
    shown = "<0.01" if 0 < amount < CENT else f"{amount:,.2f}"
    return f"{shown} {currency or ''}".strip()


def price(amount: float | None) -> str:
    """The price of one unit with all its digits, however small."""
    return "unknown" if amount is None else f"{Decimal(str(amount)).normalize():f}"


def cost_of(cost: Cost | None, *, tokens: bool = True) -> str:
    """An estimated cost with its currency, or that it is unknown and why."""
    if cost is None and not tokens:
        return "not known yet"
    return costs_of([cost])[0]


def costs_of(costs: Iterable[Cost | None]) -> list[str]:
    """Estimated costs that stand side by side, all of one precision: of a hundredth of a cent where one needs it."""
    told = [cost if cost and cost.get("amount") is not None else None for cost in costs]
    digits = 4 if any(cost and 0 < cost["amount"] < 1 for cost in told) else 2
    return [f"{cost['amount']:,.{digits}f} {cost['currency']}" if cost else "unknown (no price)" for cost in told]
