"""What plans say of the month's budget."""

from __future__ import annotations

from pydantic import Field

from tunedrop.domain.charges.monthly_budget import BudgetShare, money
from tunedrop.routes.route_basics import AnswerModel


class BudgetAnswer(AnswerModel):
    """The month's budget, and what the request would take of it."""

    month: str = Field(description="Of UTC, as 2026-11")
    budget: float
    used: float = Field(description="Spent, or reserved by what is open")
    takes: float = Field(description="At most: until the schedule that ends capacity on its own")
    takes_next: float = Field(description="The same of the next month's budget; it is held to that one, too")
    currency: str

    @classmethod
    def of_share(cls, share: BudgetShare | None) -> BudgetAnswer | None:
        """What a plan says of it; None without a budget."""
        if share is None:
            return None
        found = share.before
        return cls(
            month=found.month,
            budget=money(found.budget),
            used=money(found.used()),
            takes=money(share.takes()),
            takes_next=money(share.takes(1)),
            currency=found.currency,
        )
