"""Notifications about the month's budget. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tunedrop.domain.charges.budget_limits import BudgetFact
from tunedrop.domain.charges.monthly_budget import BudgetNow, money
from tunedrop.domain.reports import next_commands
from tunedrop.domain.reports.notifications import Notification, fact_id
from tunedrop.domain.serving import capacity_costs
from tunedrop.domain.serving.purchase_states import HOLDING, Purchase

_TYPES: Mapping[BudgetFact, str] = {"nearing": "BudgetNearing", "exhausted": "BudgetExhausted"}


@dataclass(frozen=True, slots=True)
class RunningCapacity:
    """What bills by the hour now, for somebody to decide about."""

    purchase: Purchase
    base_model: str


def notification(
    fact: BudgetFact, found: BudgetNow, running: Iterable[RunningCapacity], stack: str, now: datetime
) -> Notification:
    """The notification that a month's budget is nearly, or wholly, used up; once for each month."""
    holding = (each for each in running if each.purchase.state in HOLDING and each.purchase.model_units)
    listed = [_running(each, found, now) for each in sorted(holding, key=lambda each: each.purchase.id)]
    return Notification(
        type=_TYPES[fact],
        id=fact_id(stack, "budget", found.month, fact),
        stack=stack,
        time=now,
        summary=_summary(fact, found, listed),
        next_command=next_commands.costs(),
        facts={
            "month": found.month,
            "budget": money(found.budget),
            "used": money(found.used()),
            "currency": found.currency,
            "used_by": found.largest(),
            "unknown": found.unknown,
            "running": listed,
        },
    )


def _running(each: RunningCapacity, found: BudgetNow, now: datetime) -> dict[str, Any]:
    purchase = each.purchase
    hour = capacity_costs.hourly(purchase.model_units, each.base_model, found.pricing.prices, purchase.commitment)
    left = purchase.ends_at - now if purchase.ends_at else None
    return {
        "deployment": purchase.deployment,
        "generation": purchase.generation,
        "owner": purchase.owner,
        "model_units": purchase.model_units,
        "hourly_cost": hour,
        "until_end": capacity_costs.ahead(hour, left, found.currency).until_end,
        "expires_at": purchase.ends_at.isoformat(timespec="seconds") if purchase.ends_at else None,
        "on_budget": purchase.on_budget,
    }


def _summary(fact: BudgetFact, found: BudgetNow, running: list[dict[str, Any]]) -> str:
    used = f"{found.used():,.2f} of {found.budget:,.2f} {found.currency} are spent or reserved in {found.month}"
    if fact == "nearing":
        return f"The month's budget is nearly used up: {used}."
    stay = sorted(each["deployment"] for each in running if each["on_budget"] == "notify")
    go = sorted(each["deployment"] for each in running if each["on_budget"] == "release")
    words = f"The month's budget is used up: {used}. Nothing that costs is started before the next month."
    words += f" Decide whether these go on: {', '.join(stay)}." if stay else ""
    return words + (f" Released while it is exceeded, as they are set: {', '.join(go)}." if go else "")
