"""What was trained, what serves it and what that costs: lists with filters, and estimates that the ledger confirms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from bedrock_simulator import Configuration, Quotas
from tunedrop.edges import clients

from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, HOUR, World
from tests.integration.caller import call, refused
from tests.integration.test_serving_a_model_that_exists import put, train

PRICE = 44.0


@pytest.fixture
def world(stack, environment) -> World:
    account = Configuration(quotas=Quotas(model_units=4))
    world = bedrock_world.make(stack, environment, configuration=account)
    prices = {"claude-3-haiku.model_unit_hour": PRICE, "custom_model_month": 1.95}
    world.settings = replace(world.settings, max_model_units=4, prices=prices)
    return world


def get(world: World, path: str, **query: str) -> Any:
    status, answer = call("GET", path, query=query or None, cloud=world.cloud)
    assert status == 200, answer
    return answer


def billed(world: World) -> float:
    """What the ledger says was paid for so far, at the stack's price."""
    now = world.clock.now()
    hours = ((entry.ended_at or now) - entry.started_at for entry in world.bought())
    return sum(each.total_seconds() / HOUR for each in hours) * PRICE


def test_the_cost_so_far_agrees_with_the_ledger_to_the_minute(world):
    job_id = train(world)
    assert put(world, {"job_id": job_id, "hours": 5})[1]["cost_so_far"] == 0
    world.deliver()
    for _ in range(4):
        world.wait(HOUR)
        shown = get(world, "/deployments/support-prod")
        assert shown["hourly_cost"] == PRICE
        assert abs(shown["cost_so_far"] - billed(world)) < PRICE / 60
    world.release("support-prod")
    world.deliver()
    world.wait(HOUR)
    ended = get(world, "/deployments/support-prod")
    assert (ended["state"], ended["hourly_cost"]) == ("Released", 0)
    assert abs(ended["cost_so_far"] - billed(world)) < PRICE / 60


def test_a_cost_without_a_price_is_unknown_and_never_nothing(world):
    world.settings = replace(world.settings, prices={})
    put(world, {"job_id": train(world)})
    world.deliver()
    world.wait(BOUGHT)
    (shown,) = get(world, "/deployments")["deployments"]
    assert (shown["hourly_cost"], shown["cost_so_far"]) == (None, None)


def test_deployments_are_filtered_and_a_cursor_goes_on_where_a_page_ended(world):
    job_id = train(world)
    for name in ("one", "two", "three"):
        world.clock.advance(1)
        put(world, {"job_id": job_id}, name=name)
    call("DELETE", "/deployments/two", cloud=world.cloud)
    standing = get(world, "/deployments", state="Creating", limit="1")
    assert [each["name"] for each in standing["deployments"]] == ["three"]
    rest = get(world, "/deployments", state="Creating", cursor=standing["cursor"])
    assert [each["name"] for each in rest["deployments"]] == ["one"]
    for query, found in (
        ({"dataset": "support"}, 3),
        ({"dataset": "another"}, 0),
        ({"owner": "support-team", "base_model": "claude-3-haiku"}, 3),
        ({"serving": "on_demand"}, 0),
        ({"state": "Released"}, 1),
    ):
        assert len(get(world, "/deployments", **query)["deployments"]) == found, query
    assert refused(call("GET", "/deployments", query={"state": "ready"}))[0] == 422


def test_a_model_says_what_it_learned_from_and_what_serves_it(world):
    job_id = train(world)
    put(world, {"job_id": job_id})
    world.deliver()
    world.wait(BOUGHT)
    job = world.job(job_id)
    shown = get(world, f"/models/{job.name}")
    assert (shown["model_arn"], shown["job_id"], shown["is_there"]) == (job.model_arn, job_id, True)
    assert shown["splits"]["train"]["sha256"] == (job.splits or {})["train"].sha256
    assert shown["storage_cost"] == {"month": 1.95, "currency": "USD"}
    assert [(each["name"], each["state"]) for each in shown["deployments"]] == [("support-prod", "Ready")]
    world.release("support-prod")
    world.deliver()
    world.wait(HOUR)
    clients.bedrock().delete_custom_model(modelIdentifier=job.model_arn or "")
    shown = get(world, f"/models/{job.name}")
    assert (shown["deployments"], shown["is_there"]) == ([], False)


def test_models_are_those_of_completed_jobs_newest_first(world):
    jobs = [train(world), train(world)]
    running = world.start()
    found = get(world, "/models")["models"]
    assert [each["job_id"] for each in found] == jobs[::-1]
    assert {each["is_there"] for each in found} == {True}
    assert get(world, "/models", dataset="another")["models"] == []
    for name in (running.name, "made-by-hand", "x" * 100):
        assert refused(call("GET", f"/models/{name}", cloud=world.cloud)) == (404, "unknown_model")
