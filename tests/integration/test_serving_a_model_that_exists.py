"""PUT /deployments/{name}: a model that exists is served again, bought once, renewed, and seen beforehand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from bedrock_simulator import Configuration, Lifecycle, Quotas
from tunedrop.actions.deployments import put_deployment
from tunedrop.domain.serving.acts import Author
from tunedrop.domain.serving.purchase_states import LONG_SETTLE, RELEASE_TIME
from tunedrop.domain.serving.put_request import PutDeployment
from tunedrop.domain.training import names_tokens_tags
from tunedrop.edges import clients
from tunedrop.edges.rows import dataset_rows, deployment_rows, job_rows
from tunedrop.edges.rows.writes import Update
from tunedrop.errors import CapExceeded

from tests import builders
from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, HOUR, Crash, World, crash, deaths, refusing
from tests.integration.caller import call, refused
from tests.integration.remembered_worlds import remembered

PROD = "/deployments/support-prod"
CREATE = "CreateProvisionedModelThroughput"
AT_ONCE = 20


@pytest.fixture
def world(stack, environment) -> World:
    return bedrock_world.make(stack, environment)


@pytest.fixture
def trained(world) -> str:
    """The id of a job that wished for no deployment, and has a custom model."""
    return train(world)


@pytest.fixture
def on_demand(stack, environment) -> World:
    return bedrock_world.make(stack, environment, base_model="nova-lite", region="us-east-1")


@remembered
def train(world: World) -> str:
    job = world.start()
    world.deliver()
    world.wait(bedrock_world.TRAINED)
    assert world.job(job.id).status == "Completed"
    world.told()
    return job.id


def put(world: World, body: Any, *, key: str | None = None, name: str = "support-prod", **query: str) -> Any:
    """One PUT as API Gateway hands it over, at the world's own time and under its settings."""
    return call("PUT", f"/deployments/{name}", body, key=key or world.new_id(), query=query or None, cloud=world.cloud)


def plan(world: World, body: Any, name: str = "support-prod") -> Any:
    return call("PUT", f"/deployments/{name}", body, query={"plan": "true"}, cloud=world.cloud)


def in_hours(world: World, hours: float) -> str:
    return (world.clock.now() + timedelta(hours=hours)).isoformat()


def test_a_model_trained_without_a_wish_is_served_by_one_call(world, trained):
    status, answer = put(world, {"job_id": trained})
    assert (status, answer["state"], answer["model_units"]) == (202, "Creating", 1)
    world.deliver()
    world.wait(BOUGHT)
    served = world.deployment()
    assert (served.state, served.model_arn) == ("Ready", world.job(trained).model_arn)
    assert [entry.resource_arn for entry in world.live()] == [served.arn]
    assert world.live()[0].tags["tunedrop:intent"] == world.purchase().intent_id
    assert world.told() == ["DeploymentReady"]
    assert world.units() == (1, {"support-prod#1"})


def test_a_model_that_was_given_back_is_served_again_by_the_next_generation(world):
    job = world.ready()
    world.release("support-prod")
    world.deliver()
    assert world.live() == []
    first = world.purchase()
    status, answer = put(world, {"model": job.name, "hours": 2})
    assert (status, answer["generation"]) == (202, 2)
    world.deliver()
    world.wait(BOUGHT)
    second = world.purchase(generation=2)
    assert second.token != first.token
    assert second.expires_at == second.attempted_at + timedelta(hours=2)
    assert (world.deployment().state, len(world.bought()), len(world.live())) == ("Ready", 2, 1)
    world.wait(HOUR)
    assert (world.live(), world.deployment().state) == ([], "Released")


def test_a_model_may_be_named_by_its_arn(world, trained):
    assert put(world, {"model": world.job(trained).model_arn})[1]["job_id"] == trained


def test_on_demand_is_the_default_wherever_the_base_model_has_it(on_demand):
    job_id = train(on_demand)
    on_demand.settings = replace(on_demand.settings, max_model_units=0)
    status, answer = put(on_demand, {"job_id": job_id})
    assert (status, answer["serving"], answer["expires_at"]) == (202, "on_demand", None)
    on_demand.deliver()
    on_demand.wait(BOUGHT)
    assert on_demand.deployment().state == "Ready"
    assert len(on_demand.live("custom_model_deployment")) == 1


