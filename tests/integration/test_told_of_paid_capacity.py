"""Whoever pays for capacity hears of its end before it comes and of its bill every day, once each, whatever fails."""

from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.edges import clients

from tests import next_commands
from tests.integration.bedrock_world import HOUR, Crash, crash, deaths, make, refusing

DAY = 24 * HOUR
PRICES = {"claude-3-haiku.model_unit_hour": 20.0}


@pytest.fixture
def world(stack, monkeypatch):
    made = make(stack, monkeypatch, max_model_units="2")
    made.settings = replace(made.settings, prices=PRICES)
    return made


def bought(world, hours=72):
    world.ready(deployment=DeploymentRequest("support-prod", hours=hours))
    world.told()


def of_kind(world, kind):
    return [detail for name, detail in world.notifications() if name == kind]


def test_an_end_says_how_far_ahead_it_is_what_it_costs_until_then_and_what_renews_it(world):
    bought(world, hours=8)
    world.wait(6.1 * HOUR)
    (warning,) = of_kind(world, "DeploymentExpiring")
    assert warning["minutes_ahead"] == 60
    assert warning["hourly_cost"] == 20.0
    assert warning["cost_until_end"] == pytest.approx(20 * 0.9, abs=0.5)
    assert warning["cost_so_far"] == pytest.approx(20 * 7.1, abs=0.5)
    asked = next_commands.parsed(warning["next_command"])
    assert (asked.command, asked.action, asked.deployment) == ("deployments", "put", "support-prod")
    world.wait(0.7 * HOUR)
    (last,) = of_kind(world, "DeploymentExpiring")
    assert last["minutes_ahead"] == 15
    assert last["event_id"] != warning["event_id"]


def test_what_still_bills_says_every_day_what_it_has_cost_whose_it_is_and_what_ends_it(world):
    bought(world)
    world.wait(23 * HOUR)
    (first,) = of_kind(world, "DeploymentStillBilling")
    assert (first["day"], first["owner"], first["hourly_cost"]) == (1, "support-team", 20.0)
    assert first["cost_so_far"] == pytest.approx(480, abs=1)
    assert (first["all_model_units"], first["all_hourly_cost"], first["currency"]) == (1, 20.0, "USD")
    assert first["expires_at"] in first["summary"]
    assert next_commands.parsed(first["next_command"]).deployment == "support-prod"
    world.wait(HOUR)
    assert of_kind(world, "DeploymentStillBilling") == []
    world.wait(23 * HOUR)
    (second,) = of_kind(world, "DeploymentStillBilling")
    assert second["cost_so_far"] == pytest.approx(960, abs=1)
    assert second["event_id"] != first["event_id"]


def test_two_that_bill_say_what_both_cost(world):
    bought(world)
    world.ready(deployment=DeploymentRequest("support-next", hours=72))
    world.told()
    world.wait(DAY)
    told = of_kind(world, "DeploymentStillBilling")
    assert [(each["all_model_units"], each["all_hourly_cost"]) for each in told] == [(2, 40.0)] * 2
    assert all(
        "All 2 model units of this stack together cost about 40.00 USD an hour." in each["summary"] for each in told
    )


def test_without_a_price_the_bill_is_unknown_and_never_nothing(world):
    bought(world)
    world.settings = replace(world.settings, prices={})
    world.wait(DAY)
    (told,) = of_kind(world, "DeploymentStillBilling")
    assert (told["hourly_cost"], told["cost_so_far"], told["all_hourly_cost"]) == (None, None, None)
    assert "no price is set" in told["summary"]


def test_days_without_reconcile_end_in_one_bill_of_all_of_them(world):
    bought(world)
    world.wait(2.5 * DAY, reconciles=False)
    assert world.told() == []
    world.wait(0)
    (told,) = of_kind(world, "DeploymentStillBilling")
    assert told["day"] == 2
    world.wait(0)
    assert world.told() == []


def test_whatever_call_is_the_last_before_a_crash_the_bill_is_told_under_one_id(world):
    bought(world)
    world.clock.advance(DAY)
    advance = {"kind": "advance_purchase", "deployment": "support-prod", "generation": 1}
    calls = world.calls_of(lambda: world.spend(advance))
    start = world.checkpoint()
    assert "PutEvents" in calls
    for nth, name in deaths(calls):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            world.spend(advance)
        world.wait(0)
        world.wait(0)
        ids = [detail["event_id"] for detail in of_kind(world, "DeploymentStillBilling")]
        assert len(set(ids)) == 1, name
        assert len(ids) <= 2, name


def test_an_end_and_a_bill_are_told_while_bedrock_does_not_answer(world):
    bought(world, hours=25)
    world.clock.advance(23.5 * HOUR)
    silent = refusing(clients.bedrock(), "ListProvisionedModelThroughputs", "InternalServerException", 500)
    with silent, pytest.raises(ClientError, match="InternalServerException"):
        world.spend({"kind": "advance_purchase", "deployment": "support-prod", "generation": 1})
    assert sorted(world.told()) == ["DeploymentExpiring", "DeploymentStillBilling"]
