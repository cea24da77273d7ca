"""What evaluations take of MonthlyBudget, and what GET /costs says of them: judged by Bedrock's tokens."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.errors import CapExceeded

from tests.faults.taking_turns import at_once
from tests.integration import evaluation_world
from tests.integration.bedrock_world import BOUGHT, World
from tests.integration.caller import call, refused
from tests.integration.evaluation_world import BASES, OURS, THEIRS, charged, post, row, settle, start, stop

PRICES = {
    "nova-lite.input_per_1000_tokens": 0.6,
    "nova-lite.output_per_1000_tokens": 2.4,
    "nova-micro.input_per_1000_tokens": 0.3,
    "nova-micro.output_per_1000_tokens": 1.2,
    "nova-lite.training_per_1000_tokens": 0.01,
    "nova-lite.model_unit_hour": 20.0,
}
MODELS = {OURS: "nova-lite", THEIRS: "nova-micro"}


@pytest.fixture
def world(stack, environment) -> World:
    world = evaluation_world.of_bases(stack, environment)
    allow(world, "1000")
    return world


def allow(world: World, budget: str | None, prices: dict[str, float] = PRICES) -> None:
    """The stack is deployed with another MonthlyBudget."""
    world.settings = replace(world.settings, prices=prices, monthly_budget=Decimal(budget) if budget else None)


def planned(world: World) -> dict[str, Any]:
    plan: dict[str, Any] = post(world, BASES, plan="true")
    return plan


def request(world: World, key: str = "", **more: Any) -> Any:
    """POST /evaluations of two base models: status and answer."""
    body = {"dataset": "support", **BASES, **more}
    return call("POST", "/evaluations", body, key=key or world.new_id(), cloud=world.cloud)


def used(world: World) -> float:
    """What is spent and reserved of the budget, as a plan shows it under one that is large enough."""
    kept = world.settings
    allow(world, "1000000", dict(kept.prices))
    found: float = planned(world)["budget"]["used"]
    world.settings = kept
    return found


def costs(world: World) -> list[dict[str, Any]]:
    """The charges of evaluations in this month, until just now."""
    world.clock.advance(1)
    status, answer = call("GET", "/costs", cloud=world.cloud)
    assert status == 200, answer
    return [each for each in answer["charges"] if each["kind"] == "evaluation"]


def price(tokens: Counter[tuple[str, str]]) -> float:
    """What Bedrock bills for these tokens, at the stack's prices."""
    return sum(
        count / 1000 * PRICES[f"{MODELS[model]}.{way}_per_1000_tokens"] for (model, way), count in tokens.items()
    )


def test_an_evaluation_reserves_the_most_that_it_may_cost_and_gives_the_rest_back_at_its_end(world):
    plan = planned(world)
    most = plan["cost"]
    assert plan["budget"]["takes"] == pytest.approx(most)
    allow(world, str(most * 1.5))
    with charged() as tokens:
        evaluation_id = start(world)
        assert used(world) == pytest.approx(most)
        status, answer = request(world)
        error = answer["error"]
        assert (status, error["code"]) == (409, "monthly_budget")
        assert error["details"]["used_by"] == [{"what": f"evaluation {evaluation_id}", "amount": pytest.approx(most)}]
        settle(world, evaluation_id)
    assert used(world) == pytest.approx(price(tokens), abs=1e-3)
    assert 0 < price(tokens) < most
    assert request(world)[0] == 202


def test_of_six_evaluations_at_once_only_as_many_start_as_the_budget_has_money_for(world):
    allow(world, str(planned(world)["cost"] * 2.5))

    def ask(number: int) -> str:
        status, answer = request(world, key=f"once-{number}")
        return "started" if status == 202 else answer["error"]["code"]

    outcomes = at_once([partial(ask, number) for number in range(6)], 7)
    assert sorted(outcomes) == ["monthly_budget"] * 4 + ["started"] * 2


def test_a_job_finds_less_of_the_budget_while_an_evaluation_asks(world):
    evaluation_id = start(world)
    allow(world, str(used(world)))
    with pytest.raises(CapExceeded) as refusal:
        world.start()
    assert refusal.value.details["used_by"] == [{"what": f"evaluation {evaluation_id}", "amount": used(world)}]
    settle(world, evaluation_id)
    assert world.start().status == "Requested"


def test_a_stopped_evaluation_takes_what_was_asked_until_then(world):
    evaluation_id = start(world)
    stop(world, evaluation_id)
    assert settle(world, evaluation_id).state == "Stopped"
    assert used(world) == 0
    assert costs(world) == []


