"""Amounts of money for people; programs get them exactly, as JSON or CSV."""

from __future__ import annotations

from decimal import Decimal

CENT = 0.01


def money(amount: float | None, currency: str | None) -> str:
    """An amount, or that nobody knows it. What is less than a cent is never shown as nothing."""
    if amount is None:
        return "unknown"
    shown = "<0.01" if 0 < amount < CENT else f"{amount:,.2f}"
    return f"{shown} {currency or ''}".strip()


def price(amount: float | None) -> str:
    """The price of one unit with all its digits, however small."""
    return "unknown" if amount is None else f"{Decimal(str(amount)).normalize():f}"