def test_the_same_body_again_changes_nothing(world, trained):
    body = {"job_id": trained, "hours": 8, "model_units": 1, "serving": "provisioned_throughput"}
    assert put(world, body)[0] == 202
    for _ in range(2):
        before = world.rows()
        status, answer = put(world, body)
        assert (status, answer["generation"]) == (200, 1)
        assert world.rows() == before
        world.wait(BOUGHT)
    assert world.deployment().state == "Ready"
    before = world.rows()
    for same in (body, {}, {"expires_at": world.deployment().expires_at.isoformat()}):
        assert put(world, same)[0] == 200, same
    assert world.rows() == before
    assert len(world.bought()) == 1


def test_the_same_key_gets_the_first_answer_even_after_the_end(world, trained):
    first = put(world, {"job_id": trained}, key="once")
    world.deliver()
    world.release("support-prod")
    world.deliver()
    assert put(world, {"job_id": trained}, key="once") == first
    assert put(world, {"job_id": trained, "hours": 2}, key="once")[0] == 422
    world.deliver()
    assert len(world.bought()) == 1


def test_a_crash_at_any_call_of_a_put_buys_once_when_it_is_repeated(world, trained):
    start = world.checkpoint()
    body = {"job_id": trained}
    calls = world.calls_of(lambda: put(world, body, key="once"))
    assert "TransactWriteItems" in calls
    for nth, name in deaths(calls):
        world.restore(start)
        forget_requests(world)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            put(world, body, key="once")
        world.clock.advance(61)
        put(world, body, key="once")
        world.wait(LONG_SETTLE.total_seconds() + 1)
        world.wait(BOUGHT)
        assert (len(world.bought()), len(world.live())) == (1, 1), name
        assert (world.deployment().state, world.deployment().generation) == ("Ready", 1), name


def test_a_put_repeated_after_its_purchase_has_come_and_gone_buys_nothing_more(world, trained):
    """It died between its intent and its answer, and its caller comes back a day later."""
    body = {"job_id": trained, "hours": 1}
    sending = world.calls_of(lambda: put(world, body)).index("SendMessage")
    with world.interrupted(crash, sending), pytest.raises(Crash):
        put(world, body, key="late")
    world.wait(BOUGHT)
    world.wait(HOUR)
    world.wait(HOUR)
    assert world.deployment().state == "Released"
    status, answer = put(world, body, key="late")
    assert (status, answer["state"], answer["generation"]) == (200, "Released", 1)
    world.deliver()
    assert len(world.bought()) == 1


def test_a_crash_at_any_call_of_the_buy_that_follows_never_buys_twice(world, trained):
    put(world, {"job_id": trained})
    message = {"kind": "advance_purchase", "deployment": "support-prod", "generation": 1}
    world.stack.messages(world.settings.spend_queue_url)
    start = world.checkpoint()
    calls = world.calls_of(lambda: world.spend(message))
    assert CREATE in calls
    for nth, name in deaths(calls):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            world.spend(message)
        world.wait(LONG_SETTLE.total_seconds() + 1)
        world.wait(BOUGHT)
        assert (len(world.bought()), len(world.live())) == (1, 1), name
        assert world.deployment().state == "Ready", name


def at_once(world: World, wishes: list[PutDeployment]) -> list[Any]:
    """What became of each, all of them checked before the first is written: the innermost writes first."""
    outcomes: list[Any] = []
    left = iter(wishes)
    writing = world.calls_of(lambda: ask(world, wishes[0])).index("TransactWriteItems")

    def one() -> None:
        wish = next(left, None)
        if wish is not None:
            with world.interrupted(one, writing, "before"):
                outcomes.append(ask(world, wish))

    one()
    return outcomes


def ask(world: World, wish: PutDeployment) -> Any:
    """The same as `put`, past HTTP: twenty of these fit into one another."""
    try:
        return put_deployment.put(wish, world.cloud, intent_id=world.new_id(), author=Author(builders.CALLER)).changes
    except CapExceeded as refusal:
        return refusal.code


def test_of_twenty_at_once_for_one_free_unit_one_is_bought(world, trained):
    outcomes = at_once(world, [PutDeployment(f"support-{number}", job_id=trained) for number in range(AT_ONCE)])
    assert outcomes == [("create",), *["model_units_cap"] * (AT_ONCE - 1)]
    world.deliver()
    world.wait(BOUGHT)
    assert len(world.bought()) == len(world.live()) == 1


def test_twenty_for_one_name_at_once_make_one_deployment(world, trained):
    world.settings = replace(world.settings, max_model_units=5)
    outcomes = at_once(world, [PutDeployment("support-prod", job_id=trained)] * AT_ONCE)
    assert outcomes == [("create",), *[()] * (AT_ONCE - 1)]
    world.deliver()
    world.wait(BOUGHT)
    assert len(world.bought()) == 1


