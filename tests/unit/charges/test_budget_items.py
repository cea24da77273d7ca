"""What takes of a month's budget: never less than it may cost, in whichever month it falls."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.charges import budget_limits, charge
from tunedrop.domain.charges.budget_items import BudgetItem, BudgetPricing, CapacityWanted
from tunedrop.domain.charges.monthly_budget import BudgetNow
from tunedrop.domain.serving import deployment_ends, purchase_states
from tunedrop.domain.serving.purchase_states import RELEASE_TIME, Capacity, Purchase
from tunedrop.errors import CapExceeded, Conflict

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
MODEL = "claude-3-haiku"
PRICES = {f"{MODEL}.model_unit_hour": 44.0, f"{MODEL}.training_per_1000_tokens": 0.1}
HOUR = timedelta(hours=1)
REQUESTED = Purchase(
    deployment="prod",
    generation=1,
    state="requested",
    intent_id="intent",
    token="token",
    name="support-v1",
    serving="provisioned_throughput",
    model_units=1,
    hours=8,
    job_id="job",
    dataset="support",
    version=1,
    owner="team",
    created_at=NOW,
)


def live(bought_at: datetime, hours: int = 8) -> Purchase:
    attempted = purchase_states.attempt(replace(REQUESTED, hours=hours), bought_at)
    return purchase_states.go_live(attempted, Capacity("arn", "name", "model", "Creating"), bought_at)


def taken(purchase: Purchase, now: datetime) -> tuple[Decimal, Decimal]:
    this, following = BudgetPricing.at(now, PRICES).of_purchase(purchase, MODEL).months
    assert this is not None
    assert following is not None
    return this, following


@pytest.mark.parametrize(
    "begins", [datetime(2027, month, day, tzinfo=UTC) for month in range(1, 13) for day in (1, 17)]
)
def test_a_commitment_that_fits_never_begins_a_later_month_over_budget(begins):
    """February is the shortest month: what fits into its budget may not fit into March's."""
    prices = PRICES | {f"{MODEL}.model_unit_hour_six_months": 20.0}
    ends = begins + timedelta(days=184)
    wanted = CapacityWanted(1, None, ends, "six_months")
    planned = max(each or 0 for each in BudgetPricing.at(begins, prices).of_capacity("x", MODEL, wanted).months)
    bought = replace(live(begins), commitment="six_months", hours=None, until=ends, expires_at=ends)
    for later in range(7):
        now = min(begins + timedelta(days=31 * later), ends)
        assert all((each or 0) <= planned for each in BudgetPricing.at(now, prices).of_purchase(bought, MODEL).months)


@given(
    st.timedeltas(timedelta(0), timedelta(hours=40)),
    st.integers(1, 168),
    st.floats(0, 1),
    st.timedeltas(timedelta(0), RELEASE_TIME),
)
def test_what_is_reserved_covers_what_it_costs_whenever_it_is_bought_and_ends(waits, hours, part, late):
    """It may be bought later, in the next month as well, end earlier, or as late as its schedule lets it."""
    bought_at = NOW + waits
    ended_at = bought_at + part * timedelta(hours=hours) + late
    for asked_at, row in ((NOW, replace(REQUESTED, hours=hours)), (bought_at, live(bought_at, hours=hours))):
        pricing = BudgetPricing.at(asked_at, PRICES)
        reserved = pricing.of_purchase(row, MODEL).months
        for month, held in zip(pricing.months, reserved, strict=True):
            assert held is not None
            assert month.hours(bought_at, ended_at) * 44 <= held


def test_what_was_released_counts_by_what_it_cost_in_each_month():
    ended = replace(live(NOW), state="released", deleted_at=NOW + 14 * HOUR, released_at=NOW + 14 * HOUR)
    assert taken(ended, NOW + 14 * HOUR) == (2 * 44, 0)
    assert taken(ended, NOW) == (12 * 44, 2 * 44)


def test_a_release_that_was_asked_for_frees_the_rest_at_once():
    row = replace(live(NOW), release_requested="asked for")
    assert taken(row, NOW + HOUR)[0] == Decimal("1.25") * 44


def test_an_earlier_end_that_is_not_in_force_yet_frees_nothing():
    row = deployment_ends.end_at(live(NOW), 1, NOW + HOUR, NOW)
    assert taken(row, NOW + HOUR)[0] == Decimal("8.25") * 44


