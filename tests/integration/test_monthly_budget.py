"""MonthlyBudget: what would go over it is refused before anything is written, judged by Bedrock's ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from bedrock_simulator import Configuration, Quotas
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.edges.rows import budget_rows
from tunedrop.errors import CapExceeded, Conflict, TunedropError

from tests.faults.taking_turns import at_once
from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, HOUR, TRAINED, Crash, World, crash, deaths
from tests.integration.caller import call, refused
from tests.integration.test_serving_a_model_that_exists import plan, put, train

AT_ONCE, SEED = 20, 7
WRITE = "TransactWriteItems"
UNIT_HOUR = Decimal(44)
TRAINING = Decimal("0.004")
PRICES = {"claude-3-haiku.model_unit_hour": 44.0, "claude-3-haiku.training_per_1000_tokens": 0.004}
QUARTER = Decimal("0.25")
"""Hours until the schedule that ends what nobody has ended."""


@pytest.fixture
def world(stack, environment) -> World:
    account = Configuration(quotas=Quotas(model_units=AT_ONCE))
    world = bedrock_world.make(stack, environment, configuration=account)
    world.settings = replace(world.settings, max_model_units=AT_ONCE, prices=PRICES)
    return world


def allow(world: World, budget: str | None) -> None:
    """The stack is deployed with another MonthlyBudget."""
    world.settings = replace(world.settings, monthly_budget=Decimal(budget) if budget else None)


def cost(hours: Decimal | int) -> Decimal:
    """What an hour's capacity of one unit reserves, to the moment at which its schedule ends it."""
    return (hours + QUARTER) * UNIT_HOUR


def spent(world: World) -> Decimal:
    """What Bedrock has billed this month for capacity, and may bill until what is live ends."""
    month = world.clock.now().replace(day=1, hour=0, minute=0)
    hours = [
        ((entry.ended_at or world.clock.now()) - max(entry.started_at, month)) / timedelta(hours=1) * entry.units
        for entry in world.bought()
        if (entry.ended_at or month) >= month
    ]
    return Decimal(sum(hours)) * UNIT_HOUR


def test_what_would_go_over_the_budget_is_refused_with_the_sum_and_by_what_it_is_used(world):
    job_id = train(world)
    allow(world, "500")
    assert put(world, {"job_id": job_id, "hours": 8})[0] == 202
    status, answer = put(world, {"job_id": job_id, "hours": 4}, name="support-next")
    error = answer["error"]
    assert (status, error["code"]) == (409, "monthly_budget")
    details = error["details"]
    assert details["month"] == f"{world.clock.now():%Y-%m}"
    assert (details["budget"], details["takes"], details["currency"]) == (500, float(cost(4)), "USD")
    assert details["used_by"][0] == {"what": "deployment support-prod#1", "amount": float(cost(8))}
    assert details["used"] == pytest.approx(sum(each["amount"] for each in details["used_by"]))
    assert "tunedrop costs" in error["message"]
    assert refused(call("GET", "/deployments/support-next", cloud=world.cloud))[0] == 404
    assert put(world, {"job_id": job_id, "hours": 2}, name="support-next")[0] == 202


def test_a_stack_without_a_budget_adds_nothing_up(world):
    job_id = train(world)
    put(world, {"job_id": job_id, "hours": 168})
    assert world.stack.table.get(budget_rows.BUDGET) is None


def test_training_is_reserved_by_its_tokens_and_a_wish_by_its_hours(world):
    allow(world, "1000")
    plan = call("POST", "/jobs", wished(8), query={"plan": "true"}, cloud=world.cloud)[1]
    training = Decimal(plan["trained_tokens"]) / 1000 * TRAINING
    allow(world, str(cost(8) + training))
    assert world.start(deployment=DeploymentRequest("support-prod", hours=8)).status == "Requested"
    with pytest.raises(CapExceeded) as refusal:
        world.start()
    assert refusal.value.code == "monthly_budget"
    assert refusal.value.details["takes"] == float(training)


