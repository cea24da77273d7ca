"""What a plan and a start say of money before it is spent, and one rule for what a job has cost."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from tunedrop.edges.rows import job_rows
from tunedrop_cli import main

from tests.integration import evaluation_world
from tests.integration.bedrock_world import TRAINED, World
from tests.integration.caller import call
from tests.integration.served_control_api import served

OURS = "nova-lite"
Say = Callable[[str], tuple[int, str]]
PRICES = {
    f"{OURS}.model_unit_hour": 24.0,
    f"{OURS}.training_per_1000_tokens": 0.002,
    f"{OURS}.input_per_1000_tokens": 0.00006,
    f"{OURS}.output_per_1000_tokens": 0.00024,
    "custom_model_month": 1.95,
}
BY_THE_HOUR = f"jobs start support --model {OURS} --deploy support-prod --serving provisioned_throughput"
BODY = {
    "dataset": "support",
    "base_model": OURS,
    "deployment": {"name": "support-prod", "serving": "provisioned_throughput"},
}


@pytest.fixture
def world(stack, environment) -> World:
    world = evaluation_world.without_job(stack, environment)
    world.settings = replace(world.settings, prices=PRICES, max_model_units=2, deployment_hours=8)
    return world


@pytest.fixture
def say(world, environment, capsys) -> Iterator[Say]:
    """Run a command line under the world's settings; returns its exit code and what it printed."""
    with served(lambda: None, cloud=world.cloud) as api:
        environment.setenv("TUNEDROP_CONTROL_API_URL", api.url)

        def run(line: str) -> tuple[int, str]:
            api.cloud = world.cloud
            code = main.main(shlex.split(line))
            return code, capsys.readouterr().out

        yield run


def ask(world: World, method: str, path: str, body: Any = None, **query: str) -> Any:
    key = world.new_id() if method != "GET" and not query else None
    status, answer = call(method, path, body, key=key, query=query or None, cloud=world.cloud)
    assert status in {200, 202}, answer
    return answer


def trained(world: World, **request: Any) -> str:
    job = world.start(**request)
    world.deliver()
    world.wait(TRAINED)
    assert world.job(job.id).status == "Completed"
    return job.id


@pytest.mark.parametrize("prepared", [True, False])
def test_the_plan_and_the_start_of_a_job_say_what_its_capacity_costs_until_its_end(world, say, prepared):
    named, body = BY_THE_HOUR, BODY
    if not prepared:
        named, body = BY_THE_HOUR.replace(OURS, "nova-pro"), {**BODY, "base_model": "nova-pro"}
        world.settings = replace(world.settings, prices={"nova-pro.model_unit_hour": 24.0})
    whole = {"hour": 24.0, "day": 576.0, "until_end": 192.0, "currency": "USD"}
    assert ask(world, "POST", "/jobs", body, plan="true")["deployment"]["cost"] == whole
    for line in (f"{named} --plan", named):
        code, said = say(line)
        assert code == 0
        assert "released after 8 h: 24.00 USD an hour, 192.00 USD until its end" in said
    (listed,) = ask(world, "GET", "/jobs")["jobs"]
    assert listed["deployment"]["cost"] == whole
    assert json.loads(say(f"jobs show {listed['id']} --json")[1])["deployment"]["cost"] == whole


def test_the_most_that_a_start_may_cost_counts_its_capacity_and_its_gate(world, say):
    assert say(f"jobs start support --model {OURS} --max-cost 1")[0] == 0
    for gate in ("", "--gate not_worse"):
        assert say(f"{BY_THE_HOUR} {gate} --max-cost 192")[0] == 1
        world.settings = replace(world.settings, prices={k: v for k, v in PRICES.items() if "hour" not in k})
        assert say(f"{BY_THE_HOUR} {gate} --max-cost 1000")[0] == 1
        world.settings = replace(world.settings, prices=PRICES)
    assert len(ask(world, "GET", "/jobs")["jobs"]) == 1
    assert say(f"{BY_THE_HOUR} --max-cost 193")[0] == 0


def test_capacity_without_a_price_or_without_an_hour_says_so(world, say):
    assert "192" not in say(f"jobs start support --model {OURS} --deploy support-prod --plan")[1]
    world.settings = replace(world.settings, prices={})
    code, said = say(f"{BY_THE_HOUR} --plan")
    assert (code, "released after 8 h: unknown (no price)" in said) == (0, True)


