"""PUT /deployments/{name} with `arn`, and GET /deployments?orphans=true: what exists, whoever bought it."""

from __future__ import annotations

import json
import shlex
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from bedrock_simulator import Configuration, Quotas
from bedrock_simulator.server import serve
from tunedrop.domain.serving.purchase_states import RELEASE_TIME
from tunedrop.edges import clients
from tunedrop_cli import main

from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, HOUR, World, foreign
from tests.integration.caller import call
from tests.integration.served_control_api import served
from tests.integration.test_serving_a_model_that_exists import put, train

LATE = 300
DAY = 24 * HOUR


@pytest.fixture
def world(stack, environment) -> World:
    environment.setenv("TUNEDROP_PRICES", '{"claude-3-haiku.model_unit_hour": 44}')
    world = bedrock_world.make(stack, environment, configuration=Configuration(quotas=Quotas(model_units=4)))
    world.settings = replace(world.settings, prices={"claude-3-haiku.model_unit_hour": 44.0})
    return world


@pytest.fixture
def job_id(world) -> str:
    """Of a job with a custom model."""
    return train(world)


def tag(world: World, arn: str, stack: str | None = None) -> None:
    """With credentials of a person's own."""
    value = stack or world.settings.stack_id
    clients.bedrock().tag_resource(resourceARN=arn, tags=[{"key": "tunedrop:stack", "value": value}])


def procured(world: World, job_id: str, **request: Any) -> str:
    """The ARN of a throughput that procurement bought for the job's model, and tagged."""
    arn = foreign(world.job(job_id).model_arn, **request)
    world.clock.advance(BOUGHT)
    world.simulator.run_due()
    tag(world, arn)
    return arn


def orphans(world: World) -> Any:
    return call("GET", "/deployments", query={"orphans": "true"}, cloud=world.cloud)[1]


def refused(world: World, body: Any, name: str = "support-prod") -> tuple[int, str]:
    status, answer = put(world, body, name=name)
    return status, answer["error"]["code"]


def test_what_procurement_bought_becomes_a_deployment_with_an_end_and_is_never_bought_again(world, job_id):
    arn = procured(world, job_id)
    planned = call("PUT", "/deployments/support-prod", {"arn": arn}, query={"plan": "true"}, cloud=world.cloud)[1]
    assert (planned["changes"], planned["arn"], planned["job_id"]) == (["adopt"], arn, job_id)
    assert planned["cost"]["hour"] == 44.0
    assert world.rows() == world.rows()
    status, answer = put(world, {"arn": arn, "plan_id": planned["plan_id"]})
    assert (status, answer["arn"], answer["model_units"], answer["owner"]) == (202, arn, 1, "support-team")
    world.deliver()
    found = world.deployment()
    assert (found.state, found.expires_at) == ("Ready", world.clock.now() + timedelta(hours=8))
    assert world.schedules() == {world.purchase().name: found.expires_at + RELEASE_TIME}
    assert world.units() == (1, {"support-prod#1"})
    assert put(world, {"arn": arn})[0] == 200
    assert world.told() == ["DeploymentReady"]
    world.wait(8 * HOUR)
    assert (world.live(), len(world.bought()), world.deployment().state) == ([], 1, "Released")


def test_what_is_on_demand_is_adopted_without_an_end_or_units(stack, environment):
    world = bedrock_world.make(stack, environment, base_model="nova-lite", region="us-east-1")
    model_arn = world.job(train(world)).model_arn
    made = clients.bedrock().create_custom_model_deployment(modelDeploymentName="by-hand", modelArn=model_arn or "")
    arn = made["customModelDeploymentArn"]
    tag(world, arn)
    world.clock.advance(HOUR)
    world.simulator.run_due()
    status, answer = put(world, {"arn": arn})
    world.deliver()
    assert (status, answer["serving"], answer["base_model"]) == (202, "on_demand", "nova-lite")
    assert (world.deployment().state, world.deployment().expires_at, world.units()) == ("Ready", None, (0, frozenset()))


def test_the_same_put_again_changes_nothing_and_another_end_renews(world, job_id):
    arn = procured(world, job_id)
    put(world, {"arn": arn, "expires_at": _in(world, 10)})
    world.deliver()
    rows = world.rows()
    status, _ = put(world, {"arn": arn, "expires_at": world.deployment().expires_at.isoformat()})
    world.deliver()
    assert (status, world.rows()) == (200, rows)
    status, answer = put(world, {"arn": arn, "expires_at": _in(world, 100)})
    assert (status, answer["expires_at"]) == (200, _in(world, 100))


