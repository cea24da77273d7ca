"""A second unit: bought only when asked for, billed beside the first in plain sight, and never a third."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bedrock_simulator import Configuration, Quotas
from tunedrop.domain.serving.purchase_states import LONG_SETTLE
from tunedrop.edges import clients
from tunedrop.edges.rows import call_rows
from tunedrop.edges.rows.writes import Key, Put

from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, HOUR, Crash, World, crash, deaths, refusing
from tests.integration.caller import call, refused
from tests.integration.remembered_worlds import remembered
from tests.integration.test_serving_a_model_that_exists import PROD, forget_requests, plan, put, train

FIXTURES = Path(__file__).parents[1] / "fixtures"
PRICE = 44.0
CREATE, DELETE = "CreateProvisionedModelThroughput", "DeleteProvisionedModelThroughput"
ON_ITS_WAY = 60.0
"""Seconds after which the second unit is bought and not Ready yet."""


@pytest.fixture
def world(stack, environment) -> World:
    account = Configuration(quotas=Quotas(model_units=4))
    world = bedrock_world.make(stack, environment, configuration=account)
    prices = {"claude-3-haiku.model_unit_hour": PRICE}
    world.settings = replace(world.settings, max_model_units=2, prices=prices)
    return world


@pytest.fixture
def jobs(world) -> tuple[str, str]:
    """The jobs of the model that a deployment serves, Ready, and of another model."""
    return serve(world)


@remembered
def serve(world: World) -> tuple[str, str]:
    first, second = train(world), train(world)
    put(world, {"job_id": first, "hours": 24})
    world.deliver()
    world.wait(BOUGHT)
    world.told()
    return first, second


def ask(world: World, job_id: str, **more: Any) -> Any:
    return put(world, {"job_id": job_id, "second_unit": True} | more)


def get(world: World) -> Any:
    return call("GET", PROD, cloud=world.cloud)[1]


def serves(world: World, job_id: str, generation: int, *, live: int = 1, where: str = "") -> None:
    """It answers by this model, by capacity that Bedrock bills, and nothing else is billed."""
    head = world.deployment()
    assert (head.state, head.job_id, head.generation, head.beside) == ("Ready", job_id, generation, None), where
    assert head.arn in [entry.resource_arn for entry in world.live()], where
    assert len(world.live()) == live, where
    assert world.units() == (head.model_units, frozenset({f"support-prod#{generation}"})), where


def test_a_second_unit_is_priced_shown_and_takes_over_when_it_is_ready(world, jobs):
    first, second = jobs
    told = plan(world, {"job_id": second, "second_unit": True})[1]
    assert (told["changes"], told["generation"], told["cost"]["hour"]) == (["replace"], 2, PRICE)
    assert told["hour_of_both"] == 2 * PRICE
    status, answer = ask(world, second, plan_id=told["plan_id"])
    assert (status, answer["state"], answer["job_id"]) == (202, "Updating", first)
    before = world.deployment().arn
    world.deliver()
    world.wait(ON_ITS_WAY)
    shown = get(world)
    assert (shown["job_id"], shown["arn"], shown["hourly_cost"]) == (first, before, 2 * PRICE)
    assert (shown["second_unit"]["generation"], shown["second_unit"]["job_id"]) == (2, second)
    assert len(world.live()) == 2
    world.wait(BOUGHT)
    serves(world, second, 2)
    assert world.deployment().arn != before
    assert world.told() == ["DeploymentReplaced", "DeploymentReleased"]
    assert len(world.bought()) == 2
    assert put(world, {"job_id": first})[0] == 202, "the way back is one call"
    world.deliver()
    world.wait(HOUR)
    serves(world, first, 2)


def test_the_same_wish_again_buys_nothing_while_it_comes_and_afterwards(world, jobs):
    _, second = jobs
    assert ask(world, second)[0] == 202
    before = world.rows()
    assert (ask(world, second)[0], put(world, {})[0], put(world, {"job_id": second})[0]) == (200, 200, 200)
    assert world.rows() == before
    world.deliver()
    world.wait(ON_ITS_WAY)
    assert ask(world, second)[0] == 200
    assert refused(put(world, {"hours": 30})) == (409, "deployment_updating")
    world.wait(BOUGHT)
    assert ask(world, second)[0] == 200
    world.deliver()
    serves(world, second, 2)
    assert len(world.bought()) == 2


def test_both_units_stand_under_the_cap_and_above_it_nothing_is_written(world, jobs):
    world.settings = replace(world.settings, max_model_units=1)
    before = world.rows()
    assert refused(ask(world, jobs[1])) == (409, "model_units_cap")
    assert world.rows() == before
    world.settings = replace(world.settings, max_model_units=2)
    ask(world, jobs[1])
    assert refused(put(world, {"job_id": jobs[0]}, name="another")) == (409, "model_units_cap")


def test_a_quota_of_the_account_that_has_no_room_for_both_is_told_before_anything_is_written(world, jobs):
    world.simulator.reconfigure(Configuration(quotas=Quotas(model_units=1)))
    before = world.rows()
    assert refused(ask(world, jobs[1])) == (409, "account_quota")
    assert world.rows() == before


def test_model_units_are_changed_without_a_gap_though_the_model_is_the_same(world, jobs):
    world.settings = replace(world.settings, max_model_units=3)
    assert refused(put(world, {"model_units": 2})) == (409, "model_units_fixed")
    assert put(world, {"model_units": 2, "second_unit": True})[0] == 202
    world.deliver()
    world.wait(BOUGHT)
    serves(world, jobs[0], 2)
    assert world.deployment().model_units == 2


def test_a_second_unit_that_fails_leaves_the_first_and_its_number_is_not_used_again(world, jobs):
    first, second = jobs
    with refusing(clients.spender(), CREATE, "ValidationException", 400):
        ask(world, second)
        world.deliver()
    serves(world, first, 1)
    assert [kind for kind, _ in world.notifications()] == ["DeploymentFailed"]
    assert ask(world, second)[1]["second_unit"]["generation"] == 3
    world.deliver()
    world.wait(BOUGHT)
    serves(world, second, 3)
    assert len(world.bought()) == 2


def test_a_number_is_not_used_again_though_a_release_without_second_units_rewrote_the_head(world, jobs):
    first, second = jobs
    with refusing(clients.spender(), CREATE, "ValidationException", 400):
        ask(world, second)
        world.deliver()
    rewritten_by_0_1_0(world)
    world.release("support-prod")
    world.deliver()
    assert plan(world, {"job_id": first})[1]["generation"] == 3
    assert put(world, {"job_id": first})[0] == 202
    world.deliver()
    world.wait(BOUGHT)
    serves(world, first, 3)


def test_a_second_unit_follows_the_newest_one_though_a_release_without_them_rewrote_the_head(world, jobs):
    _, second = jobs
    with refusing(clients.spender(), CREATE, "ValidationException", 400):
        ask(world, second)
        world.deliver()
    rewritten_by_0_1_0(world)
    assert ask(world, second)[1]["second_unit"]["generation"] == 3
    world.deliver()
    world.wait(BOUGHT)
    serves(world, second, 3)


def rewritten_by_0_1_0(world: World) -> None:
    """The head as that release writes it after any change: without what it does not know."""
    row = world.cloud.state.get(Key("DEPLOYMENT#support-prod", "HEAD"))
    assert row is not None
    stored = json.loads((FIXTURES / "rows" / "0.1.0" / "deployment.json").read_text("utf-8"))
    known = {name for each in stored.values() for name in each["item"]}
    world.cloud.state.put(Put({name: value for name, value in row.items() if name in known}))


def test_a_second_unit_that_named_no_model_is_not_bought_again_by_the_same_request_a_day_later(world, jobs):
    """It died between its intent and its answer, the unit failed, and its caller comes back."""
    world.settings = replace(world.settings, max_model_units=3)
    body = {"model_units": 2, "second_unit": True}
    sending = world.calls_of(lambda: put(world, body)).index("SendMessage")
    with world.interrupted(crash, sending), pytest.raises(Crash):
        put(world, body, key="late")
    with refusing(clients.spender(), CREATE, "ValidationException", 400):
        world.wait(0)
    world.wait(HOUR)
    rows = world.rows()
    status, answer = put(world, body, key="late")
    assert (status, answer["state"], answer["model_units"], answer["second_unit"]) == (200, "Ready", 1, None)
    assert world.rows() == rows
    assert put(world, body, key="another")[0] == 202, "another request is another wish"


def test_an_end_that_comes_meanwhile_is_kept_and_the_second_unit_serves_alone(world, jobs):
    _, second = jobs
    end = put(world, {"hours": 2})[1]["expires_at"]
    world.deliver()
    world.wait(HOUR - 120)
    assert refused(ask(world, second)) == (422, "end_required")
    ask(world, second, hours=8)
    world.deliver()
    world.wait(HOUR / 12)
    head = world.deployment()
    assert (head.state, head.generation, head.beside) == ("Creating", 2, None), end
    assert len(world.live()) == 1
    world.wait(BOUGHT)
    serves(world, second, 2)


def test_deleting_it_ends_both_and_it_is_released_when_both_are_gone(world, jobs):
    ask(world, jobs[1])
    world.deliver()
    world.wait(ON_ITS_WAY)
    assert len(world.live()) == 2
    world.release("support-prod")
    assert world.deployment().state == "Releasing"
    with refusing(clients.spender(), DELETE, "ConflictException", 409, about=world.purchase(generation=2).arn):
        world.deliver()
    assert (len(world.live()), world.deployment().state) == (1, "Releasing"), "it is not over while one is billed"
    world.wait(HOUR / 12)
    assert (world.live(), world.deployment().state, world.units()) == ([], "Released", (0, frozenset()))
    world.wait(HOUR)
    assert world.open_work() == []


def test_deleting_it_at_once_lets_the_unit_beside_it_wait_for_no_call_either(world, jobs):
    ask(world, jobs[1])
    world.deliver()
    world.clock.advance(BOUGHT)
    world.simulator.run_due()
    call_rows.record(world.stack.access_table, "support-prod", world.clock.now())
    world.wait(0)
    assert (world.deployment().generation, len(world.live())) == (2, 2), "the first still answers what it took"
    world.release("support-prod")
    world.deliver()
    assert len(world.live()) == 2
    assert call("DELETE", PROD, query={"now": "true"}, cloud=world.cloud)[1]["state"] == "Releasing"
    world.deliver()
    assert (world.live(), world.deployment().state, world.units()) == ([], "Released", (0, frozenset()))


def test_deleting_it_before_anything_was_sent_buys_nothing_more(world, jobs):
    ask(world, jobs[1])
    world.release("support-prod")
    world.deliver()
    assert (world.live(), len(world.bought()), world.deployment().state) == ([], 1, "Released")


@pytest.mark.parametrize("sent", [False, True])
def test_asking_for_the_model_that_serves_withdraws_the_second_unit(world, jobs, sent):
    first, second = jobs
    ask(world, second)
    if sent:
        world.deliver()
        world.wait(ON_ITS_WAY)
    assert plan(world, {"job_id": first})[1]["changes"] == ["withdraw"]
    assert put(world, {"job_id": first})[0] == 202
    if sent:
        before = world.rows()
        assert put(world, {"job_id": first})[0] == 200
        assert refused(ask(world, second)) == (409, "deployment_updating"), "it is not what comes any more"
        assert world.rows() == before
    world.deliver()
    world.wait(BOUGHT)
    serves(world, first, 1)
    assert len(world.bought()) == 1 + sent
    assert world.open_work() == ["PURCHASE#support-prod#1"]


def test_a_crash_at_any_call_of_the_second_unit_buys_it_once_and_gives_the_first_back(world, jobs):
    _, second = jobs
    start = world.checkpoint()
    steps = {
        "ask": lambda: put(world, {"job_id": second, "second_unit": True}, key="once"),
        "buy": lambda: world.spend(advance(2)),
        "take over": lambda: world.spend(advance(2)),
        "give back": lambda: world.spend(advance(1)),
    }
    for name, step in steps.items():
        for nth, operation in deaths(world.calls_of(step)):
            if operation.startswith(("Get", "List", "Query")):
                continue  # to die after a look is to die after the last effect before it
            world.restore(start)
            forget_requests(world)
            with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
                step()
            if name == "ask":
                world.clock.advance(61)
                step()
            world.wait(LONG_SETTLE.total_seconds() + 1)
            world.wait(BOUGHT)
            world.wait(BOUGHT)
            serves(world, second, 2, where=f"{name}: {operation}")
            assert len(world.bought()) == 2, f"{name}: {operation}"
        world.restore(start)
        forget_requests(world)
        step()
        world.stack.messages(world.settings.spend_queue_url)
        if name == "buy":
            world.clock.advance(BOUGHT)
            world.simulator.run_due()
        start = world.checkpoint()


def advance(generation: int) -> dict[str, Any]:
    return {"kind": "advance_purchase", "deployment": "support-prod", "generation": generation}


@pytest.mark.thorough
def test_rivals_at_any_call_of_taking_over_do_no_harm(world, jobs):
    _, second = jobs
    ask(world, second)
    world.deliver()
    world.clock.advance(BOUGHT)
    world.simulator.run_due()
    start = world.checkpoint()
    rivals = {
        "the same": lambda: world.spend(advance(2)),
        "deleted": lambda: world.release("support-prod"),
    }
    for name, rival in rivals.items():
        for nth, operation in enumerate(world.calls_of(lambda: world.spend(advance(2)))):
            if name == "the same" and operation != "TransactWriteItems":
                continue
            world.restore(start)
            with world.interrupted(rival, nth, "before" if name == "the same" else "after"):
                world.spend(advance(2))
            world.wait(LONG_SETTLE.total_seconds() + 1)
            world.wait(BOUGHT)
            where = f"{name}: {operation}"
            assert len(world.bought()) == 2, where
            if name == "deleted":
                assert (world.live(), world.deployment().state) == ([], "Released"), where
            else:
                serves(world, second, 2, where=where)
            world.restore(start)


def test_the_way_to_serve_is_changed_without_a_gap(stack, environment):
    world = bedrock_world.make(stack, environment, base_model="nova-lite", region="us-east-1")
    job_id = train(world)
    put(world, {"job_id": job_id})
    world.deliver()
    world.wait(BOUGHT)
    assert world.deployment().serving == "on_demand"
    by_the_hour = {"serving": "provisioned_throughput"}
    assert refused(put(world, by_the_hour)) == (409, "serving_fixed")
    assert put(world, {**by_the_hour, "second_unit": True})[0] == 202
    world.deliver()
    world.wait(BOUGHT)
    head = world.deployment()
    assert (head.state, head.serving, head.model_units, head.generation) == ("Ready", "provisioned_throughput", 1, 2)
    assert world.live("custom_model_deployment") == []
    assert [entry.resource_arn for entry in world.live()] == [head.arn]
    put(world, {"serving": "on_demand", "second_unit": True})
    world.deliver()
    world.wait(BOUGHT)
    assert (world.live(), world.deployment().expires_at) == ([], None)
    assert len(world.live("custom_model_deployment")) == 1


@pytest.mark.parametrize("value", ["yes", 1, "true"])
def test_only_true_asks_for_a_second_unit(world, jobs, value):
    assert refused(ask(world, jobs[1], second_unit=value))[0] == 422


def test_what_is_not_named_is_as_before_with_the_second_unit(world, jobs):
    put(world, {"idle_minutes": 60, "on_budget": "release"})
    ask(world, jobs[1])
    world.deliver()
    assert (world.purchase(generation=2).idle_minutes, world.purchase(generation=2).on_budget) == (60, "release")
    assert refused(put(world, {"on_budget": "notify"})) == (409, "deployment_updating")
    assert refused(put(world, {"job_id": jobs[0], "idle_minutes": 30})) == (409, "deployment_updating")
    world.wait(BOUGHT)
    assert (world.deployment().generation, world.deployment().idle_minutes) == (2, 60)


def test_an_end_that_is_not_named_is_the_first_units_and_one_that_is_about_to_come_must_be_named(world, jobs):
    world.settings = replace(world.settings, max_model_units=3)
    ends = get(world)["expires_at"]
    for body in ({"job_id": jobs[1]}, {"model_units": 2}):
        assert plan(world, {"second_unit": True} | body)[1]["expires_at"] == ends
    assert plan(world, {"job_id": jobs[1], "second_unit": True, "hours": 3})[1]["hours"] == 3
    assert ask(world, jobs[1])[1]["second_unit"]["expires_at"] == ends
    world.deliver()
    world.wait(BOUGHT)
    assert (world.deployment().generation, get(world)["expires_at"]) == (2, ends)
    put(world, {"expires_at": (world.clock.now() + timedelta(minutes=50)).isoformat()})
    world.deliver()
    world.wait(300)
    assert refused(ask(world, jobs[0])) == (422, "end_required")
    assert ask(world, jobs[0], hours=2)[0] == 202


def test_what_earlier_units_cost_and_who_had_what_done_stays_after_they_were_replaced(world, jobs):
    first, second = jobs
    ask(world, second)
    world.deliver()
    world.wait(ON_ITS_WAY)
    put(world, {"job_id": first})  # withdrawn: it was billed, and took over nothing
    world.deliver()
    world.wait(HOUR)
    ask(world, second)
    world.deliver()
    world.wait(BOUGHT)
    world.wait(HOUR)
    found = get(world)
    assert (found["generation"], len(world.bought())) == (3, 3)
    charged = [each for each in call("GET", "/costs", cloud=world.cloud)[1]["charges"] if each["kind"] == "capacity"]
    assert found["cost_so_far"] == pytest.approx(sum(each["amount"] for each in charged), abs=0.01)
    done = [(act["generation"], act["did"]) for act in found["acts"]]
    for generation in (1, 2, 3):
        assert {(generation, "asked"), (generation, "bought")} <= set(done)
    assert {(1, "deleted"), (2, "deleted")} <= set(done)
    times = [act["time"] for act in found["acts"]]
    assert times == sorted(times)


def test_a_name_that_is_used_again_begins_at_nothing(world, jobs):
    ask(world, jobs[1])
    world.deliver()
    world.wait(BOUGHT)
    call("DELETE", PROD, cloud=world.cloud)
    world.deliver()
    world.wait(HOUR)
    assert get(world)["cost_so_far"] > PRICE
    put(world, {"job_id": jobs[0]})
    found = get(world)
    assert (found["cost_so_far"], [act["did"] for act in found["acts"]]) == (0, ["asked"])


def test_each_model_is_charged_for_its_own_span_where_one_took_anothers_place_in_the_same_unit(world, jobs):
    first = jobs[0]
    other = world.start(tags={"team": "search"})
    world.deliver()
    world.wait(bedrock_world.TRAINED)
    bought_at = world.bought()[0].started_at
    put(world, {"job_id": other.id})
    world.deliver()
    world.wait(HOUR)
    assert world.deployment().job_id == other.id
    swapped_at = world.clock.now()
    world.wait(2 * HOUR)
    put(world, {"job_id": first})
    world.deliver()
    world.wait(HOUR)
    world.wait(HOUR)

    def charged(**query: str) -> Any:
        return call("GET", "/costs", query=query or None, cloud=world.cloud)[1]

    charges = [each for each in charged()["charges"] if each["kind"] == "capacity"][::-1]
    assert [each["job_id"] for each in charges] == [first, other.id, first]
    assert [each["ended"] is None for each in charges] == [False, False, True]
    assert [each["began"] for each in charges[1:]] == [each["ended"] for each in charges[:-1]]
    assert charges[1]["quantity"] == pytest.approx(3, abs=0.02)
    in_all = (world.clock.now() - bought_at) / timedelta(hours=1)
    assert sum(each["quantity"] for each in charges) == pytest.approx(in_all, abs=0.02)
    found = {each["key"]: each["amount"] for each in charged(by="tag")["groups"]}
    assert found["team=search"] == pytest.approx(3 * PRICE, abs=1)
    cut = charged(**{"from": swapped_at.isoformat(), "to": (swapped_at + timedelta(hours=1)).isoformat()})["charges"]
    assert [(each["job_id"], each["quantity"]) for each in cut if each["kind"] == "capacity"] == [(other.id, 1)]
