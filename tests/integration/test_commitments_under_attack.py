"""A commitment while people cheat, prices move, tables are put back, releases go back, and Bedrock renews it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tunedrop.domain.serving import terms
from tunedrop.edges import clients
from tunedrop.edges.rows import deployment_rows

from tests.integration.bedrock_world import BOUGHT, HOUR, World, showing
from tests.integration.caller import call, refused
from tests.integration.test_adopting_capacity import procured
from tests.integration.test_commitments import (
    DAY,
    MONTH,
    PRICE,
    PROD,
    approve,
    asked,
    bought,
    confirmed,
    waiting,
    waiting_plan,
    world,
)
from tests.integration.test_serving_a_model_that_exists import put

__all__ = ["asked", "world"]  # pytest finds fixtures by their names here


def put_back_to_its_request(world: World, asked: dict[str, Any]) -> None:
    """It was approved and bought; then the rows from before that came back."""
    waiting(world, asked)
    before = world.kept_rows()
    approve(world)
    world.deliver()
    world.wait(BOUGHT)
    world.put_back_rows(before)


def test_one_that_was_bought_is_in_sight_again_at_once_where_rows_from_before_its_approval_come_back(world, asked):
    put_back_to_its_request(world, asked)
    world.wait(300)
    found = world.purchase()
    assert (found.state, found.commitment, world.deployment().state) == ("live", "one_month", "Ready")
    assert (len(world.bought()), world.units()[0]) == (1, 1)
    assert refused(approve(world)) == (409, "nothing_to_approve")
    assert refused(call("DELETE", PROD, cloud=world.cloud)) == (409, "committed")


def test_an_approval_of_what_was_bought_already_buys_nothing(world, asked):
    put_back_to_its_request(world, asked)
    assert approve(world)[0] == 202
    world.deliver()
    world.wait(300)
    assert (world.purchase().state, len(world.bought())) == ("live", 1)


def test_a_withdrawal_of_what_was_bought_already_leaves_it_in_sight(world, asked):
    put_back_to_its_request(world, asked)
    call("DELETE", PROD, cloud=world.cloud)
    world.wait(300)
    world.wait(300)
    assert (world.purchase().state, world.units()[0]) == ("releasing", 1)
    assert refused(call("DELETE", PROD, cloud=world.cloud)) == (409, "committed")


def test_a_price_that_changes_after_the_approval_buys_nothing(world, asked):
    waiting(world, asked)
    world.settings = replace(world.settings, max_model_units=0)
    approve(world)
    world.deliver()
    dearer = {**world.settings.prices, "claude-3-haiku.model_unit_hour_one_month": PRICE + 1}
    world.settings = replace(world.settings, prices=dearer, max_model_units=2)
    world.wait(HOUR)
    assert (world.bought(), world.deployment().state) == ([], "Failed")
    assert "its price has changed" in (world.deployment().failure or "")


def test_who_approves_says_which_plan_they_looked_at(world, asked):
    waiting(world, asked)
    seen = waiting_plan(world)
    call("DELETE", PROD, cloud=world.cloud)
    world.settings = replace(world.settings, max_model_units=2)
    assert put(world, confirmed(world, {**asked, "model_units": 2}))[0] == 202
    assert refused(approve(world, plan_id=seen)) == (409, "plan_changed")
    assert refused(approve(world, plan_id=None)) == (422, "invalid_request")
    assert world.bought() == []


def test_the_release_before_takes_what_is_approved_for_lapsed_and_does_not_buy_it_by_the_hour(world, asked):
    waiting(world, asked)
    approve(world)
    lapses_at = world.purchase().lapses_at
    assert lapses_at is not None
    assert lapses_at <= world.clock.now()
    world.settings = replace(world.settings, max_model_units=0)
    world.wait(DAY - 300)
    assert world.purchase().state == "requested"
    world.wait(300)
    assert (world.bought(), world.purchase().state) == ([], "lapsed")


def test_an_end_that_the_release_before_moved_past_the_term_is_taken_back(world, asked):
    bought(world, asked)
    ends = world.deployment().expires_at
    row = deployment_rows.put_purchase(replace(world.purchase(), until=ends + timedelta(hours=100)))
    assert world.stack.table.write_all(row)
    world.wait(300)
    assert (world.purchase().ends_at, world.deployment().expires_at) == (ends, ends)
    assert world.schedules() == {world.purchase().name: ends + terms.BRAKE_AFTER}


def test_a_term_that_bedrock_began_anew_is_told_scheduled_and_counted_to_its_end(world, asked):
    bought(world, asked)
    first = world.deployment().expires_at
    world.settings = replace(world.settings, monthly_budget=Decimal(100_000))
    world.clock.advance(MONTH)  # nothing ran: neither a function nor the schedule
    world.wait(0)
    found, ends = world.deployment(), first + timedelta(seconds=MONTH)
    assert (found.state, found.expires_at, world.purchase().committed_until) == ("Releasing", ends, ends)
    assert "committed until 2027-01-21" in found.history[-1].note
    assert world.schedules() == {world.purchase().name: ends + terms.BRAKE_AFTER}
    assert refused(call("DELETE", PROD, cloud=world.cloud)) == (409, "committed")
    world.settings = replace(world.settings, max_model_units=2)
    beside = {"job_id": asked["job_id"], "hours": 1}
    _, planned = call("PUT", "/deployments/other", beside, query={"plan": "true"}, cloud=world.cloud)
    assert planned["budget"]["used"] == pytest.approx(PRICE * 31 * 24, rel=0.01)
    world.put_back_rows({})
    world.sleep((ends - world.clock.now()).total_seconds() + 90)
    assert world.live() == []


def test_one_that_procurement_bought_ends_with_its_term_although_bedrock_shows_that_later(world, asked):
    arn = procured(world, asked["job_id"], commitmentDuration="OneMonth")
    item = clients.bedrock().get_provisioned_model_throughput(provisionedModelId=arn)
    ends = item["commitmentExpirationTime"]
    early = {name: value for name, value in item.items() if name != "commitmentExpirationTime"}
    with showing("ListProvisionedModelThroughputs", provisionedModelSummaries=[early]):
        assert put(world, {"arn": arn})[0] == 202
        world.deliver()
    assert world.deployment().expires_at > ends
    world.wait(DAY)
    assert world.deployment().expires_at == ends
    assert world.schedules() == {world.purchase().name: ends + terms.BRAKE_AFTER}
