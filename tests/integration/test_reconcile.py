"""Reconcile finds everything that events would have brought, and everything for which none exist."""

from __future__ import annotations

from datetime import timedelta

import pytest
import reconcile
import spending_requested
from bedrock_simulator import Fault
from tunedrop.domain.training.job_states import Job
from tunedrop.edges import clients, clock_and_ids
from tunedrop.errors import Unavailable

from tests.builders import LambdaContext, event, sqs_event
from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, HOUR, TRAINED, World, showing


@pytest.fixture
def world(stack, environment) -> World:
    return bedrock_world.make(stack, environment)


def test_with_every_event_lost_the_whole_way_is_still_gone(world):
    job = world.start(deployment="support-prod")
    world.stack.messages(world.settings.spend_queue_url)
    world.wait(300, events=False)
    assert world.job(job.id).status == "InProgress"
    world.wait(TRAINED, events=False)
    assert world.job(job.id).status == "Completed"
    assert {entry.source for entry in world.job(job.id).timeline} == {"request", "reconcile"}
    world.wait(300, events=False)
    world.wait(BOUGHT, events=False)
    assert world.deployment().state == "Ready"
    assert world.told() == ["JobStarted", "JobCompleted", "DeploymentReady"]
    assert len(world.bought()) == 1


def test_it_says_what_is_open_and_what_it_sent(world):
    world.start(deployment="support-prod")
    found = world.reconcile()
    assert (found.open_jobs, found.open_purchases, found.enqueued) == (1, 1, {"advance_job": 1})
    kind, detail = world.stack.published()[-1]
    assert kind == "ReconcileCompleted"
    assert detail["enqueued"] == {"advance_job": 1}
    assert detail["stack"] == world.settings.stack_id


def test_nothing_open_means_nothing_sent(world):
    world.ready()
    world.release("support-prod")
    world.deliver()
    found = world.reconcile()
    assert (found.open_jobs, found.open_purchases, found.enqueued, found.foreign) == (0, 0, {}, ())


def test_what_works_and_has_time_is_left_in_peace(world):
    world.ready()
    world.clock.advance(HOUR)
    assert world.reconcile().enqueued == {}


def test_foreign_capacity_is_listed_and_never_touched(world):
    job = world.ready()
    world.simulator.reconfigure(world.simulator.configuration)
    made = clients.bedrock().create_provisioned_model_throughput(
        provisionedModelName="made-by-hand", modelId=job.model_arn, modelUnits=1
    )
    found = world.reconcile()
    assert [item.arn for item in found.foreign] == [made["provisionedModelArn"]]
    assert found.orphans == ()
    world.wait(9 * HOUR)
    assert [entry.name for entry in world.live()] == ["made-by-hand"]


def test_capacity_with_our_tag_that_no_row_knows_is_reported_and_not_deleted(world):
    job = world.trained()
    world.release("support-prod")
    clients.bedrock().create_provisioned_model_throughput(
        provisionedModelName="stray",
        modelId=job.model_arn,
        modelUnits=1,
        tags=[
            {"key": "tunedrop:stack", "value": world.settings.stack_id},
            {"key": "tunedrop:job", "value": job.id},
            {"key": "tunedrop:intent", "value": "01hzz-of-another-time"},
        ],
    )
    world.told()
    found = world.reconcile()
    assert [item.name for item in found.orphans] == ["stray"]
    kind, detail = world.stack.published()[-1]
    assert (kind, detail["orphans"]) == ("ReconcileCompleted", [found.orphans[0].arn])
    assert world.told() == []
    world.wait(HOUR)
    assert [entry.name for entry in world.live()] == ["stray"]


def test_a_second_throughput_of_the_same_purchase_is_given_back(world):
    job = world.ready()
    purchase = world.purchase()
    clients.bedrock().create_provisioned_model_throughput(
        provisionedModelName="bought-twice",
        modelId=job.model_arn,
        modelUnits=1,
        tags=[
            {"key": "tunedrop:stack", "value": world.settings.stack_id},
            {"key": "tunedrop:job", "value": job.id},
            {"key": "tunedrop:intent", "value": purchase.intent_id},
        ],
    )
    assert len(world.live()) == 2
    world.wait(300)
    assert [entry.resource_arn for entry in world.live()] == [purchase.arn]
    assert world.deployment().state == "Ready"


