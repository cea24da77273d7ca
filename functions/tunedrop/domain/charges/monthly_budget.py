"""`MonthlyBudget`: the sum of what takes of it, and whether a request still fits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from tunedrop.domain.charges.budget_items import ZERO, BudgetItem, BudgetPricing
from tunedrop.errors import CapExceeded, Conflict

SHOWN = 10
"""Charges that a refusal lists."""
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class BudgetNow:
    """The budget of a month, and all that takes of it and of the next one's."""

    budget: Decimal
    currency: str
    pricing: BudgetPricing
    items: Mapping[str, BudgetItem]
    intents: int
    """How many intents that cost had been written before this was added up."""

    def used(self, month: int = 0) -> Decimal:
        """Of this month's budget (0) or the next one's (1), by all whose price is known."""
        return sum((item.months[month] or ZERO for item in self.items.values()), ZERO)

    @property
    def month(self) -> str:
        """This month, as 2026-11."""
        return f"{self.pricing.months[0].since:%Y-%m}"

    def largest(self, month: int = 0) -> list[dict[str, object]]:
        """What takes most of it, the greatest first."""
        amounts = [(item.key, amount) for item in self.items.values() if (amount := item.months[month])]
        ranked = sorted(amounts, key=lambda each: (-each[1], each[0]))
        return [{"what": key, "amount": money(amount)} for key, amount in ranked[:SHOWN]]

    @property
    def unknown(self) -> list[str]:
        """What takes of it without a price."""
        return sorted(item.key for item in self.items.values() if None in item.months)

    def share(self, items: Iterable[BudgetItem], *, accepted: bool) -> BudgetShare:
        """What items, new or changed, take beside all others.

        Raises CapExceeded `monthly_budget` if a month's budget is too small for that, and Conflict `price_unknown`
        where a price is missing and that was not `accepted`.
        """
        share = BudgetShare(self, tuple(items))
        _check_prices(share.items, accepted=accepted)
        for month in range(len(self.pricing.months)):
            if share.takes(month) > max(self.budget - self.used(month), ZERO):
                raise _exceeded(share, month)
        return share


@dataclass(frozen=True, slots=True)
class BudgetShare:
    """What a request would take of the budget as it stands."""

    before: BudgetNow
    items: tuple[BudgetItem, ...]

    def takes(self, month: int = 0) -> Decimal:
        """Of this month's budget (0) or the next one's (1); below 0 where it frees some."""
        held = self.before.items
        already = sum((held[item.key].months[month] or ZERO for item in self.items if item.key in held), ZERO)
        return sum((item.months[month] or ZERO for item in self.items), ZERO) - already


def money(amount: Decimal) -> float:
    """An amount as JSON shows it, to a ten-thousandth."""
    return float(round(amount, 4))


def _check_prices(items: Iterable[BudgetItem], *, accepted: bool) -> None:
    missing = sorted({name for item in items for name in item.missing_prices})
    if missing and not accepted:
        raise Conflict(
            "price_unknown",
            f"This stack has a MonthlyBudget, and its Prices lack {' and '.join(missing)}, so nobody knows what this "
            "takes of it. Nothing was started. Set the price, or send the request again with accept_unknown_price: "
            "true; then it does not count.",
            field="accept_unknown_price",
            missing_prices=missing,
            parameter="Prices",
        )


def _exceeded(share: BudgetShare, month: int) -> CapExceeded:
    before, takes = share.before, share.takes(month)
    budget, used, name = before.budget, before.used(month), f"{before.pricing.months[month].since:%Y-%m}"
    raised = (used + takes).quantize(_CENT, ROUND_UP)
    return CapExceeded(
        "monthly_budget",
        f"This may take {takes:.2f} {before.currency} of the budget for {name}. MonthlyBudget is {budget:.2f}, and "
        f"{used:.2f} of it is spent or reserved. Nothing was started. To see by what: tunedrop costs. To "
        f"allow it, release a deployment, or deploy the stack with MonthlyBudget={raised} or more.",
        budget=money(budget),
        currency=before.currency,
        month=name,
        used=money(used),
        takes=money(takes),
        used_by=before.largest(month),
        unknown=before.unknown,
        parameter="MonthlyBudget",
    )
