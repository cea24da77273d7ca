"""Paid capacity at this moment: model units that may be billed, their hourly cost, and what should be gone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tunedrop.domain.serving import brake, capacity_costs
from tunedrop.domain.serving.purchase_states import HOLDING, RELEASE_TIME, Purchase


@dataclass(frozen=True, slots=True)
class Standing:
    """Totals over all purchases that have not ended."""

    model_units: int
    expired: int
    """Purchases that may still be billed after their hours are over, or long after their release began."""
    unbraked: int
    """Purchases that are billed by the hour while no schedule stands that would end them without us."""
    hourly_cost: float | None
    """In the stack's currency; None, never 0, if any price is not configured."""


def of(purchases: Iterable[tuple[Purchase, str]], prices: Mapping[str, float], now: datetime) -> Standing:
    """The totals for purchases, each with its base model's name. `prices` are per model unit and hour."""
    holding = [(purchase, base_model) for purchase, base_model in purchases if purchase.state in HOLDING]
    billed = [(purchase, base_model) for purchase, base_model in holding if purchase.model_units]
    costs = [capacity_costs.hourly(each.model_units, name, prices, each.commitment) for each, name in billed]
    known = [cost for cost in costs if cost is not None]
    return Standing(
        model_units=sum(each.model_units for each, _ in billed),
        expired=sum(_should_be_gone(purchase, now) for purchase, _ in holding),
        unbraked=sum(purchase.state == "live" and bool(brake.wanted(purchase, now)) for purchase, _ in holding),
        hourly_cost=sum(known) if len(known) == len(costs) else None,
    )


def _should_be_gone(purchase: Purchase, now: datetime) -> bool:
    if purchase.state == "releasing" and (purchase.releasing_at is None or now - purchase.releasing_at > RELEASE_TIME):
        return True
    return purchase.ends_at is not None and purchase.ends_at <= now
