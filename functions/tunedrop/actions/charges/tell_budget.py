"""Tell once a month when its budget is nearly used up, and when it is; find what has to be released for it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from tunedrop.actions.charges import reserve_budget
from tunedrop.actions.charges.read_spending import Spending
from tunedrop.domain.charges import budget_limits
from tunedrop.domain.charges.monthly_budget import BudgetNow
from tunedrop.domain.reports import budget_notifications
from tunedrop.domain.reports.budget_notifications import RunningCapacity
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.edges import event_bus
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import budget_rows
from tunedrop.edges.rows.budget_rows import BudgetRow
from tunedrop.edges.rows.stored import UnreadableRow


@dataclass(frozen=True, slots=True)
class BudgetDue:
    """What has the function that spends look at the budget again."""

    is_news: bool = False
    """Whether there is something to tell."""
    purchases: tuple[Purchase, ...] = ()
    """What is released for it."""
    fault: UnreadableRow | None = None
    """The row without which nothing could be added up."""


def tell(cloud: Cloud) -> None:
    """Publish what is due, unless that was done this month. Raises PublishFailed.

    Two that do so at once publish the same event, with the same id. A row that can't be read is reconcile's to raise:
    whatever else a message asked for is done by now.
    """
    budget = cloud.settings.monthly_budget
    row = budget_rows.load(cloud.state) if budget is not None else None
    if budget is None or row is None or row.exhausted == f"{cloud.now():%Y-%m}":
        return
    with suppress(UnreadableRow):
        _tell(row, *reserve_budget.added_up(cloud, budget), cloud)


def _tell(row: BudgetRow, found: BudgetNow, spending: Spending, cloud: Cloud) -> None:
    fact = budget_limits.due(found, row.nearing, row.exhausted)
    if fact:
        running = [RunningCapacity(purchase, job.base_model) for purchase, job in spending.purchases.values()]
        now = cloud.now()
        event = budget_notifications.notification(fact, found, running, cloud.settings.stack_id, now)
        event_bus.publish(cloud.bus, event)
        cloud.state.update(budget_rows.told(fact, found.month))


def due(cloud: Cloud) -> BudgetDue:
    """What reconcile should enqueue: everything that is released for the budget, or one message if there is news.

    Any message of a purchase, or of none, has it told.
    """
    if cloud.settings.monthly_budget is None:
        return BudgetDue()
    try:
        found, spending = reserve_budget.added_up(cloud, cloud.settings.monthly_budget)
    except UnreadableRow as fault:
        return BudgetDue(fault=fault)
    leaving = tuple(
        purchase
        for purchase, _ in spending.purchases.values()
        if purchase.state == "live"
        and purchase.on_budget == "release"
        and budget_limits.against_purchase(found, purchase)
    )
    row = budget_rows.load(cloud.state)
    is_news = budget_limits.due(found, row.nearing, row.exhausted) is not None
    return BudgetDue(is_news and not leaving, leaving)