def wished(hours: int) -> Any:
    return {
        "dataset": "support",
        "base_model": "claude-3-haiku",
        "deployment": {"name": "support-prod", "hours": hours},
    }


def outcome(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except TunedropError as refusal:
        return refusal.code


@pytest.mark.thorough
def test_of_twenty_jobs_at_once_only_as_many_start_as_the_budget_has_money_for(world):
    allow(world, str(3 * cost(8) + 20))

    def ask(number: int) -> str:
        return world.start(deployment=DeploymentRequest(f"support-{number}", hours=8)).status

    outcomes = at_once([partial(outcome, partial(ask, number)) for number in range(AT_ONCE)], SEED)
    assert sorted(outcomes) == ["Requested"] * 3 + ["monthly_budget"] * (AT_ONCE - 3)


def test_of_twenty_puts_at_once_only_as_many_are_bought_as_the_budget_has_money_for(world):
    jobs = [train(world), train(world)]
    allow(world, str(2 * cost(8) + 20))

    def ask(number: int) -> str:
        status, answer = put(world, {"job_id": jobs[number % 2], "hours": 8}, name=f"support-{number}")
        return "bought" if status == 202 else answer["error"]["code"]

    outcomes = at_once([partial(ask, number) for number in range(AT_ONCE)], SEED)
    assert sorted(outcomes) == ["bought"] * 2 + ["monthly_budget"] * (AT_ONCE - 2)
    world.deliver()
    world.wait(8 * HOUR)
    world.wait(60)
    assert world.bought()
    assert world.live() == []
    assert spent(world) <= world.settings.monthly_budget


def test_what_is_adopted_while_a_job_is_asked_for_counts_against_it(world):
    """A job takes no model units, so nothing but the budget can tell it."""
    hour_of_training = Decimal(10)
    job_id, backup = train(world), world.kept_rows()
    put(world, {"job_id": job_id, "hours": 8})
    world.deliver()
    world.wait(BOUGHT)
    world.put_back_rows(backup)
    world.reconcile()
    (message,) = world.stack.messages(world.settings.spend_queue_url)
    tokens = Decimal(world.job(job_id).trained_tokens or 0) / 1000
    prices = PRICES | {"claude-3-haiku.training_per_1000_tokens": float(hour_of_training / tokens)}
    world.settings = replace(world.settings, prices=prices)
    allow(world, str(cost(8) + hour_of_training * Decimal("1.5")))
    writing = world.calls_of(world.start).index(WRITE)
    with world.interrupted(lambda: world.spend(message), writing, "before"), pytest.raises(CapExceeded) as refusal:
        world.start()
    assert refusal.value.code == "monthly_budget"
    assert refusal.value.details["used_by"][0]["what"] == "deployment support-prod#1"
    assert world.deployment().state == "Ready"


def test_a_renewal_is_reserved_and_a_shorter_end_frees_what_it_saves(world):
    job_id = train(world)
    allow(world, str(cost(8) + 20))
    put(world, {"job_id": job_id, "hours": 4})
    world.deliver()
    world.wait(BOUGHT)
    assert put(world, {"hours": 12})[1]["error"]["code"] == "monthly_budget"
    assert put(world, {"hours": 8})[0] == 200
    assert put(world, {"job_id": job_id, "hours": 1}, name="second")[1]["error"]["code"] == "monthly_budget"
    assert put(world, {"hours": 4})[0] == 200
    world.deliver()
    assert put(world, {"job_id": job_id, "hours": 1}, name="second")[0] == 202


def test_what_was_given_back_early_counts_by_what_it_cost(world):
    job_id = train(world)
    allow(world, str(cost(8) + 20))
    put(world, {"job_id": job_id, "hours": 8})
    world.deliver()
    world.wait(2 * HOUR)
    world.release("support-prod")
    world.deliver()
    world.wait(60)
    assert put(world, {"job_id": job_id, "hours": 7}, name="second")[1]["error"]["code"] == "monthly_budget"
    assert put(world, {"job_id": job_id, "hours": 6}, name="second")[0] == 202


def test_each_month_is_held_to_its_budget_where_capacity_runs_across_its_end(world):
    world.clock.time = datetime(2026, 11, 28, 12, tzinfo=UTC)
    job_id = train(world)
    world.clock.time = datetime(2026, 11, 30, 20, tzinfo=UTC)
    allow(world, "300")
    status, answer = put(world, {"job_id": job_id, "hours": 12})
    assert (status, answer["error"]["details"]["month"]) == (409, "2026-12")
    assert put(world, {"job_id": job_id, "hours": 6})[0] == 202
    world.deliver()
    world.wait(5 * HOUR)
    assert f"{world.clock.now():%Y-%m}" == "2026-12"
    assert put(world, {"job_id": job_id, "hours": 5}, name="second")[1]["error"]["code"] == "monthly_budget"
    assert put(world, {"job_id": job_id, "hours": 4}, name="second")[0] == 202
    world.deliver()
    world.wait(HOUR)
    world.wait(5 * HOUR)
    assert world.live() == []
    assert spent(world) <= 300


def test_a_price_that_is_not_configured_has_to_be_accepted_under_a_budget(world):
    job_id = train(world)
    allow(world, "500")
    world.settings = replace(world.settings, prices={})
    status, answer = put(world, {"job_id": job_id, "hours": 8})
    assert (status, answer["error"]["code"]) == (409, "price_unknown")
    assert answer["error"]["details"]["missing_prices"] == ["claude-3-haiku.model_unit_hour"]
    assert put(world, {"job_id": job_id, "hours": 8, "accept_unknown_price": True})[0] == 202
    with pytest.raises(Conflict) as refusal:
        world.start()
    assert refusal.value.details["missing_prices"] == ["claude-3-haiku.training_per_1000_tokens"]
    assert world.start(accept_unknown_price=True).status == "Requested"


def test_a_crash_at_any_call_of_an_intent_leaks_no_money(world):
    job_id = train(world)
    allow(world, str(cost(8) + 20))
    start = world.checkpoint()

    def ask(key: str) -> Any:
        return put(world, {"job_id": job_id, "hours": 8}, key=key)

    calls = world.calls_of(lambda: ask("never"))
    for nth, name in deaths(calls):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            ask(f"once-{nth}")
        world.clock.advance(90)
        assert ask(f"once-{nth}")[0] in {200, 202}, name
        world.release("support-prod")
        world.deliver()
        assert put(world, {"job_id": job_id, "hours": 8}, name="second")[0] == 202, name


def test_a_budget_of_nothing_allows_nothing_that_costs(world):
    allow(world, "0")
    with pytest.raises(CapExceeded) as refusal:
        world.start()
    assert refusal.value.code == "monthly_budget"
    world.wait(TRAINED)
    assert world.simulator.ledger() == ()


def budget_told(world: World) -> list[Any]:
    return [(kind, detail) for kind, detail in world.notifications() if kind.startswith("Budget")]


def test_it_is_told_once_a_month_that_the_budget_is_nearly_used_up_and_that_it_is(world):
    jobs = [train(world), train(world)]
    allow(world, "400")
    put(world, {"job_id": jobs[0], "hours": 6})
    world.deliver()
    assert budget_told(world) == []
    put(world, {"job_id": jobs[1], "hours": 1}, name="second")
    world.deliver()
    ((kind, detail),) = budget_told(world)
    assert (kind, detail["budget"], detail["month"]) == ("BudgetNearing", 400, f"{world.clock.now():%Y-%m}")
    assert detail["used"] == pytest.approx(float(cost(6) + cost(1)), abs=1)
    assert detail["next_command"].startswith("tunedrop costs")
    allow(world, "300")
    for _ in range(3):
        world.reconcile()
        world.deliver()
    ((kind, detail),) = budget_told(world)
    assert kind == "BudgetExhausted"
    assert [(each["deployment"], each["hourly_cost"], each["on_budget"]) for each in detail["running"]] == [
        ("second", 44.0, "notify"),
        ("support-prod", 44.0, "notify"),
    ]
    assert len(world.live()) == 2


def test_an_exhausted_budget_is_told_of_where_nothing_is_open_any_more(world):
    train(world)
    allow(world, "0.01")
    world.reconcile()
    world.deliver()
    assert [kind for kind, _ in budget_told(world)] == ["BudgetExhausted"]


def test_an_intent_that_was_written_under_a_larger_budget_is_not_sent(world):
    job_id = train(world)
    job = world.start()
    put(world, {"job_id": job_id, "hours": 8})
    allow(world, "100")
    world.deliver()
    assert (world.bought(), len(world.bought("customization_job"))) == ([], 1)
    assert "MonthlyBudget (100.00)" in (world.deployment().failure or "")
    world.wait(60)
    assert world.deployment().state == "Failed"
    assert world.job(job.id).status in {"InProgress", "Failed"}


def test_a_job_is_not_sent_under_a_budget_that_has_become_too_small_or_without_its_price(world):
    allow(world, "1000")
    first, second = world.start(), world.start()
    allow(world, "0.01")
    world.spend({"kind": "advance_job", "job_id": first.id})
    ended = world.job(first.id)
    assert (ended.status, ended.failure_code) == ("Failed", "monthly_budget")
    allow(world, "1000")
    world.settings = replace(world.settings, prices={})
    world.spend({"kind": "advance_job", "job_id": second.id})
    assert world.job(second.id).failure_code == "price_unknown"
    assert world.simulator.ledger() == ()


def test_what_is_to_be_released_when_the_budget_is_exceeded_is_and_the_rest_stays(world):
    jobs = [train(world), train(world)]
    put(world, {"job_id": jobs[0], "hours": 8, "on_budget": "release"})
    put(world, {"job_id": jobs[1], "hours": 8}, name="kept")
    world.deliver()
    world.wait(BOUGHT)
    assert {world.deployment(name).state for name in ("support-prod", "kept")} == {"Ready"}
    allow(world, "500")
    world.reconcile()
    world.deliver()
    world.wait(60)
    assert (world.deployment().state, world.deployment("kept").state) == ("Released", "Ready")
    assert [entry.name for entry in world.live()] == [world.purchase("kept").name]
    assert put(world, {"on_budget": "release"}, name="kept")[1]["on_budget"] == "release"
    assert put(world, {"on_budget": "release"}, name="kept")[0] == 200
    world.wait(60)
    assert world.deployment("kept").state == "Ready", "it fits into what is left"


def test_a_plan_shows_the_budget_what_is_used_and_what_it_would_take(world):
    job_id = train(world)
    allow(world, "500")
    put(world, {"job_id": job_id, "hours": 4})
    shown = call("POST", "/jobs", wished(2), query={"plan": "true"}, cloud=world.cloud)
    assert refused(shown) == (409, "deployment_exists")
    shown = call(
        "PUT", "/deployments/second", {"job_id": job_id, "hours": 2}, query={"plan": "true"}, cloud=world.cloud
    )[1]["budget"]
    assert (shown["budget"], shown["takes"], shown["month"]) == (500, float(cost(2)), f"{world.clock.now():%Y-%m}")
    assert shown["used"] == pytest.approx(float(cost(4)), abs=1)


def test_a_plan_says_what_it_takes_of_this_month_and_of_the_next(world):
    job_id = train(world)
    allow(world, "2000")
    world.clock.time = world.clock.time.replace(day=30, hour=22)
    budget = plan(world, {"job_id": job_id, "hours": 8})[1]["budget"]
    assert budget["takes"] < budget["takes_next"]
    assert budget["takes"] + budget["takes_next"] >= float(cost(8))
