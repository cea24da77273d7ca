"""What stands at a moment: units, their cost by the hour, and what should be gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tunedrop.domain.serving import capacity_totals
from tunedrop.domain.serving.purchase_states import Purchase

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PRICES = {"claude-3-haiku.model_unit_hour": 20.0}
LIVE = Purchase(
    deployment="support-prod",
    generation=1,
    state="live",
    intent_id="intent",
    token="token",
    name="support-v1",
    serving="provisioned_throughput",
    model_units=2,
    hours=8,
    job_id="job",
    dataset="support",
    version=1,
    owner="team",
    created_at=NOW,
    expires_at=NOW + timedelta(hours=1),
)


@pytest.mark.parametrize(
    ("state", "units"),
    [("planned", 0), ("requested", 0), ("unknown", 2), ("live", 2), ("releasing", 2), ("released", 0), ("failed", 0)],
)
def test_units_count_from_before_the_call_until_bedrock_no_longer_has_them(state, units):
    found = capacity_totals.of([(replace(LIVE, state=state), "claude-3-haiku")], PRICES, NOW)
    assert (found.model_units, found.hourly_cost) == (units, 20.0 * units)


def test_a_price_that_is_not_configured_makes_the_cost_unknown_and_not_0():
    both = [(LIVE, "claude-3-haiku"), (replace(LIVE, deployment="other"), "llama-3-1-8b")]
    assert capacity_totals.of(both, PRICES, NOW).hourly_cost is None
    assert capacity_totals.of(both, PRICES, NOW).model_units == 4


def test_on_demand_costs_nothing_by_the_hour():
    found = capacity_totals.of([(replace(LIVE, model_units=0, expires_at=None), "nova-lite")], {}, NOW)
    assert (found.model_units, found.expired, found.hourly_cost) == (0, 0, 0)


def test_a_release_that_lasts_too_long_is_counted_as_expired():
    releasing = replace(LIVE, state="releasing", releasing_at=NOW)
    for minutes, expired in ((15, 0), (16, 1)):
        found = capacity_totals.of([(releasing, "claude-3-haiku")], PRICES, NOW + timedelta(minutes=minutes))
        assert found.expired == expired


def test_what_is_past_its_hours_and_not_gone_is_counted():
    late = replace(LIVE, expires_at=NOW)
    assert capacity_totals.of([(late, "claude-3-haiku"), (LIVE, "claude-3-haiku")], PRICES, NOW).expired == 1
    assert capacity_totals.of([(replace(late, state="released"), "claude-3-haiku")], PRICES, NOW).expired == 0