def test_a_price_that_is_not_configured_has_to_be_accepted_under_a_budget(world):
    allow(world, "1000", {"nova-lite.input_per_1000_tokens": 0.6, "nova-micro.output_per_1000_tokens": 1.2})
    status, answer = request(world)
    assert (status, answer["error"]["code"]) == (409, "price_unknown")
    missing = ["nova-lite.output_per_1000_tokens", "nova-micro.input_per_1000_tokens"]
    assert answer["error"]["details"]["missing_prices"] == missing
    assert refused(
        call("POST", "/evaluations", {"dataset": "support", **BASES}, query={"plan": "true"}, cloud=world.cloud)
    ) == (409, "price_unknown")
    status, answer = request(world, accept_unknown_price=True)
    assert status == 202
    settle(world, answer["id"])
    amounts = {(each["base_model"], each["unit"]): each["amount"] for each in costs(world)}
    assert amounts["nova-lite", "thousand_output_tokens"] is None
    assert amounts["nova-lite", "thousand_input_tokens"] > 0


def test_without_a_budget_nothing_is_added_up_and_a_missing_price_is_no_obstacle(world):
    allow(world, None, {})
    assert planned(world)["budget"] is None
    assert request(world)[0] == 202


def test_the_costs_are_the_tokens_that_bedrock_took_of_each_candidate(world):
    with charged() as tokens:
        evaluation_id = start(world)
        assert costs(world) == [], "nobody was asked"
        evaluation = settle(world, evaluation_id)
    found = costs(world)
    assert {(each["base_model"], each["unit"]): each["quantity"] for each in found} == {
        (MODELS[model], f"thousand_{way}_tokens"): count / 1000 for (model, way), count in tokens.items()
    }
    assert sum(each["amount"] for each in found) == pytest.approx(price(tokens), abs=1e-3)
    assert {(each["name"], each["job_id"], each["owner"], each["ended"] is None) for each in found} == {
        (evaluation_id, None, evaluation.owner, False)
    }


def test_calls_whose_answers_were_lost_count_as_the_longest_of_the_dearest(world):
    with charged() as tokens:
        evaluation_id = start(world)
        world.evaluate(*evaluation_world.messages(world))
        evaluation_world.work(world, dies=(0, 8))
        evaluation = settle(world, evaluation_id)
    assert evaluation.lost_calls > 0
    lost = evaluation.allowed.longest * evaluation.lost_calls
    told = {(each["base_model"], each["unit"]): each["quantity"] for each in costs(world)}
    answered = evaluation.used[0]
    assert told["nova-lite", "thousand_output_tokens"] == (answered.output + lost.output) / 1000
    assert used(world) >= price(tokens)


def test_what_provisioned_throughput_answers_costs_its_hours_alone(stack, environment):
    wish = DeploymentRequest("support-prod", serving="provisioned_throughput", model_units=1)
    world = evaluation_world.make(stack, environment, tested=3, deployment=wish)
    allow(world, None)
    with charged() as tokens:
        evaluation = settle(world, post(world)["id"])
    (throughput,) = {model for model, _ in tokens if ":provisioned-model/" in model}
    assert tokens[throughput, "input"] > 0
    assert {each["deployment"] for each in costs(world)} == {None}
    ours, base = evaluation_world.report(world, evaluation.id)["candidates"]
    assert (ours["cost"], base["cost"] > 0) == (0, True)


def test_it_is_told_that_the_budget_is_nearly_used_up_where_only_evaluations_take_of_it(world):
    most = planned(world)["cost"]
    start(world)
    allow(world, str(most * 1.1))
    for _ in range(2):
        world.reconcile()
        world.deliver()
    told = [kind for kind, _ in world.notifications() if kind.startswith("Budget")]
    assert told == ["BudgetNearing"]


def test_an_open_evaluation_counts_in_both_months_and_then_in_the_one_that_it_ended_in(world):
    most = planned(world)["cost"]
    world.clock.time = world.clock.now().replace(day=30, hour=23)
    evaluation_id = start(world)
    allow(world, str(most * 1.5))
    world.clock.advance(3 * BOUGHT + 2 * 3600)
    assert f"{world.clock.now():%d}" == "01"
    assert refused(request(world)) == (409, "monthly_budget")
    with charged() as tokens:
        settle(world, evaluation_id)
    assert row(world, evaluation_id).ended_at.day == 1
    assert used(world) == pytest.approx(price(tokens), abs=1e-3)