def _in(world: World, hours: float) -> str:
    return (world.clock.now() + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def test_whoever_bought_it_owns_no_second_deployment_by_it(world, job_id):
    arn = procured(world, job_id)
    twenty = [put(world, {"arn": arn}, name=f"support-{number}") for number in range(20)]
    assert [status for status, _ in twenty].count(202) == 1
    assert {answer["error"]["code"] for status, answer in twenty if status != 202} == {"capacity_taken"}
    assert world.units()[0] == 1


def test_two_that_adopt_it_at_the_same_moment_are_told_apart_by_its_intent(world, job_id):
    arn = procured(world, job_id)
    outcomes: list[int] = []
    calls = world.calls_of(lambda: put(world, {"arn": arn}, name="support-a"))
    with world.interrupted(
        lambda: outcomes.append(put(world, {"arn": arn}, name="support-b")[0]), calls.index("TransactWriteItems")
    ):
        outcomes.append(put(world, {"arn": arn}, name="support-a")[0])
    assert sorted(outcomes) == [202, 409]
    assert world.units()[0] == 1


def test_what_the_stack_cannot_prove_a_person_adopts_by_its_arn(world):
    backup = world.kept_rows()
    world.ready()
    (bought,) = world.live()
    world.put_back_rows(backup)
    clients.scheduler().delete_schedule(Name=bought.name)
    world.wait(LATE)
    (orphan,) = orphans(world)["orphans"]
    assert (orphan["arn"], orphan["deployment"], orphan["hourly_cost"]) == (bought.resource_arn, "support-prod", 44.0)
    assert orphan["why"].startswith("no schedule bears its name")
    assert orphan["cost_so_far"] == pytest.approx(44 * (BOUGHT + LATE) / HOUR)
    assert put(world, {"arn": bought.resource_arn, "expires_at": _in(world, 5)})[0] == 202
    world.deliver()
    assert world.purchase().intent_id == bought.tags["tunedrop:intent"]
    assert world.schedules() == {bought.name: world.deployment().expires_at + RELEASE_TIME}
    assert orphans(world) == {"deployments": [], "cursor": None, "orphans": [], "foreign": []}
    world.wait(5 * HOUR)
    assert (world.live(), len(world.bought())) == ([], 1)


def test_orphans_and_foreign_capacity_are_kept_apart(world, job_id):
    mine, others = procured(world, job_id), foreign(world.job(job_id).model_arn, name="others")
    tag(world, others, "arn:aws:cloudformation:us-west-2:123456789012:stack/other/1-2-3-4-5")
    untagged = foreign(world.job(job_id).model_arn, name="untagged")
    found = orphans(world)
    assert [each["arn"] for each in found["orphans"]] == [mine]
    assert {each["arn"]: bool(each["adopt_command"]) for each in found["foreign"]} == {others: False, untagged: True}
    assert {each["end_command"] for each in found["foreign"]} == {None}


@pytest.mark.parametrize("query", [{"state": "Ready"}, {"cursor": "x"}])
def test_orphans_take_no_filter(world, query):
    status, answer = call("GET", "/deployments", query={"orphans": "true", **query}, cloud=world.cloud)
    assert (status, answer["error"]["code"]) == (422, "orphans_alone")


def untagged(world: World, job_id: str) -> dict[str, Any]:
    return {"arn": foreign(world.job(job_id).model_arn)}


def of_another_stack(world: World, job_id: str) -> dict[str, Any]:
    arn = procured(world, job_id)
    tag(world, arn, "arn:aws:cloudformation:us-west-2:123456789012:stack/other/1-2-3-4-5")
    return {"arn": arn}


def gone(world: World, job_id: str) -> dict[str, Any]:
    return {"arn": "arn:aws:bedrock:us-west-2:123456789012:provisioned-model/0123456789ab"}


def malformed(world: World, job_id: str) -> dict[str, Any]:
    return {"arn": "support"}


def with_a_model(world: World, job_id: str) -> dict[str, Any]:
    return {"arn": procured(world, job_id), "job_id": job_id}


def of_a_base_model(world: World, job_id: str) -> dict[str, Any]:
    arn = foreign("anthropic.claude-3-haiku-20240307-v1:0:200k")
    tag(world, arn)
    return {"arn": arn}


def over_the_cap(world: World, job_id: str) -> dict[str, Any]:
    return {"arn": procured(world, job_id)}


def over_already(world: World, job_id: str) -> dict[str, Any]:
    arn = procured(world, job_id)
    world.clock.advance(3 * HOUR)
    return {"arn": arn, "hours": 2}


def too_far(world: World, job_id: str) -> dict[str, Any]:
    return {"arn": procured(world, job_id), "expires_at": _in(world, 169)}


REFUSED: dict[Callable[[World, str], dict[str, Any]], tuple[int, str]] = {
    untagged: (409, "capacity_untagged"),
    of_another_stack: (409, "foreign_capacity"),
    gone: (404, "unknown_capacity"),
    malformed: (422, "invalid_arn"),
    with_a_model: (422, "arn_says_it"),
    of_a_base_model: (409, "foreign_model"),
    over_the_cap: (409, "model_units_cap"),
    over_already: (422, "out_of_range"),
    too_far: (422, "out_of_range"),
}


@pytest.mark.parametrize("made", REFUSED, ids=lambda made: made.__name__)
def test_what_can_not_be_adopted_is_refused_and_nothing_changes(world, job_id, made):
    body = made(world, job_id)
    if made is over_the_cap:
        world.settings = replace(world.settings, max_model_units=0)
    rows, live = world.rows(), world.live()
    assert refused(world, body) == REFUSED[made]
    assert (world.rows(), world.live()) == (rows, live)


def test_a_deployment_that_stands_takes_no_other_capacity(world, job_id):
    world.ready()
    assert refused(world, {"arn": procured(world, job_id)}) == (409, "capacity_fixed")


def test_a_commitment_ends_when_its_term_does_and_not_before(world, job_id):
    arn = procured(world, job_id, commitmentDuration="OneMonth")
    term = clients.bedrock().get_provisioned_model_throughput(provisionedModelId=arn)["commitmentExpirationTime"]
    assert refused(world, {"arn": arn, "expires_at": _in(world, 100)}) == (422, "committed")
    assert put(world, {"arn": arn})[0] == 202
    world.deliver()
    assert (world.deployment().state, world.deployment().expires_at) == ("Ready", term)
    assert refused(world, {"expires_at": _in(world, 100)}) == (422, "committed")
    status, answer = call("DELETE", "/deployments/support-prod", cloud=world.cloud)
    assert (status, answer["error"]["code"]) == (409, "committed")
    world.wait((term - world.clock.now()).total_seconds() - LATE)
    assert world.deployment().state == "Ready"
    world.wait(2 * LATE)
    assert (world.live(), world.deployment().state) == ([], "Released")


@pytest.fixture
def say(world, environment, capsys) -> Iterator[Callable[[str], tuple[int, str]]]:
    """Run a command line; returns its exit code and what it printed. Its own client reaches Bedrock over HTTP."""
    bedrock = serve(world.simulator, 0)
    threading.Thread(target=bedrock.serve_forever, args=(0.02,), daemon=True).start()
    with served(world.deliver) as api, ExitStack() as ending:
        ending.callback(bedrock.server_close)
        ending.callback(bedrock.shutdown)
        environment.setenv("AWS_ENDPOINT_URL_BEDROCK", f"http://127.0.0.1:{bedrock.server_port}")
        environment.setenv("TUNEDROP_CONTROL_API_URL", api.url)

        def run(line: str) -> tuple[int, str]:
            code = main.main(shlex.split(line))
            told = capsys.readouterr()
            return code, told.out + told.err

        yield run


def test_the_command_tags_what_procurement_bought_and_adopts_it(world, job_id, say):
    arn = foreign(world.job(job_id).model_arn)
    code, said = say(f"deployments put support-prod --arn {arn} --plan")
    assert (code, "capacity_untagged" in said) == (1, True)
    code, said = say("deployments list --orphans")
    assert (code, "made-by-hand" in said, "never touched" in said) == (0, True, True)
    code, said = say(f"deployments put support-prod --arn {arn}")
    assert (code, f"Tagged {arn}" in said) == (0, True), said
    assert world.purchase().arn == arn
    (made,) = clients.bedrock().list_tags_for_resource(resourceARN=arn)["tags"]
    assert made == {"key": "tunedrop:stack", "value": world.settings.stack_id}
    code, said = say("deployments list --orphans --json")
    assert (code, json.loads(said)) == (0, {"orphans": [], "foreign": []})


def test_the_command_never_tags_what_another_stack_has(world, job_id, say):
    arn = foreign(world.job(job_id).model_arn)
    tag(world, arn, "arn:aws:cloudformation:us-west-2:123456789012:stack/other/1-2-3-4-5")
    code, said = say(f"deployments put support-prod --arn {arn}")
    assert (code, "foreign_capacity" in said) == (1, True)
    (kept,) = clients.bedrock().list_tags_for_resource(resourceARN=arn)["tags"]
    assert kept["value"].endswith("other/1-2-3-4-5")
