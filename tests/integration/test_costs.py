"""GET /costs and `tunedrop costs`: what was spent, from rows alone, as Bedrock's ledger has it."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from bedrock_simulator import Configuration, Quotas
from tunedrop.edges.settings import settings
from tunedrop_cli import costs, main

from tests.integration import bedrock_world, evaluation_world
from tests.integration.bedrock_world import HOUR, World
from tests.integration.caller import call, refused
from tests.integration.served_control_api import served
from tests.integration.test_serving_a_model_that_exists import put, train

PRICES = {
    "claude-3-haiku.model_unit_hour": 44.0,
    "claude-3-haiku.training_per_1000_tokens": 0.004,
    "custom_model_month": 1.95,
}


@pytest.fixture
def world(stack, environment) -> World:
    account = Configuration(quotas=Quotas(model_units=4))
    world = bedrock_world.make(stack, environment, configuration=account)
    world.settings = replace(world.settings, max_model_units=4, prices=PRICES)
    return world


def told(world: World, **query: str) -> Any:
    status, answer = call("GET", "/costs", query=query or None, cloud=world.cloud)
    assert status == 200, answer
    return answer


def of(answer: Any, kind: str) -> list[Any]:
    return [each for each in answer["charges"] if each["kind"] == kind]


def test_what_ran_when_how_much_and_for_how_much(world):
    job_id = train(world)
    put(world, {"job_id": job_id, "hours": 3, "model_units": 2})
    world.deliver()
    world.wait(2 * HOUR)
    found = told(world)
    (training,), (capacity,), (storage,) = (of(found, kind) for kind in ("training", "capacity", "storage"))
    job = world.job(job_id)
    assert (training["job_id"], training["quantity"]) == (job_id, (job.trained_tokens or 0) / 1000)
    assert training["amount"] == pytest.approx((job.trained_tokens or 0) / 1000 * 0.004)
    assert (capacity["deployment"], capacity["model_units"], capacity["ended"]) == ("support-prod", 2, None)
    assert (capacity["quantity"], capacity["amount"]) == (4, 176)
    assert (storage["name"], storage["unit"], storage["price"]) == (job.name, "model_months", 1.95)
    amounts = [each["amount"] for each in found["charges"]]
    assert found["total"] == {"key": None, "amount": pytest.approx(sum(amounts)), "charges": 3, "unknown": 0}
    world.wait(HOUR)
    world.wait(60)
    (ended,) = of(told(world), "capacity")
    (entry,) = world.bought()
    assert abs(datetime.fromisoformat(ended["ended"]) - (entry.ended_at or entry.started_at)) < timedelta(minutes=1)


def test_charges_are_cut_where_the_period_is_and_added_up_by_what_is_asked(world):
    job = world.start(tags={"team": "search", "cost center": "7"})
    world.deliver()
    world.wait(bedrock_world.TRAINED)
    put(world, {"job_id": job.id, "hours": 4})
    world.deliver()
    bought = world.clock.now()
    world.wait(3 * HOUR)
    period = {"from": (bought + timedelta(hours=1)).isoformat(), "to": (bought + timedelta(hours=2)).isoformat()}
    (capacity,) = of(told(world, **period), "capacity")
    assert (capacity["quantity"], capacity["ended"]) == (1, period["to"].replace("+00:00", "Z"))
    for by, keys in (
        ("deployment", ["support-prod", None]),
        ("owner", ["support-team"]),
        ("dataset", ["support"]),
        ("tag", ["cost center=7", "team=search"]),
    ):
        found = told(world, by=by)
        assert [each["key"] for each in found["groups"]] == keys
        in_all = found["total"]["amount"] * (2 if by == "tag" else 1)
        assert sum(each["amount"] for each in found["groups"]) == pytest.approx(in_all)


def test_what_has_no_price_is_shown_with_its_quantity_and_never_as_nothing(world):
    world.settings = replace(world.settings, prices={})
    put(world, {"job_id": train(world), "hours": 3})
    world.deliver()
    world.wait(2 * HOUR)
    found = told(world, by="deployment")
    (capacity,) = of(found, "capacity")
    assert (capacity["quantity"], capacity["price"], capacity["amount"]) == (2, None, None)
    (storage,) = of(found, "storage")
    assert (storage["unit"], storage["price"], storage["amount"]) == ("model_months", None, None)
    assert found["total"] == {"key": None, "amount": None, "charges": 3, "unknown": 3}


def test_earlier_generations_of_a_deployment_count_and_a_job_that_failed_does_not(world):
    job_id = train(world)
    for _ in range(2):
        put(world, {"job_id": job_id, "hours": 3})
        world.deliver()
        world.wait(HOUR)
        world.release("support-prod")
        world.deliver()
        world.wait(60)
    failed = world.start()
    world.stop(failed.id)
    world.deliver()
    found = told(world)
    assert [each["quantity"] for each in of(found, "capacity")] == pytest.approx([1, 1], abs=0.02)
    assert [each["job_id"] for each in of(found, "training")] == [job_id]
    assert told(world, to=(world.clock.now() - timedelta(days=20)).isoformat())["charges"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"},
        {"from": "2027-11-02T00:00:00Z"},
        {"from": "2024-11-02T00:00:00Z"},
        {"by": "model"},
        {"from": "yesterday"},
    ],
)
def test_a_period_that_can_not_be_is_refused(world, query):
    assert refused(call("GET", "/costs", query=query, cloud=world.cloud))[0] == 422


def test_the_command_tells_the_same(world, environment, capsys):
    environment.setenv("TUNEDROP_PRICES", json.dumps(PRICES))
    settings.cache_clear()
    put(world, {"job_id": train(world), "hours": 3})
    world.deliver()
    world.wait(2 * HOUR)
    until = ["--to", world.clock.now().isoformat()]  # the handler has the real time
    with served(lambda: None) as api:
        environment.setenv("TUNEDROP_CONTROL_API_URL", api.url)

        def run(*words: str) -> str:
            assert main.main(["costs", *words]) == 0
            return capsys.readouterr().out

        assert json.loads(run(*until, "--json"))["total"]["charges"] == 3
        shown = run(*until)
        assert "88.00 USD" in shown
        assert "In all 88." in shown
        assert "support-prod" in run(*until, "--by", "deployment")
        rows = list(csv.DictReader(run(*until, "--csv").splitlines()))
        assert {row["kind"]: row["amount"] for row in rows}["capacity"] == "88.0"
        assert run("--from", "2026-10-01", "--to", "2026-10-02").startswith("In all 0.00 USD")
        assert main.main(["costs", "--from", "monday"]) == 2


def test_the_command_counts_what_has_no_price_and_names_whom_an_evaluation_asked(stack, environment, capsys):
    world = evaluation_world.make(stack, environment)
    evaluation_world.post(world)
    world.deliver()
    world.wait(60)
    world.settings = replace(world.settings, prices={})
    capsys.readouterr()
    with served(lambda: None, cloud=world.cloud) as api:
        environment.setenv("TUNEDROP_CONTROL_API_URL", api.url)
        assert main.main(["costs"]) == 0
    *rows, total = capsys.readouterr().out.splitlines()
    asked = {(row.split()[0], row.split()[1]) for row in rows if "evaluation" in row}
    assert asked == {("evaluation", "support-prod"), ("evaluation", "nova-lite")}
    assert any("storage" in row and "months" in row and row.count("unknown") == 2 for row in rows)
    assert total.startswith("In all unknown, as no price is set for 6 charges,")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text):
    charge = dict.fromkeys(costs.FIELDS) | {"tags": {}, "owner": text, "amount": None}
    (_, line) = costs.lines({"currency": "USD", "charges": [charge]})
    (cells,) = csv.reader([line])
    assert f"'{text}" in cells
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)
