"""What is told of paid capacity: each thing once, two warnings of each end, and a bill every day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.serving import deployment_ends, purchase_facts, purchase_states
from tunedrop.domain.serving.purchase_states import Capacity, Purchase

from tests.unit.serving.test_purchase_steps import requested

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def bought(**changes) -> Purchase:
    sent = purchase_states.attempt(requested(**changes), NOW)
    live = purchase_states.go_live(sent, Capacity("arn:1", "name", "model", "Ready"), NOW)
    return replace(live, ready_at=NOW, announced=("ready",))


def told_over(row: Purchase, moments) -> list[tuple[timedelta, purchase_facts.Fact]]:
    """What is told, and when, where the row is looked at in these moments after its purchase."""
    facts = []
    for moment in moments:
        due = purchase_facts.due(row, NOW + moment)
        facts += [(moment, fact) for fact in due]
        row = purchase_facts.told(row, due)
    return facts


def every(minutes: int, hours: float):
    return [minutes * MINUTE * step for step in range(int(hours * 60 / minutes))]


@pytest.mark.parametrize(
    ("hours", "warned"),
    [(1, [45]), (2, [60, 105]), (8, [420, 465]), (168, [167 * 60, 168 * 60 - 15])],
)
def test_an_end_is_told_60_and_15_minutes_ahead_but_never_to_who_has_just_bought(hours, warned):
    facts = told_over(bought(hours=hours), every(5, hours))
    assert [moment / MINUTE for moment, fact in facts if fact.kind == "expiring"] == warned


def test_a_renewed_end_is_told_anew_and_one_asked_for_just_now_is_not():
    row = bought(hours=8)
    row = purchase_facts.told(row, purchase_facts.due(row, NOW + 7.9 * HOUR))
    assert (row.warned, row.announced) == ((15,), ("ready", "expiring"))
    renewed = deployment_ends.end_at(row, 9, NOW + 9 * HOUR, NOW + 7.9 * HOUR)
    moved = replace(renewed, expires_at=renewed.until)
    facts = told_over(moved, [7.9 * HOUR + step * MINUTE for step in range(66)])
    assert [(moment, fact.minutes_ahead) for moment, fact in facts] == [(8.75 * HOUR, 15)]


def test_of_a_later_end_that_is_not_in_force_yet_nobody_is_reassured():
    row = deployment_ends.end_at(bought(hours=8), 20, NOW + 20 * HOUR, NOW + HOUR)
    assert [fact.minutes_ahead for fact in purchase_facts.due(row, NOW + 7.5 * HOUR)] == [60]


def test_what_bills_is_told_every_day_until_it_is_gone():
    row = bought(hours=168)
    facts = told_over(row, every(60, 80))
    assert [(moment, fact.day) for moment, fact in facts if fact.kind is None] == [
        (1 * DAY, 1),
        (2 * DAY, 2),
        (3 * DAY, 3),
    ]
    stuck = purchase_states.release(row, "asked for", None, NOW)
    assert [fact.day for fact in purchase_facts.due(stuck, NOW + DAY)] == [1]
    gone = purchase_states.finish(stuck, "released", None, NOW)
    assert [fact.kind for fact in purchase_facts.due(gone, NOW + DAY)] == ["released"]


def test_after_days_in_which_nobody_looked_the_bill_of_all_of_them_is_told_once():
    row = bought(hours=168)
    facts = told_over(row, [3.5 * DAY, 3.6 * DAY, 3.9 * DAY, 4 * DAY])
    assert [(moment, fact.day) for moment, fact in facts] == [(3.5 * DAY, 3), (4 * DAY, 4)]


def test_on_demand_is_warned_of_its_end_and_has_no_daily_bill():
    row = bought(hours=48, serving="on_demand", model_units=0)
    assert [fact.minutes_ahead for _, fact in told_over(row, every(5, 48))] == [60, 15]


@given(st.lists(st.integers(0, 169 * 60), max_size=40), st.integers(1, 168))
def test_nothing_is_told_twice_whenever_it_is_looked_for(minutes, hours):
    told = [fact for _, fact in told_over(bought(hours=hours), [each * MINUTE for each in sorted(minutes)])]
    assert len(told) == len(set(told))


def test_a_renewal_is_proposed_for_as_long_again_and_a_week_at_most():
    row = bought(hours=8)
    assert purchase_facts.renewed_end(row, NOW + 7 * HOUR) == NOW + 16 * HOUR
    assert purchase_facts.renewed_end(bought(hours=168), NOW + 167 * HOUR) == NOW + (167 + 168) * HOUR
    assert purchase_facts.renewed_end(bought(hours=None, serving="on_demand", model_units=0), NOW) is None