def test_a_later_end_keeps_the_capacity_and_an_earlier_one_gives_it_back_sooner(world, trained):
    put(world, {"job_id": trained, "hours": 2})
    world.deliver()
    world.wait(BOUGHT)
    later = in_hours(world, 30)
    status, answer = put(world, {"expires_at": later})
    assert (status, answer["expires_at"]) == (200, later.replace("+00:00", "Z"))
    world.wait(29 * HOUR)
    assert len(world.live()) == 1
    put(world, {"job_id": trained, "expires_at": in_hours(world, 0.5)})
    world.wait(0.6 * HOUR)
    assert world.live() == []
    assert world.deployment().history[-1].note == "its end has come"
    assert len(world.bought()) == 1


def test_whoever_was_warned_of_an_end_is_warned_of_the_next_one_too(world, trained):
    put(world, {"job_id": trained, "hours": 8})
    world.deliver()
    world.wait(BOUGHT)
    world.wait(6.6 * HOUR)
    put(world, {"expires_at": in_hours(world, 10)})
    world.wait(9.6 * HOUR)
    warned = [detail["event_id"] for kind, detail in world.notifications() if kind == "DeploymentExpiring"]
    assert len(warned) == len(set(warned)) == 2


def test_a_purchase_renewed_before_it_was_bought_ends_when_it_was_told_last(world, trained):
    put(world, {"job_id": trained, "hours": 2})
    later = in_hours(world, 50)
    put(world, {"expires_at": later})
    world.deliver()
    world.wait(BOUGHT)
    assert world.deployment().expires_at.isoformat() == later
    assert world.purchase().hours == 50, "what 0.1.0 would go by"


def test_nothing_is_bought_after_its_end(world, trained):
    put(world, {"job_id": trained, "expires_at": in_hours(world, 3)})
    world.settings = replace(world.settings, max_model_units=0)
    world.wait(2.9 * HOUR)
    assert world.purchase().state == "requested"
    world.settings = replace(world.settings, max_model_units=1)
    world.clock.advance(0.2 * HOUR)
    world.wait(0)
    assert (world.purchase().state, world.bought()) == ("lapsed", [])
    assert world.told() == ["PurchaseLapsed"]


@pytest.mark.parametrize("hours", [0, -1, 169, 0.5])
def test_an_end_is_from_an_hour_to_a_week_ahead(world, trained, hours):
    assert refused(put(world, {"job_id": trained, "expires_at": in_hours(world, hours)})) == (422, "out_of_range")


def test_capacity_can_be_renewed_week_by_week_and_never_further_ahead(world, trained):
    put(world, {"job_id": trained, "hours": 168})
    world.deliver()
    for _ in range(3):
        world.wait(100 * HOUR)
        assert refused(put(world, {"expires_at": in_hours(world, 168.1)})) == (422, "out_of_range")
        assert put(world, {"expires_at": in_hours(world, 168)})[0] == 200
    assert (len(world.bought()), len(world.live())) == (1, 1)