def test_the_handlers_run_on_the_events_that_start_them(world):
    world.clock.time = clock_and_ids.now()  # the handlers' own clock, by which the job must be within its deadline
    job = world.start(deployment="support-prod")
    answer = reconcile.handler(event("reconcile_schedule"), LambdaContext())
    assert answer == {"open_jobs": 1, "open_purchases": 1, "enqueued": {"advance_job": 1}}
    messages = world.stack.messages(world.settings.spend_queue_url)
    batch = sqs_event(*messages, {"schema": 1, "kind": "buy_me_a_pony"}, queue="SpendQueue")
    answer = spending_requested.handler(batch, LambdaContext())
    assert answer["batchItemFailures"] == [{"itemIdentifier": batch["Records"][-1]["messageId"]}]
    assert world.job(job.id).status == "InProgress"
    assert spending_requested.handler(event("spend_queue_message"), LambdaContext()) == {"batchItemFailures": []}


CREATE_JOB, LIST_JOBS = "CreateModelCustomizationJob", "ListModelCustomizationJobs"
STOP_JOB = "StopModelCustomizationJob"


def given_up(world) -> Job:
    """A job with a deployment, whose only send got no answer, and whose deadline passed before Bedrock listed it."""
    job = world.start(deployment="support-prod", deadline=world.clock.time + timedelta(hours=1))
    world.deliver(events=False)
    world.wait(HOUR, events=False)
    ended = world.job(job.id)
    assert (ended.status, ended.failure_code, ended.arn) == ("Failed", "job_deadline_passed", None)
    assert world.told() == ["JobFailed", "PurchaseLapsed"]
    return ended


def whispers(world, job_id: str) -> list[str]:
    """What its timeline says after its end."""
    began = "after its end here, "
    notes = [entry.note for entry in world.job(job_id).timeline]
    return [note.removeprefix(began) for note in notes if note.startswith(began)]


@pytest.mark.parametrize("events", [True, False])
def test_a_job_that_ended_here_and_starts_in_bedrock_hours_later_is_found_stopped_and_told(world, events):
    world.door.add(Fault(CREATE_JOB, kind="timeout_before_effect"))
    job = given_up(world)
    world.clock.advance(20 * HOUR)
    clients.bedrock().create_model_customization_job(**job.request)
    world.wait(300, events=events)
    found = world.job(job.id)
    assert (found.status, found.appeared.status) == ("Failed", "Stopping")
    ((kind, told),) = world.notifications()
    assert (kind, told["job_id"], told["status"], told["bedrock_status"]) == (
        "JobAppeared",
        job.id,
        "Failed",
        "Stopping",
    )
    world.wait(300, events=events)
    assert world.told() == ["JobAppeared"]
    for _ in range(5):
        world.wait(HOUR, events=events)
    assert whispers(world, job.id) == ["Bedrock has it: Stopping", "Bedrock has it: Stopped"]
    found = world.job(job.id)
    assert (found.announced, found.appeared.announced) == (("Failed",), ("Stopping", "Stopped"))
    _bought_nothing_and_left_nothing(world, job)


def appeared(world) -> Job:
    """A job that had been given up, and starts in Bedrock 20 hours later; no event of Bedrock's is heard."""
    world.door.add(Fault(CREATE_JOB, kind="timeout_before_effect"))
    job = given_up(world)
    assert job.request is not None
    world.clock.advance(20 * HOUR)
    clients.bedrock().create_model_customization_job(**job.request)
    return job


@pytest.mark.parametrize("code", ["ConflictException", "ValidationException"])
def test_a_job_that_appeared_and_whose_stop_is_refused_once_is_stopped_the_next_time(world, code):
    job = appeared(world)
    world.door.add(Fault(STOP_JOB, kind=code))
    with pytest.raises(Unavailable):
        world.wait(300, events=False)
    assert world.told() == []
    for _ in range(3):
        world.wait(300, events=False)
    assert world.told() == ["JobAppeared", "JobAppeared"]
    world.wait(TRAINED, events=False)
    assert whispers(world, job.id) == ["Bedrock has it: Stopping", "Bedrock has it: Stopped"]
    assert (world.job(job.id).appeared.status, world.bought("custom_model")) == ("Stopped", [])
    _bought_nothing_and_left_nothing(world, job)


def test_a_job_that_appeared_and_still_shows_as_running_after_its_stop_is_told_of_twice_and_stopped_once(world):
    job = appeared(world)
    world.wait(60, events=False)
    assert world.told() == ["JobAppeared"]
    with showing("GetModelCustomizationJob", status="InProgress"):
        world.wait(60, events=False)
    assert (world.job(job.id).appeared.status, world.told()) == ("Stopping", [])
    for _ in range(3):
        world.wait(300, events=False)
    assert (world.told(), world.door.calls(STOP_JOB)) == (["JobAppeared"], 1)
    assert whispers(world, job.id) == ["Bedrock has it: Stopping", "Bedrock has it: Stopped"]
    _bought_nothing_and_left_nothing(world, job)


