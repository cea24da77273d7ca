"""List what a stretch of time has cost, from the rows of jobs, purchases and evaluations alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tunedrop.actions.charges import read_spending
from tunedrop.actions.charges.read_spending import Spending
from tunedrop.domain.charges import charge, cost_summary, evaluation_charges
from tunedrop.domain.charges.charge import Charge
from tunedrop.domain.charges.cost_summary import CostGroup, CostSummary
from tunedrop.domain.charges.periods import Period
from tunedrop.edges.cloud import Cloud


def summarize(since: datetime | None, until: datetime | None, by: CostGroup | None, cloud: Cloud) -> CostSummary:
    """The charges between two moments. Raises InvalidInput `invalid_period` and `too_many_charges`."""
    period = cost_summary.period(since, until, cloud.now())
    return cost_summary.summary(period, charges(period, cloud), by)


def charges(period: Period, cloud: Cloud) -> Iterator[Charge]:
    """All charges of the period, in no order."""
    now, prices = cloud.now(), cloud.settings.prices
    spending = read_spending.since(period.since, cloud, period.until)
    trained = (charge.of_training(job, prices, period, now) for job in spending.jobs.values())
    bought = (
        each
        for purchase, _ in spending.purchases.values()
        for each in charge.of_capacity(purchase, spending.models, prices, period, now)
    )
    asked = (
        each
        for evaluation in spending.evaluations.values()
        for each in evaluation_charges.of_evaluation(evaluation, prices, period, now)
    )
    stored = _stored(spending, period, cloud)
    return (found for each in (trained, bought, asked, stored) for found in each if found)


def _stored(spending: Spending, period: Period, cloud: Cloud) -> Iterator[Charge | None]:
    jobs = {**{job.id: job for job in read_spending.completed(cloud)}, **spending.jobs}
    return (charge.of_storage(job, cloud.settings.prices, period, cloud.now()) for job in jobs.values())
