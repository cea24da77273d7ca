"""What a job, a purchase or an evaluation takes of a month's budget: what it has cost, and may still cost. Pure.

What is open is its own reservation, so nothing is given back and nothing can leak. What may fall into either month
counts in both: a job or an evaluation that has not ended, capacity that is not bought yet. What lasts longer, a
commitment, counts in the next month as in the longest of its months to come. So no month begins over budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from tunedrop.domain.charges import charge, periods
from tunedrop.domain.charges.periods import Period
from tunedrop.domain.evaluation import evaluation_costs
from tunedrop.domain.evaluation.evaluation_costs import TokensBilled
from tunedrop.domain.evaluation.evaluation_states import ENDED as ENDED_EVALUATION
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.serving.purchase_states import ENDED, RELEASE_TIME, Purchase
from tunedrop.domain.serving.terms import Term
from tunedrop.domain.training.job_states import ENDED as ENDED_JOB
from tunedrop.domain.training.job_states import Job

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class BudgetItem:
    """What one of them takes: of this month's budget, and of the next one's. None: its price is unknown."""

    key: str
    """`job <id>`, `deployment <name>#<generation>` or `evaluation <id>`."""
    months: tuple[Decimal | None, Decimal | None]
    missing_prices: tuple[str, ...] = ()
    """The keys that `Prices` lacks."""

    @property
    def is_empty(self) -> bool:
        """Whether it takes nothing."""
        return self.months == (ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class CapacityWanted:
    """Capacity that is not bought yet: until when, and for which term if it is a commitment."""

    model_units: int
    hours: int | None
    until: datetime | None = None
    term: Term | None = None


@dataclass(frozen=True, slots=True)
class BudgetPricing:
    """What makes items: prices, this month and the next one, and the time."""

    prices: Mapping[str, float]
    months: tuple[Period, Period]
    now: datetime

    @classmethod
    def at(cls, now: datetime, prices: Mapping[str, float]) -> BudgetPricing:
        """For the UTC month that `now` lies in."""
        this = periods.month(now)
        return cls(prices, (this, periods.month_after(this)), now)

    def of_training(self, key: str, base_model: str, thousands: Decimal | None) -> BudgetItem:
        """What training takes that may end in either month; None: tokens that are looked at again once they are known.

        Until then they take nothing.
        """
        return self._training(key, base_model, thousands, (1, 1))

    def of_job(self, job: Job) -> BudgetItem:
        """What a job takes: of the month that it ended in, or of both while it may end in either."""
        parts = (1, 1)
        if job.status in ENDED_JOB and (job.appeared is None or job.appeared.has_ended):
            parts = (1, 0) if job.ended_at is None or job.ended_at >= self.months[0].since else (0, 0)
        return self._training(f"job {job.id}", job.base_model, charge.thousands_charged(job), parts)

    def of_purchase(self, purchase: Purchase, base_model: str) -> BudgetItem:
        """What a purchase takes so far and to its end, or rather to the moment at which its schedule ends it."""
        key, now = f"deployment {purchase.id}", self.now
        interval = charge.billed(purchase, now)
        if interval is None and purchase.state not in ENDED:
            wanted = CapacityWanted(purchase.model_units, purchase.hours, purchase.until, purchase.commitment)
            return self.of_capacity(key, base_model, wanted)
        began, ended = interval or (now, now)
        if purchase.state not in ENDED:
            ended = _latest_end(purchase, began, now)
        lasts = (self.months[0].hours(began, ended), periods.most_hours(self.months[1], began, ended))
        return self._capacity(key, base_model, [each * purchase.model_units for each in lasts], purchase.commitment)

    def of_capacity(self, key: str, base_model: str, wanted: CapacityWanted) -> BudgetItem:
        """What capacity takes that is not bought yet, and may be in either month."""
        begins = [max(self.now, month.since) for month in self.months]
        length = timedelta(hours=wanted.hours or 0)
        ends = [(wanted.until or began + length) + RELEASE_TIME for began in begins]
        lasts = (self.months[0].hours(begins[0], ends[0]), periods.most_hours(self.months[1], begins[1], ends[1]))
        return self._capacity(key, base_model, [each * wanted.model_units for each in lasts], wanted.term)

    def of_evaluation(self, evaluation: Evaluation) -> BudgetItem:
        """What an evaluation takes: at most, of both months while it may end in either, then what it took."""
        parts = (1, 1)
        if evaluation.state in ENDED_EVALUATION:
            parts = (1, 0) if evaluation.ended_at is None or evaluation.ended_at >= self.months[0].since else (0, 0)
        counted = evaluation_costs.billed(evaluation, self.prices)
        return self.of_tokens(f"evaluation {evaluation.id}", counted, parts)

    def of_tokens(self, key: str, counted: Sequence[TokensBilled], parts: tuple[int, int] = (1, 1)) -> BudgetItem:
        """What candidates take that are asked so much."""
        amount = evaluation_costs.amount(counted, self.prices) if any(parts) else ZERO
        if amount is None:
            return BudgetItem(key, (None, None), evaluation_costs.missing_prices(counted, self.prices))
        return BudgetItem(key, (amount * parts[0], amount * parts[1]))

    def _training(self, key: str, base_model: str, thousands: Decimal | None, parts: tuple[int, int]) -> BudgetItem:
        if thousands == 0 or not any(parts):
            return BudgetItem(key, (ZERO, ZERO))
        price = charge.price_of("training", base_model, self.prices)
        if price is None:
            return BudgetItem(key, (None, None), (charge.price_name("training", base_model),))
        amount = (thousands or ZERO) * price
        return BudgetItem(key, (amount * parts[0], amount * parts[1]))

    def _capacity(self, key: str, base_model: str, unit_hours: list[Decimal], term: Term | None) -> BudgetItem:
        if not any(unit_hours):
            return BudgetItem(key, (ZERO, ZERO))
        price = charge.price_of("capacity", base_model, self.prices, term)
        if price is None:
            return BudgetItem(key, (None, None), (charge.price_name("capacity", base_model, term),))
        return BudgetItem(key, (unit_hours[0] * price, unit_hours[1] * price))


def _latest_end(purchase: Purchase, began: datetime, now: datetime) -> datetime:
    """When it is gone even if nothing of this stack works any more."""
    if purchase.release_requested or purchase.state == "releasing":
        held = purchase.committed_until if purchase.committed_until and purchase.is_committed(now) else now
        return held + RELEASE_TIME
    ends = purchase.ends_at or began + timedelta(hours=purchase.hours or 0)
    if purchase.has_new_end and purchase.expires_at:  # the earlier end stays until its schedule has been moved
        ends = max(ends, purchase.expires_at)
    return max(ends, now) + RELEASE_TIME
