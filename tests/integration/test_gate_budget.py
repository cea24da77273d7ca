"""What the evaluation that decides about a deployment takes of MonthlyBudget: reserved with what it judges."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.integration import evaluation_world
from tests.integration.bedrock_world import BOUGHT, TRAINED, World
from tests.integration.caller import call, refused
from tests.integration.evaluation_world import row
from tests.integration.test_evaluation_budget import PRICES, allow

BY_THE_HOUR = {"name": "support-prod", "serving": "provisioned_throughput", "model_units": 1, "hours": 8}
ON_DEMAND = {"name": "support-prod"}
WISH = {"gate": "better", "max_records": 10}


@pytest.fixture
def world(stack, environment) -> World:
    world = evaluation_world.without_job(stack, environment)
    allow(world, "1000000")
    return world


def asked(world: World, deployment: dict[str, Any], evaluation: dict[str, Any] | None = WISH) -> dict[str, Any]:
    """The plan of a job with a deployment."""
    status, plan = call("POST", "/jobs", _body(deployment, evaluation), query={"plan": "true"}, cloud=world.cloud)
    assert status == 200, plan
    found: dict[str, Any] = plan
    return found


def start(world: World, deployment: dict[str, Any], **more: Any) -> tuple[int, Any]:
    return call("POST", "/jobs", _body(deployment, WISH) | more, key=world.new_id(), cloud=world.cloud)


def _body(deployment: dict[str, Any], evaluation: dict[str, Any] | None) -> dict[str, Any]:
    body = {"dataset": "support", "base_model": "nova-lite", "deployment": deployment}
    return body | ({"evaluation": evaluation} if evaluation else {})


def dearer(plan: dict[str, Any], bare: dict[str, Any]) -> float:
    """What an evaluation adds to what a plan takes."""
    difference: float = plan["budget"]["takes"] - bare["budget"]["takes"]
    return difference


@pytest.mark.parametrize("deployment", [ON_DEMAND, BY_THE_HOUR])
def test_a_job_reserves_its_training_its_capacity_and_its_evaluation_as_one_sum(world, deployment):
    plan = asked(world, deployment)
    evaluation = plan["evaluation"]
    assert evaluation["cost"] > 0
    assert evaluation["budget"] is None, "it is in the job's own"
    assert dearer(plan, asked(world, deployment, None)) == pytest.approx(evaluation["cost"], abs=1e-3)
    takes = plan["budget"]["takes"]
    allow(world, f"{takes - evaluation['cost'] / 2:.4f}")
    before = world.rows()
    assert refused(start(world, deployment)) == (409, "monthly_budget")
    assert world.rows() == before, "neither job nor evaluation was written"
    allow(world, f"{takes + 0.0001:.4f}")
    status, job = start(world, deployment)
    assert status == 202, job
    assert row(world, job["evaluation_id"]).state == "WaitingForCapacity"
    allow(world, "1000000")
    assert asked(world, {"name": "support-next"})["budget"]["used"] == pytest.approx(takes, abs=1e-3)


def test_what_will_bill_by_the_hour_takes_no_tokens_while_it_is_waited_for(world):
    on_demand, hourly = (asked(world, each)["evaluation"]["cost"] for each in (ON_DEMAND, BY_THE_HOUR))
    assert 0 < hourly < on_demand


def test_a_price_of_asking_that_is_not_configured_has_to_be_accepted_with_the_job(world):
    world.settings = replace(
        world.settings, prices={each: price for each, price in PRICES.items() if "put" not in each}
    )
    assert refused(start(world, ON_DEMAND)) == (409, "price_unknown")
    status, job = start(world, ON_DEMAND, accept_unknown_price=True)
    assert status == 202, job
    assert row(world, job["evaluation_id"]).accept_unknown_price


def test_once_it_has_ended_it_takes_what_was_asked_and_before_that_the_most(world):
    status, job = start(world, ON_DEMAND)
    assert status == 202, job
    world.deliver()
    for seconds in (TRAINED, 0, BOUGHT, 300):
        world.wait(seconds)
    evaluation = row(world, job["evaluation_id"])
    assert (evaluation.state, evaluation.lost_calls) == ("Completed", 0)
    cost = evaluation_world.report(world, evaluation.id)["cost"]["amount"]
    trained = call("GET", f"/jobs/{job['id']}", cloud=world.cloud)[1]["cost"]["amount"]
    spent = asked(world, {"name": "support-next"})["budget"]["used"]
    assert spent == pytest.approx(trained + cost, abs=1e-3)
    assert {each.job_id for each in evaluation.candidates} == {job["id"], None}


def test_a_job_that_is_stopped_gives_back_what_its_evaluation_reserved(world):
    status, job = start(world, ON_DEMAND)
    assert status == 202, job
    call("POST", f"/jobs/{job['id']}/stop", {}, cloud=world.cloud)
    world.deliver()
    world.wait(300)
    evaluation = row(world, job["evaluation_id"])
    assert (evaluation.state, evaluation.failure_code, evaluation.used) == ("Failed", "no_capacity", ())
    assert asked(world, {"name": "support-next"})["budget"]["used"] == 0


def test_a_deployment_of_a_model_that_is_there_reserves_its_evaluation(world):
    job_id = world.start(deployment=None).id
    world.deliver()
    world.wait(TRAINED)
    body = {"job_id": job_id, "evaluation": WISH}

    def put(**query: str) -> tuple[int, Any]:
        key = None if query else world.new_id()
        return call("PUT", "/deployments/support-prod", body, query=query, key=key, cloud=world.cloud)

    status, plan = put(plan="true")
    assert status == 200, plan
    assert plan["budget"]["takes"] == pytest.approx(plan["evaluation"]["cost"], abs=1e-3)
    allow(world, str(Decimal(str(plan["budget"]["used"])) + Decimal("0.0001")))
    assert refused(put()) == (409, "monthly_budget")
    allow(world, "1000000")
    assert put()[0] == 202
    took = asked(world, {"name": "support-next"})["budget"]["used"] - plan["budget"]["used"]
    assert took == pytest.approx(plan["evaluation"]["cost"], abs=1e-3)
