"""What a budget that is nearly, or wholly, used up means: what is told, what is not sent, what is released. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from tunedrop.domain.charges.monthly_budget import BudgetNow
from tunedrop.domain.serving.acts import OURS
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.serving.purchase_steps import (
    BeginRelease,
    Finish,
    Observe,
    PurchaseStep,
    SendPurchase,
    SetBrake,
)
from tunedrop.domain.training.job_states import Job

BudgetFact = Literal["nearing", "exhausted"]

NEARING = Decimal("0.8")


@dataclass(frozen=True, slots=True)
class BudgetObjection:
    """Why something is not sent, or does not stay: a stable code, and words."""

    code: str
    words: str


def due(found: BudgetNow, nearing: str | None, exhausted: str | None) -> BudgetFact | None:
    """What is to be told of this month. `nearing`, `exhausted`: the months of which that was told last."""
    used, month = found.used(), found.month
    if not used or exhausted == month:
        return None
    if used >= found.budget:
        return "exhausted"
    return "nearing" if used >= found.budget * NEARING and nearing != month else None


def against_job(found: BudgetNow, job: Job) -> BudgetObjection | None:
    """Why the job is not sent although its intent was written: under another budget, or with other prices."""
    return _against(found, f"job {job.id}", accepted=job.accept_unknown_price)


def against_purchase(found: BudgetNow, purchase: Purchase) -> BudgetObjection | None:
    """Why the purchase is not sent, or, with on_budget release, does not stay."""
    if purchase.state == "live" and purchase.is_committed(found.pricing.now):
        return None  # Bedrock deletes it no earlier, whatever is spent
    accepted = purchase.accept_unknown_price or purchase.state == "live"
    return _against(found, f"deployment {purchase.id}", accepted=accepted)


def bears_on(purchase: Purchase, step: PurchaseStep) -> bool:
    """Whether the budget has a say in this step: it spends, or lets stay what may have to go."""
    if purchase.state == "live":
        return purchase.on_budget == "release" and not isinstance(step, Observe | BeginRelease)
    return isinstance(step, SendPurchase | SetBrake) and purchase.state in {"requested", "unknown"}


def instead(purchase: Purchase, objection: BudgetObjection) -> PurchaseStep:
    """The step that takes its place."""
    if purchase.state == "live":
        return BeginRelease(objection.words, author=OURS)
    return Finish("failed", objection.words, f"Nothing was bought: {objection.words}")


def _against(found: BudgetNow, key: str, *, accepted: bool) -> BudgetObjection | None:
    item = found.items.get(key)
    if item is None:
        return None
    if item.missing_prices and not accepted:
        lacking = " and ".join(item.missing_prices)
        return BudgetObjection("price_unknown", f"MonthlyBudget is set, and Prices lack {lacking}")
    used = found.used()
    if used <= found.budget:
        return None
    sums = f"{used:.2f} {found.currency} are spent or reserved in {found.month}"
    return BudgetObjection("monthly_budget", f"{sums}, more than MonthlyBudget ({found.budget:.2f})")