@pytest.mark.parametrize("source", ["event", "reconcile"])
def test_the_timeline_says_what_had_us_look_for_a_job_that_appeared(world, source):
    job = appeared(world)
    heard = source == "event"
    for _ in range(3):
        world.wait(300, events=heard, reconciles=not heard)
    told = [entry.source for entry in world.job(job.id).timeline if "after its end" in entry.note]
    assert told == [source, source]


@pytest.mark.parametrize(("said", "source"), [("event", "event"), ("a word of tomorrow", "reconcile")])
def test_a_message_that_says_what_it_comes_from_may_say_so_in_other_words(world, said, source):
    job = appeared(world)
    message = {"schema": 1, "kind": "advance_job", "job_id": job.id, "source": said}
    answer = spending_requested.handler(sqs_event(message, queue="SpendQueue"), LambdaContext())
    assert (answer, world.job(job.id).timeline[-1].source) == ({"batchItemFailures": []}, source)


def test_a_job_that_appeared_is_said_to_have_made_no_model_only_when_it_has_ended(world):
    appeared(world)
    said = []
    for _ in range(3):
        world.wait(300)
        said += [detail["summary"] for _, detail in world.notifications()]
    assert ["It made no model." in each for each in said] == [False, True]


def test_a_job_that_appeared_is_not_told_of_as_completed_before_its_model_shows(world):
    job = appeared(world)
    world.clock.advance(TRAINED)
    with showing("GetModelCustomizationJob", outputModelArn=None):
        world.wait(300)
    assert (world.job(job.id).appeared, world.told()) == (None, [])
    world.wait(300)
    assert (world.told(), world.job(job.id).appeared.status) == (["JobAppeared"], "Completed")
    assert world.job(job.id).model_arn


def test_a_job_that_appeared_and_ended_as_it_was_to_be_stopped_is_found_with_its_model(world):
    job = appeared(world)
    world.clock.advance(TRAINED)
    world.simulator.run_due()
    with showing("GetModelCustomizationJob", times=1, status="InProgress"):
        world.wait(300, events=False)
    found = world.job(job.id)
    assert (found.appeared.status, found.calls[-1].outcome) == ("Completed", "ConflictException")
    assert found.model_arn
    assert whispers(world, job.id) == ["Bedrock has it: Completed"]


def test_a_job_that_bedrock_lists_only_after_it_has_completed_is_found_with_its_model(world):
    world.door.add(Fault(CREATE_JOB, kind="timeout_after_effect"))
    world.door.add(Fault(LIST_JOBS, share=1, kind="lagging", seconds=6 * HOUR))
    job = given_up(world)
    for _ in range(4):
        world.wait(HOUR, events=False)
        assert world.told() == []
    world.wait(HOUR, events=False)
    found = world.job(job.id)
    assert (found.status, found.appeared.status) == ("Failed", "Completed")
    assert found.model_arn == clients.bedrock().get_model_customization_job(jobIdentifier=job.name)["outputModelArn"]
    ((kind, told),) = world.notifications()
    assert (kind, told["bedrock_status"], told["model_arn"]) == ("JobAppeared", "Completed", found.model_arn)
    assert found.model_arn in told["summary"]
    for _ in range(3):
        world.wait(HOUR, events=False)
    assert world.job(job.id).metrics_settled
    assert whispers(world, job.id) == ["Bedrock has it: Completed"]
    _bought_nothing_and_left_nothing(world, job)


def test_a_job_that_never_appears_is_looked_for_during_two_days_and_then_let_go(world):
    world.door.add(Fault(CREATE_JOB, kind="timeout_before_effect"))
    job = given_up(world)
    for hours in (20, 27):
        world.wait(hours * HOUR)
        assert world.open_work() == [f"JOB#{job.id}"]
    world.wait(HOUR)
    looked = world.door.calls(LIST_JOBS)
    world.wait(300)
    assert (world.open_work(), world.door.calls(LIST_JOBS), world.told()) == ([], looked, [])


def _bought_nothing_and_left_nothing(world, job):
    assert world.told() == []
    assert len(world.bought("customization_job")) == 1
    assert world.bought() == []
    assert (world.purchase().state, world.job(job.id).status) == ("lapsed", "Failed")
    assert (world.open_work(), world.running()) == ([], frozenset())