REFUSED = {
    "no model": ({}, 422, "model_required"),
    "two models": ({"job_id": "a", "model": "b"}, 422, "two_models"),
    "two ends": ({"job_id": "a", "hours": 1, "expires_at": "2026-12-01T00:00:00Z"}, 422, "two_ends"),
    "an unknown job": ({"job_id": "01hzzzzz"}, 404, "unknown_job"),
    "an unknown model": ({"model": "my-model"}, 404, "unknown_model"),
    "a base model": ({"model": "nova-lite"}, 422, "base_model_not_custom"),
    "another stack's model": ({"model": "support-v1-deadbeef-0badcafe"}, 409, "foreign_model"),
    "no ARN of a model": ({"model": "arn:aws:s3:::bucket"}, 422, "invalid_model"),
    "a foreign ARN": (
        {"model": "arn:aws:bedrock:us-west-2:123456789012:custom-model/meta.llama3-1-8b:128k/abcdefghijkl"},
        409,
        "foreign_model",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_request_that_names_no_model_of_this_stack_is_refused_by_a_precise_code(world, what):
    body, status, code = REFUSED[what]
    assert refused(put(world, body)) == (status, code)
    assert refused(plan(world, body)) == (status, code)
    assert world.open_work() == []


@pytest.mark.parametrize("name", ["claude-3-haiku", "Prod", "a" * 33])
def test_a_deployment_is_never_named_like_a_base_model(world, trained, name):
    code = "deployment_name_reserved" if name == "claude-3-haiku" else "invalid_deployment_name"
    assert refused(put(world, {"job_id": trained}, name=name)) == (422, code)


def test_a_job_that_has_not_completed_has_nothing_to_serve(world):
    job = world.start()
    assert refused(put(world, {"job_id": job.id})) == (409, "job_not_completed")


def test_a_model_that_was_deleted_in_bedrock_is_refused_before_anything_is_written(world, trained):
    clients.bedrock().delete_custom_model(modelIdentifier=world.job(trained).model_arn)
    assert refused(put(world, {"job_id": trained})) == (409, "model_gone")
    assert world.open_work() == []


def test_what_the_stack_and_the_account_do_not_allow_is_refused_before_anything_is_written(world, trained):
    body = {"job_id": trained, "model_units": 2}
    status, answer = put(world, body)
    assert (status, answer["error"]["code"], answer["error"]["details"]["field"]) == (
        409,
        "model_units_cap",
        "model_units",
    )
    world.simulator.reconfigure(Configuration(quotas=Quotas(model_units=0)))
    assert refused(put(world, {"job_id": trained})) == (409, "account_quota")
    legacy = {"anthropic.claude-3-haiku-20240307-v1:0:200k": Lifecycle("LEGACY")}
    world.simulator.reconfigure(Configuration(quotas=Quotas(model_units=2), lifecycle=legacy))
    assert refused(put(world, {"job_id": trained})) == (409, "base_model_legacy")
    assert world.open_work() == []


def erase(world: World) -> None:
    head = dataset_rows.head_key("support")
    assert world.stack.table.update(Update(head, set={"deletion": "01hz"}, add={"revision": 1})).done


def test_a_model_whose_data_was_erased_is_not_served_again(world, trained):
    erase(world)
    assert refused(put(world, {"job_id": trained})) == (409, "data_erased")


def test_nor_is_one_that_was_tuned_further_from_such_a_model(world, trained):
    further = replace(world.job(trained), id="01further", dataset="other", from_job=trained, revision=0)
    assert world.stack.table.put(job_rows.put_job(further)).done
    erase(world)
    assert refused(put(world, {"job_id": "01further"})) == (409, "data_erased")


def test_data_that_is_erased_while_a_request_is_at_work_wins(world, trained):
    writing = world.calls_of(lambda: put(world, {"job_id": trained})).index("TransactWriteItems")
    with world.interrupted(lambda: erase(world), writing, "before"):
        assert refused(put(world, {"job_id": trained})) == (409, "data_erased")
    assert world.open_work() == []


def test_what_can_not_change_while_a_deployment_stands_is_refused(world, trained):
    put(world, {"job_id": trained})
    world.settings = replace(world.settings, max_model_units=9)
    assert refused(put(world, {"model_units": 2})) == (409, "model_units_fixed")
    assert refused(put(world, {"serving": "on_demand"})) == (409, "serving_fixed")
    world.deliver()
    world.release("support-prod")
    assert refused(put(world, {"job_id": trained})) == (409, "deployment_releasing")


def test_a_plan_says_what_would_be_done_and_cost_and_does_nothing(world, trained):
    world.settings = replace(world.settings, prices={"claude-3-haiku.model_unit_hour": 44.0})
    before = world.rows()
    status, told = plan(world, {"job_id": trained, "hours": 8})
    assert (status, told["changes"], told["serving"]) == (200, ["create"], "provisioned_throughput")
    assert told["cost"] == {"hour": 44.0, "day": 1056.0, "until_end": 352.0, "currency": "USD"}
    assert (told["model"], told["expires_at"]) == (world.job(trained).name, in_hours(world, 8).replace("+00:00", "Z"))
    assert {quota["name"] for quota in told["quotas"]}
    assert world.rows() == before
    assert put(world, {"job_id": trained, "hours": 8, "plan_id": told["plan_id"]})[0] == 202
    world.deliver()
    world.wait(BOUGHT)
    assert plan(world, {"job_id": trained, "hours": 8})[1]["changes"] == []
    renewal = plan(world, {"expires_at": in_hours(world, 20)})[1]
    assert (renewal["changes"], renewal["cost"]["until_end"]) == (["renew"], 880.0)
    assert plan(world, {"expires_at": in_hours(world, 1)})[1]["changes"] == ["shorten"]


def test_an_unknown_price_is_unknown_and_on_demand_costs_nothing_while_nobody_calls(world, trained):
    cost = plan(world, {"job_id": trained})[1]["cost"]
    assert (cost["hour"], cost["day"], cost["until_end"]) == (None, None, None)


def test_on_demand_costs_nothing_by_the_hour(on_demand):
    cost = plan(on_demand, {"job_id": train(on_demand)})[1]["cost"]
    assert (cost["hour"], cost["until_end"]) == (0, 0)


def test_a_plan_that_would_do_something_else_by_now_confirms_nothing(world, trained):
    told = plan(world, {"job_id": trained})[1]
    assert put(world, {"job_id": trained})[0] == 202
    status, answer = put(world, {"job_id": trained, "plan_id": told["plan_id"]})
    assert (status, answer["error"]["code"]) == (409, "plan_changed")
    assert answer["error"]["details"]["plan"]["changes"] == []


def test_money_is_spent_only_under_an_idempotency_key(world, trained):
    assert refused(call("PUT", PROD, {"job_id": trained}, cloud=world.cloud)) == (400, "idempotency_key_required")


def test_capacity_that_shows_up_late_is_found_by_the_intent_of_a_put(world, trained):
    put(world, {"job_id": trained})
    world.deliver()
    world.wait(BOUGHT)
    purchase = replace(world.purchase(), state="released", released_at=world.clock.now())
    assert world.stack.table.write_all(
        deployment_rows.put_purchase(purchase),
        deployment_rows.close_work(purchase),
        deployment_rows.give_units(purchase),
    )
    world.wait(LONG_SETTLE.total_seconds() + 1)
    assert world.live() == []


def test_its_name_and_token_are_of_this_stack_and_this_intent(world, trained):
    put(world, {"job_id": trained})
    purchase, uid = world.purchase(), world.settings.stack_uid
    assert purchase.token == names_tokens_tags.token(uid, purchase.intent_id)
    assert names_tokens_tags.is_marked(purchase.name, uid)
    assert world.deployment().history[0].note == f"asked for by {builders.CALLER}"


def forget_requests(world: World) -> None:
    """As if nobody had asked under any Idempotency-Key: a checkpoint does not hold that table."""
    rows = world.stack.dynamodb.scan(TableName="AccessTable")["Items"]
    for row in rows:
        world.stack.dynamodb.delete_item(TableName="AccessTable", Key={name: row[name] for name in ("pk", "sk")})


def test_the_schedule_that_ends_it_is_moved_before_its_end_is(world, trained):
    put(world, {"job_id": trained, "hours": 2})
    world.deliver()
    world.wait(BOUGHT)
    name, before = world.purchase().name, world.purchase().expires_at
    later = in_hours(world, 30)
    put(world, {"expires_at": later})
    assert world.purchase().expires_at == before
    with refusing(clients.scheduler(), "CreateSchedule", "InternalServerException", 500):
        world.deliver()
    assert (world.purchase().expires_at, world.schedules()[name]) == (before, before + RELEASE_TIME)
    world.wait(61)
    assert world.purchase().expires_at.isoformat() == later
    assert world.schedules()[name] == world.purchase().expires_at + RELEASE_TIME


def test_an_end_that_no_schedule_could_follow_stays_where_it_was(world, trained):
    put(world, {"job_id": trained, "hours": 2})
    world.deliver()
    world.wait(BOUGHT)
    put(world, {"expires_at": in_hours(world, 30)})
    with refusing(clients.scheduler(), "CreateSchedule", "InternalServerException", 500):
        world.deliver()
        world.wait(HOUR)
        world.wait(61)
    assert world.live() == []


def test_an_end_of_an_on_demand_deployment_is_taken_away_and_of_what_bills_by_the_hour_never(on_demand):
    job_id = train(on_demand)
    put(on_demand, {"job_id": job_id, "hours": 2})
    on_demand.deliver()
    on_demand.wait(BOUGHT)
    assert plan(on_demand, {"no_end": True})[1]["changes"] == ["renew"]
    status, answer = put(on_demand, {"no_end": True})
    assert (status, answer["expires_at"]) == (200, None)
    assert plan(on_demand, {"no_end": True})[1]["changes"] == []
    on_demand.wait(200 * HOUR)
    assert on_demand.deployment().state == "Ready"
    assert refused(put(on_demand, {"no_end": True, "hours": 1})) == (422, "two_ends")
    throughput = {"job_id": job_id, "serving": "provisioned_throughput", "no_end": True}
    assert refused(put(on_demand, throughput, name="by-the-hour")) == (422, "end_required")


def test_a_plan_that_buys_says_what_to_know_before_and_one_that_does_not_says_nothing(world, trained):
    _, answer = plan(world, {"job_id": trained})
    assert ("Support" in answer["advice"][0], "idle_minutes" in answer["advice"][-1]) == (True, True)
    assert answer["break_even"] is None, "models of claude-3-haiku are not served on demand"
    put(world, {"job_id": trained})
    assert plan(world, {"hours": 20})[1]["advice"] == []
