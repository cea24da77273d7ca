"""A commitment: planned, asked for, approved by somebody else, bought once for its whole term, and ended with it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from bedrock_simulator import Configuration, Quotas
from tunedrop.domain.serving import approvals, terms
from tunedrop.edges import clock_and_ids
from tunedrop.edges import settings as settings_module
from tunedrop_cli import main

from tests import builders
from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, HOUR, Crash, World, crash, deaths, unlisted
from tests.integration.caller import call, refused
from tests.integration.served_control_api import served
from tests.integration.test_serving_a_model_that_exists import forget_requests, plan, put, train

PROD = "/deployments/support-prod"
APPROVER = "arn:aws:sts::123456789012:assumed-role/Approvers/kim"
PRICE = 22.0
DAY = 24 * HOUR
MONTH = 30 * DAY
"""Of the simulated Bedrock."""
AT_ONCE = 10


@pytest.fixture
def world(stack, environment) -> World:
    world = bedrock_world.make(stack, environment, configuration=Configuration(quotas=Quotas(model_units=2)))
    prices = {"claude-3-haiku.model_unit_hour": 44.0, "claude-3-haiku.model_unit_hour_one_month": PRICE}
    world.settings = replace(world.settings, prices=prices, allow_commitments=True)
    return world


@pytest.fixture
def asked(world) -> dict[str, Any]:
    """The body of a request for a commitment, of a job that has a custom model."""
    return {"job_id": train(world), "serving": "provisioned_throughput", "commitment": "one_month"}


def confirmed(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """The same with the id of its plan."""
    status, planned = plan(world, asked)
    assert status == 200, planned
    return {**asked, "plan_id": planned["plan_id"]}


def waiting_plan(world: World) -> str:
    """The id of the plan that waits, or waited, for an approval."""
    approval = call("GET", PROD, cloud=world.cloud)[1].get("approval") or {"plan_id": "none"}
    return str(approval["plan_id"])


def approve(world: World, *, caller: str = APPROVER, key: str | None = None, **said: Any) -> Any:
    body = {"term": "one_month", "reason": "the launch in December", "plan_id": waiting_plan(world), **said}
    return call("POST", f"{PROD}/approve", body, key=key or world.new_id(), cloud=world.cloud, caller=caller)


def waiting(world: World, asked: dict[str, Any]) -> None:
    """Ask for it, and let everything that follows happen."""
    assert put(world, confirmed(world, asked))[0] == 202
    world.deliver()


def bought(world: World, asked: dict[str, Any]) -> None:
    """It can be called."""
    waiting(world, asked)
    assert approve(world)[0] == 202
    world.deliver()
    world.wait(BOUGHT)
    assert world.deployment().state == "Ready"
    world.wait(0)


def test_the_plan_says_what_the_whole_term_costs_and_that_nobody_can_end_it(world, asked):
    status, planned = plan(world, asked)
    assert (status, planned["commitment"], planned["hours"]) == (200, "one_month", 31 * 24)
    assert (planned["cost"]["hour"], planned["cost"]["until_end"]) == (PRICE, PRICE * 31 * 24)
    told = " ".join(planned["advice"])
    assert "16,368.00 USD in all" in told
    assert "nobody can delete it before its term ends" in told
    assert "Bedrock renews it when its term ends" in told
    assert "idle_minutes" not in told


def test_it_is_bought_for_its_term_once_somebody_else_approved_it_and_ends_with_that(world, asked):
    assert put(world, confirmed(world, asked))[0] == 202
    _, found = call("GET", PROD, cloud=world.cloud)
    assert (found["state"], found["commitment"], found["term_cost"]) == ("Creating", "one_month", PRICE * 31 * 24)
    assert (found["approval"]["asked_by"], found["approval"]["approved_at"]) == (builders.CALLER, None)
    world.wait(2 * DAY)
    assert (world.bought(), world.schedules(), world.purchase().state) == ([], {}, "planned")
    status, found = approve(world, plan_id=found["approval"]["plan_id"])
    assert status == 202, found
    assert (status, found["approval"]["approved_by"]) == (202, APPROVER)
    assert found["acts"][-1]["did"] == "approved"
    world.deliver()
    [entry] = world.bought()
    assert (entry.commitment, entry.tags["tunedrop:term"]) == ("OneMonth", "one_month")
    began = world.clock.now()
    world.wait(BOUGHT)
    world.wait(0)
    ends = began + timedelta(seconds=MONTH)
    assert (world.deployment().state, world.deployment().expires_at) == ("Ready", ends)
    assert world.schedules() == {world.purchase().name: ends + terms.BRAKE_AFTER}
    world.wait((ends - world.clock.now()).total_seconds() - 60)
    assert len(world.live()) == 1
    world.wait(120)
    assert (world.live(), world.deployment().state) == ([], "Released")
    assert world.bought()[0].hours == pytest.approx(MONTH / HOUR, abs=0.1)


def test_a_term_of_six_months_is_what_bedrock_calls_so(world, asked):
    world.settings = replace(
        world.settings, prices={**world.settings.prices, "claude-3-haiku.model_unit_hour_six_months": 15.0}
    )
    waiting(world, {**asked, "commitment": "six_months"})
    assert approve(world, term="six_months")[0] == 202
    world.deliver()
    [entry] = world.bought()
    assert (entry.commitment, entry.tags["tunedrop:term"]) == ("SixMonths", "six_months")


def test_its_schedule_alone_ends_it_a_minute_after_its_term(world, asked):
    bought(world, asked)
    world.sleep(MONTH - BOUGHT + 90)
    assert world.live() == []
    world.wait(0)
    assert world.deployment().state == "Released"


def test_what_is_bought_by_the_hour_says_so(world, asked):
    put(world, {"job_id": asked["job_id"]})
    world.deliver()
    assert [(entry.commitment, entry.tags["tunedrop:term"]) for entry in world.bought()] == [(None, "hourly")]


BODIES = {
    "no plan was confirmed": ({}, 409, "plan_confirmation_required"),
    "another plan": ({"plan_id": "0" * 32}, 409, "plan_changed"),
    "hours": ({"hours": 8}, 422, "commitment_alone"),
    "an end": ({"expires_at": "2026-12-01T00:00:00Z"}, 422, "commitment_alone"),
    "no end": ({"no_end": True}, 422, "commitment_alone"),
    "an idle stop": ({"idle_minutes": 60}, 422, "commitment_alone"),
    "released for the budget": ({"on_budget": "release"}, 422, "commitment_alone"),
    "a second unit": ({"second_unit": True}, 422, "commitment_alone"),
    "no such term": ({"commitment": "OneMonth"}, 422, "invalid_request"),
    "a term without a price": ({"commitment": "six_months"}, 409, "price_unknown"),
    "more units than the stack may have": ({"model_units": 3}, 409, "model_units_cap"),
}


def test_what_can_not_be_committed_is_refused_and_nothing_is_written(world, asked):
    rows = world.rows()
    for what, (body, status, code) in BODIES.items():
        assert refused(put(world, {**asked, **body})) == (status, code), what
    assert world.rows() == rows


def test_on_demand_has_no_commitment(stack, environment):
    world = bedrock_world.make(stack, environment, base_model="nova-lite", region="us-east-1")
    world.settings = replace(world.settings, allow_commitments=True)
    body = {"job_id": train(world), "commitment": "one_month"}
    assert refused(plan(world, body)) == (422, "commitment_not_possible")


def test_a_stack_allows_none_unless_it_is_told_to(world, asked):
    waiting(world, asked)
    world.settings = replace(world.settings, allow_commitments=False)
    assert refused(approve(world)) == (409, "commitments_off")
    assert refused(call("PUT", "/deployments/other", asked, query={"plan": "true"}, cloud=world.cloud)) == (
        409,
        "commitments_off",
    )


def test_what_was_approved_is_not_bought_once_the_stack_allows_none(world, asked):
    waiting(world, asked)
    approve(world)
    world.settings = replace(world.settings, allow_commitments=False)
    world.deliver()
    assert (world.bought(), world.deployment().state) == ([], "Failed")
    assert "AllowCommitments" in (world.deployment().failure or "")


APPROVALS: dict[str, tuple[dict[str, Any], int, str]] = {
    "by who asked": ({"caller": builders.CALLER}, 409, "own_request"),
    "another term": ({"term": "six_months"}, 409, "other_term"),
    "another plan": ({"plan_id": "0" * 32}, 409, "plan_changed"),
    "no reason": ({"reason": " "}, 422, "invalid_request"),
    "no such term": ({"term": "hourly"}, 422, "invalid_request"),
}


def test_an_approval_that_is_not_one_buys_nothing(world, asked):
    waiting(world, asked)
    rows = world.rows()
    for what, (said, status, code) in APPROVALS.items():
        assert refused(approve(world, **said)) == (status, code), what
    body = {"term": "one_month", "reason": "x", "plan_id": waiting_plan(world)}
    without_key = call("POST", f"{PROD}/approve", body, cloud=world.cloud, caller=APPROVER)
    assert refused(without_key)[1] == "idempotency_key_required"
    world.deliver()
    assert (world.bought(), world.rows()) == ([], rows)


def test_what_does_not_wait_is_not_approved(world, asked):
    assert refused(approve(world)) == (404, "unknown_deployment")
    put(world, {"job_id": asked["job_id"]})
    assert refused(approve(world)) == (409, "nothing_to_approve")


def test_what_nobody_approves_is_withdrawn_and_told(world, asked):
    waiting(world, asked)
    world.clock.advance(approvals.WAITS.total_seconds())
    assert refused(approve(world)) == (409, "approval_expired")
    world.wait(0)
    assert (world.bought(), world.deployment().state, world.told()) == ([], "Failed", ["PurchaseLapsed"])
    assert refused(approve(world)) == (409, "nothing_to_approve")
    assert world.open_work() == []


def test_another_price_voids_the_approval_that_was_asked_for(world, asked):
    waiting(world, asked)
    dearer = {**world.settings.prices, "claude-3-haiku.model_unit_hour_one_month": PRICE + 1}
    world.settings = replace(world.settings, prices=dearer)
    assert refused(approve(world)) == (409, "plan_changed")
    assert world.bought() == []


def test_a_plan_of_yesterdays_price_asks_for_nothing(world, asked):
    body = confirmed(world, asked)
    dearer = {**world.settings.prices, "claude-3-haiku.model_unit_hour_one_month": PRICE + 1}
    world.settings = replace(world.settings, prices=dearer)
    rows = world.rows()
    assert refused(put(world, body)) == (409, "plan_changed")
    assert world.rows() == rows


@pytest.mark.parametrize("ready", [False, True])
def test_while_it_waits_and_while_it_stands_nothing_about_it_is_changed(world, asked, ready):
    (bought if ready else waiting)(world, asked)
    rows = world.rows()
    for body in ({"idle_minutes": 60}, {"hours": 8}, {"on_budget": "release"}, {"commitment": "six_months"}):
        assert refused(put(world, body)) == (409, "commitment_fixed"), body
    later = (world.clock.now() + timedelta(days=6)).isoformat()
    assert refused(put(world, {"expires_at": later})) == (409, "commitment_fixed")
    assert refused(put(world, {"model_units": 2})) == (409, "model_units_fixed")
    assert world.rows() == rows


def test_the_same_request_again_changes_nothing(world, asked):
    body = confirmed(world, asked)
    put(world, body)
    rows = world.rows()
    assert put(world, body)[0] == 200
    approve(world)
    approved = world.rows()
    assert approve(world)[0] == 202
    assert (rows != approved, world.rows()) == (True, approved)
    world.deliver()
    assert put(world, body)[0] == 200
    assert len(world.bought()) == 1


def test_one_that_waits_is_deleted_at_once_and_one_that_stands_never_before_its_end(world, asked):
    waiting(world, asked)
    assert call("DELETE", PROD, cloud=world.cloud)[1]["state"] == "Released"
    assert refused(approve(world)) == (409, "nothing_to_approve")
    assert put(world, confirmed(world, asked))[0] == 202
    approve(world)
    world.deliver()
    for _ in range(2):  # before Bedrock has shown the end of the term, and after
        for query in ({}, {"now": "true"}):
            status, answer = call("DELETE", PROD, query=query, cloud=world.cloud)
            assert (status, answer["error"]["code"]) == (409, "committed")
            assert answer["error"]["details"]["committed_until"] > world.clock.now().isoformat()
        world.wait(BOUGHT)
        world.wait(0)
    second = {"job_id": asked["job_id"], "model_units": 2, "second_unit": True}
    assert refused(put(world, second)) == (409, "committed")
    assert len(world.live()) == 1


def test_one_whose_answer_was_lost_is_not_deleted_either(world, asked):
    waiting(world, asked)
    approve(world)
    world.lose_answer("CreateProvisionedModelThroughput")
    with unlisted():
        world.deliver()
    assert (world.purchase().state, len(world.live())) == ("unknown", 1)
    assert refused(call("DELETE", PROD, cloud=world.cloud)) == (409, "committed")
    world.wait(BOUGHT)
    assert refused(call("DELETE", PROD, cloud=world.cloud)) == (409, "committed")
    assert (world.deployment().state, len(world.bought())) == ("Ready", 1)


def test_a_budget_counts_what_its_term_takes_of_the_month_and_never_ends_it(world, asked):
    share = PRICE * (30 - 22 + 0.5) * 24  # from noon of November 22nd
    world.settings = replace(world.settings, monthly_budget=Decimal(share * 4))
    _, planned = plan(world, {**asked, "accept_unknown_price": True})
    assert planned["budget"]["takes"] == pytest.approx(share, rel=0.03)
    waiting(world, {**asked, "accept_unknown_price": True})
    approve(world)
    world.deliver()
    world.settings = replace(world.settings, monthly_budget=Decimal(share / 2))
    world.wait(BOUGHT)
    world.wait(DAY)
    assert (world.deployment().state, len(world.live())) == ("Ready", 1)


def test_a_month_without_room_for_it_refuses_it(world, asked):
    world.settings = replace(world.settings, monthly_budget=Decimal(PRICE * 24))
    assert refused(plan(world, {**asked, "accept_unknown_price": True})) == (409, "monthly_budget")


def test_an_approval_by_many_at_once_buys_once(world, asked):
    waiting(world, asked)
    start = world.checkpoint()
    other = "arn:aws:sts::123456789012:assumed-role/Owners/lee"
    for nth, operation in enumerate(world.calls_of(lambda: approve(world))):
        if operation.startswith(("Get", "List", "Query")):
            continue  # a rival after a look is one before the write that follows
        world.restore(start)
        forget_requests(world)
        with world.interrupted(lambda: approve(world, caller=other), nth):
            assert approve(world)[0] == 202, operation
        world.deliver()
        world.wait(BOUGHT)
        assert len(world.bought()) == 1, operation
        assert world.purchase().approval.reason == "the launch in December"
    world.restore(start)
    forget_requests(world)
    assert {approve(world)[0] for _ in range(AT_ONCE)} == {202}
    world.deliver()
    assert len(world.bought()) == 1


def test_a_crash_at_any_call_buys_it_exactly_once(world, asked):
    body = confirmed(world, asked)
    steps = {
        "ask": lambda: put(world, body, key="once"),
        "approve": lambda: approve(world, key="yes"),
        "buy": lambda: world.spend({"kind": "advance_purchase", "deployment": "support-prod", "generation": 1}),
    }
    start = world.checkpoint()
    for name, step in steps.items():
        for nth, operation in deaths(world.calls_of(step)):
            if operation.startswith(("Get", "List", "Query")):
                continue  # to die after a look is to die after the last effect before it
            world.restore(start)
            forget_requests(world)
            with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
                step()
            if name != "buy":
                world.clock.advance(61)
                step()
            if name == "ask":
                approve(world)
            world.wait(terms.SETTLE.total_seconds() + 1)
            world.wait(BOUGHT)
            where = f"{name}: {operation}"
            assert (len(world.bought()), world.deployment().state) == (1, "Ready"), where
            assert world.bought()[0].commitment == "OneMonth", where
        world.restore(start)
        forget_requests(world)
        step()
        world.stack.messages(world.settings.spend_queue_url)
        start = world.checkpoint()


def test_one_that_bedrock_renewed_goes_on_asking_for_its_release(world, asked):
    bought(world, asked)
    began = world.purchase().billed_since
    world.clock.advance(MONTH + HOUR)  # nothing ran: neither a function nor the schedule
    world.wait(0)
    world.wait(HOUR)
    assert (world.deployment().state, len(world.live())) == ("Releasing", 1)
    world.wait(2 * MONTH - (world.clock.now() - began).total_seconds() + 60)
    assert (world.deployment().state, world.live()) == ("Released", [])


def test_one_that_was_lost_is_adopted_with_its_term_and_never_bought_again(world, asked):
    before = world.kept_rows()
    bought(world, asked)
    ends = world.deployment().expires_at
    world.put_back_rows(before)
    world.wait(0)
    world.wait(0)
    found = world.purchase()
    assert (found.state, found.commitment, found.ends_at) == ("live", "one_month", ends)
    assert len(world.bought()) == 1
    assert call("GET", PROD, cloud=world.cloud)[1]["hourly_cost"] == PRICE


def test_it_is_asked_for_and_approved_in_the_terminal(world, asked, environment, capsys):
    environment.setenv("TUNEDROP_ALLOW_COMMITMENTS", "true")
    environment.setenv("TUNEDROP_PRICES", json.dumps(dict(world.settings.prices)))
    settings_module.settings.cache_clear()
    world.clock.time = clock_and_ids.now()
    body = confirmed(world, asked)
    call("PUT", PROD, body, key="ask", cloud=world.cloud, caller=APPROVER)  # in the terminal it is the usual caller
    with served(world.deliver) as api:
        environment.setenv("TUNEDROP_CONTROL_API_URL", api.url)
        assert main.main(["deployments", "show", "support-prod"]) == 0
        assert f"asked for by {APPROVER}; can be approved until" in " ".join(capsys.readouterr().out.split())
        plan_id = waiting_plan(world)
        approving = ["deployments", "approve", "support-prod", "--reason", "the launch", "--plan-id", plan_id, "--term"]
        assert main.main([*approving, "six_months"]) == 1
        assert "409 other_term" in capsys.readouterr().err
        assert world.bought() == []
        assert main.main([*approving, "one_month"]) == 0
        told = " ".join(capsys.readouterr().out.split())
    assert f"by {builders.CALLER}" in told
    assert "16,368.00 USD in all, at most" in told
    world.deliver()
    assert [entry.commitment for entry in world.bought()] == ["OneMonth"]
