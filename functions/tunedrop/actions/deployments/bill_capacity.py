"""Say what paid capacity costs: one purchase, and all that have not ended. Only reads."""

from __future__ import annotations

from collections.abc import Iterable

from tunedrop.domain.serving import capacity_costs, capacity_totals
from tunedrop.domain.serving.capacity_costs import Bill
from tunedrop.domain.serving.capacity_totals import Standing
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows
from tunedrop.edges.rows.stored import UnreadableRow


def bill(purchase: Purchase, cloud: Cloud) -> Bill:
    """What the purchase costs now, and the sum of all; a sum that misses an unreadable row is unknown."""
    settings, now = cloud.settings, cloud.now()
    head = deployment_rows.load(cloud.state, purchase.deployment)
    units, term = purchase.model_units, purchase.commitment
    hour = capacity_costs.hourly(units, head.base_model, settings.prices, term) if head else None
    end = purchase.end_in_force
    cost = capacity_costs.ahead(hour, end - now if end else None, settings.currency)
    purchases, unreadable = open_purchases(cloud)
    total = standing(purchases, cloud)
    so_far = capacity_costs.so_far(purchase, hour, now)
    return Bill(cost, so_far, total.model_units, None if unreadable else total.hourly_cost)


def open_purchases(cloud: Cloud) -> tuple[list[Purchase], UnreadableRow | None]:
    """All that have not ended or whose end was not told, and the last fault: one bad row must not hide the others."""
    purchases: list[Purchase] = []
    unreadable: UnreadableRow | None = None
    for row in cloud.state.query("OPEN", "PURCHASE#").rows:
        try:
            purchase = deployment_rows.load_purchase(cloud.state, row["deployment"], row["generation"])
        except UnreadableRow as error:
            unreadable = error
        else:
            purchases += [purchase] if purchase else []
    return purchases, unreadable


def standing(purchases: Iterable[Purchase], cloud: Cloud) -> Standing:
    """The totals of these purchases, by the stack's prices."""
    open_ones = list(purchases)
    heads = {item.deployment: deployment_rows.load(cloud.state, item.deployment) for item in open_ones}
    named = [(item, head.base_model) for item in open_ones if (head := heads[item.deployment])]
    return capacity_totals.of(named, cloud.settings.prices, cloud.now())
