"""Buying and giving back, judged by the ledger of the simulated Bedrock and never by our own tables."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bedrock_simulator import Configuration, Lifecycle, Quotas
from tunedrop.domain.serving.purchase_states import LONG_SETTLE, SETTLE
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.edges import clients
from tunedrop.edges.rows import deployment_rows

from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, HOUR, TRAINED, Crash, World, crash, deaths, refusing

BUY = {"schema": 1, "kind": "advance_purchase", "deployment": "support-prod", "generation": 1}
CREATE = "CreateProvisionedModelThroughput"


@pytest.fixture
def world(stack, environment) -> World:
    return bedrock_world.make(stack, environment)


def _settle(world: World, rounds: int = 1) -> None:
    """Let the second chance have its turn."""
    for _ in range(rounds):
        world.wait(LONG_SETTLE.total_seconds() + 1)


def _ended(world: World, *, bought: int = 1) -> None:
    """Nothing is billed, held or open any more, and nothing was bought twice."""
    assert len(world.bought()) == bought
    assert world.live() == []
    assert world.units() == (0, frozenset())
    assert world.open_work() == []


def test_a_job_that_asks_for_a_deployment_ends_in_one_that_can_be_called(world):
    job = world.ready()
    entry = world.live()[0]
    assert (world.purchase().state, world.deployment().state) == ("live", "Ready")
    assert world.deployment().arn == entry.resource_arn
    assert entry.units == 1
    assert entry.name == world.purchase().name
    assert entry.tags["tunedrop:intent"] == world.purchase().intent_id
    assert entry.tags["tunedrop:job"] == job.id
    assert entry.tags["tunedrop:stack"] == world.settings.stack_id
    assert world.told() == ["JobStarted", "JobCompleted", "DeploymentReady"]
    assert world.units() == (1, {"support-prod#1"})


def test_nothing_is_bought_before_the_job_has_completed(world):
    world.start(deployment="support-prod")
    world.wait(600)
    world.spend(BUY)
    assert world.bought() == []
    assert world.purchase().state == "planned"


def test_a_crash_at_any_call_of_a_buy_never_buys_twice_and_always_ends_in_a_deployment(world):
    world.trained()
    start = world.checkpoint()
    calls = world.calls_of(lambda: world.spend(BUY))
    assert CREATE in calls
    for nth, name in deaths(calls):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            world.spend(BUY)
        _settle(world)
        world.wait(BOUGHT)
        assert (len(world.bought()), len(world.live())) == (1, 1), name
        assert (world.purchase().state, world.deployment().state) == ("live", "Ready"), name
        assert world.deployment().arn == world.live()[0].resource_arn, name


def test_a_rival_at_any_call_of_a_buy_never_buys_twice(world):
    world.trained()
    start = world.checkpoint()
    calls = world.calls_of(lambda: world.spend(BUY))
    for nth, name in enumerate(calls):
        world.restore(start)
        with world.interrupted(lambda: world.spend(BUY), nth, "after"):
            world.spend(BUY)
        _settle(world)
        world.wait(BOUGHT)
        assert len(world.bought()) == 1, name
        assert world.door.calls(CREATE) == 1, name
        assert world.deployment().state == "Ready", name
        assert world.units() == (1, {"support-prod#1"}), name


@pytest.mark.thorough
def test_a_rival_at_any_call_of_a_second_send_never_buys_twice(world):
    world.trained()
    with world.interrupted(crash, world.calls_of(lambda: world.spend(BUY)).index(CREATE)), pytest.raises(Crash):
        world.spend(BUY)
    world.clock.advance(LONG_SETTLE.total_seconds() + 1)
    start = world.checkpoint()
    for nth, name in enumerate(world.calls_of(lambda: world.spend(BUY))):
        world.restore(start)
        with world.interrupted(lambda: world.spend(BUY), nth, "after"):
            world.spend(BUY)
        _settle(world)
        assert world.door.calls(CREATE) == 1, name
        assert len(world.bought()) == 1, name


def test_a_rival_at_any_call_of_an_on_demand_deployment_never_makes_two(stack, environment):
    world = bedrock_world.make(stack, environment, base_model="nova-lite", region="us-east-1")
    world.trained()
    start = world.checkpoint()
    for nth, name in enumerate(world.calls_of(lambda: world.spend(BUY))):
        world.restore(start)
        with world.interrupted(lambda: world.spend(BUY), nth, "after"):
            world.spend(BUY)
        assert world.door.calls("CreateCustomModelDeployment") == 1, name
        assert len(world.bought("custom_model_deployment")) == 1, name


@pytest.mark.thorough
def test_a_rival_for_the_last_model_unit_at_any_call_never_exceeds_the_cap(world):
    world.trained(deployment="support-one")
    world.trained(deployment="support-two", cap=2)
    one, two = ({**BUY, "deployment": name} for name in ("support-one", "support-two"))
    start = world.checkpoint()
    for nth, name in enumerate(world.calls_of(lambda: world.spend(one))):
        world.restore(start)
        with world.interrupted(lambda: world.spend(two), nth, "after"):
            world.spend(one)
        assert len(world.live()) == 1, name
        assert world.units()[0] == 1, name


def test_a_lost_answer_is_found_in_bedrocks_list_and_never_sent_again(world):
    world.trained()
    world.lose_answer(CREATE)
    assert world.spend(BUY).state == "live"
    assert len(world.bought()) == 1
    _settle(world)
    world.wait(BOUGHT)
    assert world.door.calls(CREATE) == 1
    assert world.deployment().state == "Ready"


def test_a_call_that_never_arrived_is_sent_again_with_the_same_token_but_not_before_it_must_have_died(world):
    world.trained()
    calls = world.calls_of(lambda: world.spend(BUY))
    with world.interrupted(crash, calls.index(CREATE)), pytest.raises(Crash):
        world.spend(BUY)
    assert world.purchase().state == "unknown"
    token = world.purchase().token
    world.spend(BUY)
    assert world.door.calls(CREATE) == 0
    _settle(world, rounds=1)
    assert [entry.client_request_token for entry in world.bought()] == [token]
    assert world.purchase().attempts == 2


def test_the_same_message_five_times_buys_once(world):
    world.trained()
    for _ in range(5):
        world.spend(BUY)
    assert len(world.bought()) == 1
    assert world.door.calls(CREATE) == 1


def test_late_messages_and_events_after_the_release_buy_nothing(world):
    job = world.ready()
    world.release("support-prod")
    world.deliver()
    _ended(world)
    for _ in range(3):
        world.spend(BUY)
        world.follow({"schema": 1, "kind": "check_job", "job_id": job.id})
        world.follow({"detail": {"jobName": job.name, "jobArn": job.arn, "jobStatus": "Completed"}})
        world.wait(SETTLE.total_seconds() + 1)
    _ended(world)
    assert world.deployment().state == "Released"


def test_a_crash_at_any_call_of_giving_back_leaves_nothing_billed(world):
    world.ready()
    world.release("support-prod")
    start = world.checkpoint()
    calls = world.calls_of(lambda: world.spend(BUY))
    assert "DeleteProvisionedModelThroughput" in calls
    for nth, name in deaths(calls):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            world.spend(BUY)
        _settle(world)
        assert world.live() == [], name
        _ended(world)
        assert world.deployment().state == "Released", name


def test_a_lost_answer_to_the_delete_is_no_harm(world):
    world.ready()
    world.release("support-prod")
    world.lose_answer("DeleteProvisionedModelThroughput")
    world.deliver()
    _settle(world)
    _ended(world)
    assert "DeploymentReleased" in world.told()


def test_what_was_bought_is_given_back_when_its_hours_are_over_and_said_so_before(world):
    world.ready(deployment=DeploymentRequest("support-prod", hours=8))
    world.told()
    world.wait(5.9 * HOUR)
    assert world.told() == []
    world.wait(0.2 * HOUR)
    assert world.told() == ["DeploymentExpiring"]
    world.wait(0.1 * HOUR)
    assert world.told() == []
    world.wait(0.6 * HOUR)
    assert world.told() == ["DeploymentExpiring"]
    world.wait(0.3 * HOUR)
    _ended(world)
    assert world.told() == ["DeploymentReleased"]
    assert world.deployment().history[-1].note == "its 8 hours are over"


def test_a_planned_purchase_is_given_up_at_once_and_the_job_goes_on(world):
    job = world.start(deployment="support-prod")
    world.deliver()
    assert world.release("support-prod").state == "Released"
    world.wait(TRAINED)
    world.wait(BOUGHT)
    assert world.job(job.id).status == "Completed"
    _ended(world, bought=0)
    assert world.told() == ["JobStarted", "DeploymentReleased", "JobCompleted"]


def test_a_requested_purchase_is_given_up_before_it_is_sent(world):
    world.trained()
    assert world.release("support-prod").state == "Released"
    world.spend(BUY)
    _settle(world)
    _ended(world, bought=0)


def test_an_unknown_purchase_is_resolved_before_it_is_given_up(world):
    world.trained()
    calls = world.calls_of(lambda: world.spend(BUY))
    with world.interrupted(crash, calls.index(CREATE), "after"), pytest.raises(Crash):
        world.spend(BUY)
    assert world.purchase().state == "unknown"
    assert world.release("support-prod").state == "Releasing"
    world.deliver()
    _ended(world)


def test_an_unknown_purchase_that_bought_nothing_is_given_up_after_bedrocks_list_had_time(world):
    world.trained()
    calls = world.calls_of(lambda: world.spend(BUY))
    with world.interrupted(crash, calls.index(CREATE)), pytest.raises(Crash):
        world.spend(BUY)
    world.release("support-prod")
    world.wait(LONG_SETTLE.total_seconds() / 2)
    assert world.purchase().state == "unknown"
    world.wait(LONG_SETTLE.total_seconds())
    _ended(world, bought=0)
    assert world.deployment().state == "Released"


def test_capacity_that_shows_up_after_its_purchase_has_ended_is_found_by_its_tag_and_given_back(world):
    world.ready()
    purchase = replace(world.purchase(), state="released", released_at=world.clock.now())
    assert world.stack.table.write_all(
        deployment_rows.put_purchase(purchase),
        deployment_rows.close_work(purchase),
        deployment_rows.give_units(purchase),
    )
    assert len(world.live()) == 1
    world.wait(SETTLE.total_seconds() + 1)
    _ended(world)


def test_the_caps_of_the_stack_hold_at_the_moment_of_buying(world):
    world.trained()
    world.settings = replace(world.settings, max_model_units=0)
    world.wait(HOUR)
    assert world.bought() == []
    assert world.purchase().state == "requested"
    world.settings = replace(world.settings, max_model_units=1)
    world.wait(HOUR)
    assert len(world.bought()) == 1


def test_a_purchase_lapses_a_day_after_its_jobs_end(world):
    world.trained()
    world.settings = replace(world.settings, max_model_units=0)
    world.wait(23 * HOUR)
    assert world.purchase().state == "requested"
    world.told()
    world.settings = replace(world.settings, max_model_units=1)
    world.wait(1 * HOUR + 60)
    _ended(world, bought=0)
    assert world.told() == ["PurchaseLapsed"]
    assert world.deployment().state == "Failed"
    assert "24 hours" in world.deployment().failure


def test_the_sum_of_model_units_stays_under_the_cap(world):
    world.trained(deployment="support-one")
    world.trained(deployment="support-two", cap=2)
    world.wait(0)
    world.wait(BOUGHT)
    assert len(world.live()) == 1
    assert world.purchase("support-two").state == "requested"
    world.release("support-one")
    world.deliver()
    world.wait(BOUGHT)
    assert [entry.name for entry in world.live()] == [world.purchase("support-two").name]
    assert world.units() == (1, {"support-two#1"})


def test_a_quota_of_the_account_parks_the_purchase_until_there_is_room(world):
    world.trained()
    world.simulator.reconfigure(Configuration(quotas=Quotas(model_units=0)))
    world.spend(BUY)
    assert world.purchase().state == "requested"
    assert world.purchase().refusal.code == "ServiceQuotaExceededException"
    assert world.units()[0] == 0
    world.simulator.reconfigure(Configuration(quotas=Quotas(model_units=1)))
    world.wait(300)
    world.wait(BOUGHT)
    assert len(world.bought()) == 1
    assert world.deployment().state == "Ready"


def test_a_model_that_somebody_else_serves_already_is_left_alone(world):
    job = world.trained()
    clients.bedrock().create_provisioned_model_throughput(
        provisionedModelName="made-by-hand", modelId=job.model_arn, modelUnits=1
    )
    world.spend(BUY)
    assert [entry.name for entry in world.live()] == ["made-by-hand"]
    assert world.purchase().state == "failed"
    assert "did not make" in world.deployment().failure
    _settle(world)
    assert [entry.name for entry in world.live()] == ["made-by-hand"]
    assert world.told()[-1] == "DeploymentFailed"


def test_a_throughput_that_somebody_deleted_ends_the_deployment(world):
    world.ready()
    clients.bedrock().delete_provisioned_model_throughput(provisionedModelId=world.deployment().arn)
    world.wait(300)
    _ended(world)
    assert world.deployment().state == "Released"
    assert "somebody else deleted it" in world.deployment().history[-1].note


def test_a_name_can_be_used_again_and_the_new_generation_buys_for_itself(world):
    world.ready()
    world.release("support-prod")
    world.deliver()
    world.ready()
    assert world.deployment().generation == 2
    assert len(world.bought()) == 2
    assert len(world.live()) == 1
    world.spend(BUY)
    world.clock.advance(HOUR)
    world.spend(BUY)
    assert len(world.live()) == 1
    assert world.live()[0].name == world.purchase(generation=2).name


def test_on_demand_deployments_need_no_units_and_do_not_expire(stack, environment):
    world = bedrock_world.make(stack, environment, base_model="nova-lite", region="us-east-1", MAX_MODEL_UNITS="0")
    world.ready()
    kind = "custom_model_deployment"
    assert len(world.live(kind)) == 1
    assert world.deployment().state == "Ready"
    assert world.deployment().expires_at is None
    assert world.units() == (0, frozenset())
    world.wait(500 * HOUR)
    assert len(world.live(kind)) == 1
    world.release("support-prod")
    world.deliver()
    assert world.live(kind) == []
    assert world.deployment().state == "Released"
    assert world.open_work() == []


def test_a_crash_at_any_call_of_starting_a_job_never_trains_twice(world):
    job = world.start()
    message = world.stack.messages(world.settings.spend_queue_url)[0]
    start = world.checkpoint()
    calls = world.calls_of(lambda: world.spend(message))
    assert "CreateModelCustomizationJob" in calls
    for nth, name in deaths(calls):
        world.restore(start)
        with world.interrupted(crash, nth, "after"), pytest.raises(Crash):
            world.spend(message)
        _settle(world)
        world.wait(TRAINED)
        assert len(world.bought("customization_job")) == 1, name
        assert world.job(job.id).status == "Completed", name
        assert world.running() == frozenset(), name
        assert world.open_work() == [], name


def test_a_rival_at_any_call_of_starting_a_job_never_trains_twice(world):
    world.start()
    message = world.stack.messages(world.settings.spend_queue_url)[0]
    start = world.checkpoint()
    for nth, name in enumerate(world.calls_of(lambda: world.spend(message))):
        world.restore(start)
        with world.interrupted(lambda: world.spend(message), nth, "after"):
            world.spend(message)
        _settle(world)
        assert world.door.calls("CreateModelCustomizationJob") == 1, name
        assert len(world.bought("customization_job")) == 1, name


def test_a_lost_answer_of_a_new_job_is_found_by_its_name(world):
    job = world.start()
    world.lose_answer("CreateModelCustomizationJob")
    world.deliver()
    assert world.job(job.id).status == "InProgress"
    assert world.job(job.id).arn == world.bought("customization_job")[0].resource_arn
    assert world.door.calls("CreateModelCustomizationJob") == 1


def test_no_more_jobs_run_than_the_stack_allows_and_the_rest_wait_their_turn(world):
    started = [world.start() for _ in range(3)]
    world.deliver()
    assert [world.job(job.id).status for job in started] == ["InProgress", "InProgress", "WaitingForCapacity"]
    world.wait(300)
    assert len(world.bought("customization_job")) == 2
    world.wait(TRAINED)
    world.wait(300)
    assert [world.job(job.id).status for job in started] == ["Completed", "Completed", "InProgress"]
    assert world.running() == {started[2].id}


def test_a_quota_of_bedrock_parks_the_job(world):
    job = world.start()
    world.simulator.reconfigure(Configuration(quotas=Quotas(scheduled_jobs=0)))
    world.deliver()
    assert world.job(job.id).status == "WaitingForCapacity"
    assert world.running() == frozenset()
    world.simulator.reconfigure(Configuration())
    world.wait(300)
    assert world.job(job.id).status == "InProgress"


CREATE_JOB = "CreateModelCustomizationJob"


def test_a_denial_just_after_a_deploy_parks_the_job_which_then_trains_once(world):
    job = world.start()
    with refusing(clients.spender(), CREATE_JOB, "AccessDeniedException"):
        world.deliver()
    assert world.job(job.id).status == "WaitingForCapacity"
    world.wait(300)
    assert world.job(job.id).status == "InProgress"
    assert len(world.bought("customization_job")) == 1


def test_a_denial_that_stays_ends_the_job_with_its_words_and_without_training(world):
    job = world.start()
    with refusing(clients.spender(), CREATE_JOB, "AccessDeniedException"):
        world.deliver()
        for _ in range(2):
            world.wait(300)
    failed = world.job(job.id)
    assert failed.status == "Failed"
    assert failed.failure.startswith("AccessDeniedException: ")
    assert world.bought("customization_job") == []


def test_a_job_that_waits_is_told_of_once_with_the_quota_and_ends_at_its_deadline(world):
    job = world.start(deployment="support-prod")
    world.simulator.reconfigure(Configuration(quotas=Quotas(custom_models=0)))
    world.deliver()
    world.wait(2 * HOUR)
    ((kind, waits),) = world.notifications()
    assert (kind, waits["status"], waits["wait_code"]) == ("JobWaiting", "WaitingForCapacity", "custom_models_quota")
    assert waits["quotas"] == [{"code": "L-CB5B847D", "name": "Custom models per account", "value": 0.0}]
    assert "Delete custom models" in waits["remedy"]
    assert waits["remedy"] in waits["summary"]
    world.wait(22 * HOUR)
    failed = world.job(job.id)
    assert (failed.status, failed.failure_code) == ("Failed", "job_deadline_passed")
    assert world.told() == ["JobFailed", "PurchaseLapsed"]
    world.simulator.reconfigure(Configuration())
    world.wait(2 * HOUR)
    assert world.bought("customization_job") == []
    assert (world.running(), world.open_work()) == (frozenset(), [])


def test_people_hear_of_a_wait_although_the_quotas_cannot_be_read(world):
    world.start()
    world.simulator.reconfigure(Configuration(quotas=Quotas(scheduled_jobs=0)))
    with refusing(clients.service_quotas(), "ListServiceQuotas", "AccessDeniedException"):
        world.deliver()
    ((kind, waits),) = world.notifications()
    assert (kind, waits["wait_code"], waits["quotas"]) == ("JobWaiting", "scheduled_jobs_quota", [])


def test_a_wait_whose_mark_was_lost_is_told_again_under_the_same_id(world):
    world.start()
    world.simulator.reconfigure(Configuration(quotas=Quotas(scheduled_jobs=0)))
    (message,) = world.stack.messages(world.settings.spend_queue_url)
    calls = world.calls_of(lambda: world.spend(message))
    with world.interrupted(crash, calls.index("PutEvents"), "after"), pytest.raises(Crash):
        world.spend(message)
    world.wait(300)
    told = world.notifications()
    assert [kind for kind, _ in told] == ["JobWaiting", "JobWaiting"]
    assert len({waits["event_id"] for _, waits in told}) == 1


def test_a_refusal_of_bedrock_ends_the_job_with_its_words_and_lapses_the_purchase(world):
    job = world.start(deployment="support-prod")
    legacy = {"anthropic.claude-3-haiku-20240307-v1:0:200k": Lifecycle("LEGACY")}
    world.simulator.reconfigure(Configuration(lifecycle=legacy))
    world.deliver()
    failed = world.job(job.id)
    assert failed.status == "Failed"
    assert failed.failure.startswith("ValidationException: ")
    assert world.purchase().state == "lapsed"
    assert world.deployment().state == "Failed"
    assert world.told() == ["JobFailed", "PurchaseLapsed"]
    assert world.open_work() == []
    assert world.running() == frozenset()
    assert world.bought("customization_job") == []


def test_a_job_that_waits_is_stopped_before_it_costs_anything(world):
    job = world.start()
    world.stop(job.id)
    world.deliver()
    assert world.job(job.id).status == "Stopped"
    assert world.bought("customization_job") == []
    assert world.told() == ["JobStopped"]


def test_a_running_job_is_stopped_in_bedrock(world):
    job = world.start(deployment="support-prod")
    world.deliver()
    world.wait(900)
    world.stop(job.id)
    world.deliver()
    assert world.job(job.id).status == "Stopping"
    world.wait(300)
    assert world.job(job.id).status == "Stopped"
    assert world.purchase().state == "lapsed"
    assert world.told() == ["JobStarted", "JobStopped", "PurchaseLapsed"]


def test_a_stop_that_comes_too_late_is_no_harm(world):
    job = world.start()
    world.deliver()
    world.clock.advance(TRAINED)
    world.stop(job.id)
    world.deliver()
    world.wait(0)
    assert world.job(job.id).status == "Completed"