def test_capacity_that_somebody_else_deleted_counts_until_its_schedule_at_the_latest():
    row = replace(live(NOW), state="released", released_at=NOW + 50 * HOUR, brake_fires_at=NOW + 9 * HOUR)
    assert charge.billed(row, NOW + 60 * HOUR) == (NOW, NOW + 9 * HOUR)


def test_capacity_that_showed_up_after_the_end_of_its_purchase_is_charged():
    ended = purchase_states.finish(purchase_states.attempt(REQUESTED, NOW), "failed", "no", NOW + HOUR)
    assert charge.billed(ended, NOW + HOUR) is None
    back = purchase_states.reclaim(ended, Capacity("arn", "name", "model", "Ready", created_at=NOW), NOW + 2 * HOUR)
    assert charge.billed(back, NOW + 3 * HOUR) == (NOW, NOW + 3 * HOUR)


def now_with(*items: BudgetItem, budget: int = 100) -> BudgetNow:
    pricing = BudgetPricing.at(NOW, PRICES)
    return BudgetNow(Decimal(budget), "USD", pricing, {item.key: item for item in items}, 3)


def item(key: str, this: object, following: object = 0, *missing: str) -> BudgetItem:
    amounts = [None if each is None else Decimal(str(each)) for each in (this, following)]
    return BudgetItem(key, (amounts[0], amounts[1]), missing)


def test_a_share_that_fits_to_the_cent_is_taken_and_a_cent_more_is_not():
    found = now_with(item("a", "0.1"), item("b", "0.2"))
    assert found.share([item("c", "99.7")], accepted=False).takes() == Decimal("99.7")
    with pytest.raises(CapExceeded) as refusal:
        found.share([item("c", "99.71")], accepted=False)
    assert refusal.value.details["used"] == 0.3
    assert "MonthlyBudget=100.01" in refusal.value.message


def test_a_change_is_held_by_what_it_adds_and_one_that_frees_passes_a_budget_that_is_exceeded():
    found = now_with(item("a", 150))
    assert found.share([item("a", 120)], accepted=False).takes() == -30
    with pytest.raises(CapExceeded):
        found.share([item("a", 151)], accepted=False)
    assert found.share([item("b", 0)], accepted=False).takes() == 0


def test_the_next_month_is_held_to_its_budget_too():
    with pytest.raises(CapExceeded) as refusal:
        now_with(item("a", 0, 90)).share([item("b", 5, 20)], accepted=False)
    assert refusal.value.details["month"] == "2026-12"


def test_a_missing_price_is_refused_unless_it_is_accepted_and_then_does_not_count():
    unknown = item("a", None, None, f"{MODEL}.model_unit_hour")
    with pytest.raises(Conflict):
        now_with().share([unknown], accepted=False)
    assert now_with().share([unknown], accepted=True).takes() == 0
    assert now_with(unknown).unknown == ["a"]


@pytest.mark.parametrize(
    ("used", "nearing", "exhausted", "told"),
    [
        (79, None, None, None),
        (80, None, None, "nearing"),
        (80, "2026-11", None, None),
        (80, "2026-10", "2026-10", "nearing"),
        (100, "2026-11", None, "exhausted"),
        (100, None, None, "exhausted"),
        (100, None, "2026-11", None),
        (85, None, "2026-11", None),
    ],
)
def test_each_is_told_once_a_month(used, nearing, exhausted, told):
    assert budget_limits.due(now_with(item("a", used)), nearing, exhausted) == told


def test_a_budget_of_nothing_is_not_told_to_be_used_up_before_anything_was_spent():
    assert budget_limits.due(now_with(budget=0), None, None) is None
    assert budget_limits.due(now_with(item("a", 1), budget=0), None, None) == "exhausted"


def test_what_runs_is_not_let_go_for_a_price_that_was_taken_away():
    row = replace(live(NOW), on_budget="release")
    unknown = item("deployment prod#1", None, None, f"{MODEL}.model_unit_hour")
    assert budget_limits.against_purchase(now_with(unknown), row) is None
    assert budget_limits.against_purchase(now_with(unknown), REQUESTED).code == "price_unknown"
    assert budget_limits.against_purchase(now_with(item("deployment prod#1", 101)), row).code == "monthly_budget"