@pytest.mark.parametrize("of", ["a job", "a deployment"])
def test_a_gated_plan_says_whom_it_asks_what_that_costs_and_what_ends_without_a_pass(world, say, of):
    if of == "a job":
        line, path, body = BY_THE_HOUR, "/jobs", BODY
    else:
        job_id = trained(world)
        line = f"deployments put support-prod --job {job_id} --serving provisioned_throughput"
        path, body = "/deployments/support-prod", {"job_id": job_id, "serving": "provisioned_throughput"}
    gated = {**body, "evaluation": {"gate": "not_worse", "max_hours": 3}}
    told = ask(world, "POST" if path == "/jobs" else "PUT", path, gated, plan="true")["evaluation"]
    assert told["max_hours"] == 3
    code, said = say(f"{line} --gate not_worse --max-hours 3 --plan")
    assert code == 0
    for words in (
        "not worse, on too little evidence it is released: what bills by the hour is not held",
        "support-prod against base, by exact match",
        f"{told['records']} records of test, which show ",
        f"{told['calls']:,}, with repeated ones at most {told['most_calls']:,}",
        "at most <0.01 USD",
        "released 3 hours after it can be asked (--max-hours)",
        "192.00 USD",
        *told["warnings"],
        "--gate not_worse --max-hours 3",
    ):
        assert words in said
    assert told["warnings"], "twenty records show little"
    on_demand = line.replace("provisioned_throughput", "on_demand")
    said = say(f"{on_demand} --gate not_worse --plan")[1]
    assert ("not worse, on too little evidence hold" in said, "--max-hours)" in said) == (True, False)


def test_a_job_costs_what_its_charge_says_whenever_the_prices_were_set(world, say):
    world.settings = replace(world.settings, prices={})
    job_id = trained(world)
    assert "unknown (no price)" in say("jobs list")[1]
    world.settings = replace(world.settings, prices=PRICES)
    (charge,) = (each for each in ask(world, "GET", "/costs")["charges"] if each["kind"] == "training")
    cost = ask(world, "GET", f"/jobs/{job_id}")["cost"]
    assert (cost["amount"], cost["currency"]) == (charge["amount"], "USD")
    assert ask(world, "GET", "/jobs")["jobs"][0]["cost"] == cost
    other = trained(world, hyperparameters={"epochCount": 3})
    for line in (f"jobs show {job_id}", "jobs list", f"jobs compare {job_id} {other}"):
        code, said = say(line)
        assert (code, "no price" in said, f"{cost['amount']:.4f} USD" in said) == (0, False, True), line


def test_a_job_that_nothing_is_charged_for_costs_nothing(world, say):
    job_id = world.start().id
    world.stop(job_id)
    world.deliver()
    assert ask(world, "GET", "/costs")["charges"] == []
    assert ask(world, "GET", f"/jobs/{job_id}")["cost"]["amount"] == 0
    assert " 0.00 USD" in say(f"jobs show {job_id}")[1]


@pytest.mark.parametrize(("status", "cost", "said"), [("Failed", 0, " 0.00 USD"), ("Preparing", None, "not known yet")])
def test_a_job_that_failed_before_its_tokens_were_known_costs_nothing(world, say, status, cost, said):
    job = replace(world.start(), status=status, trained_tokens=None, cost=None)
    assert world.cloud.state.write_all(job_rows.put_job(job))
    assert ask(world, "GET", "/costs")["charges"] == []
    answered = ask(world, "GET", f"/jobs/{job.id}")["cost"]
    assert (answered and answered["amount"]) == cost
    assert said in say(f"jobs show {job.id}")[1]


def test_what_a_job_cost_is_told_by_the_prices_of_its_end(world):
    world.settings = replace(world.settings, prices={})
    job_id = world.start().id
    world.deliver()
    world.settings = replace(world.settings, prices=PRICES)
    world.wait(TRAINED)
    (told,) = (detail for kind, detail in world.notifications() if kind == "JobCompleted")
    assert told["cost"]["amount"] == ask(world, "GET", f"/jobs/{job_id}")["cost"]["amount"] > 0


def test_what_is_less_than_a_cent_is_never_shown_as_nothing_and_is_exact_in_json(world, say):
    trained(world)
    world.wait(60)
    (storage,) = (each for each in ask(world, "GET", "/costs")["charges"] if each["kind"] == "storage")
    assert 0 < storage["amount"] < 0.01
    said = say(f"costs --to {world.clock.now().isoformat()}")[1]
    assert "<0.01 USD" in said
    assert " 0.00 USD" not in said
