"""What Bedrock hides or refuses for a while proves nothing: whatever bills stays ours until it is seen to be gone."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from tunedrop.domain.serving import capacity_totals
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.edges import clients
from tunedrop.edges.rows import job_rows
from tunedrop.errors import Unavailable

from tests.integration import bedrock_world
from tests.integration.bedrock_world import BOUGHT, HOUR, TRAINED, World, foreign, refusing, unlisted

BUY = {"schema": 1, "kind": "advance_purchase", "deployment": "support-prod", "generation": 1}
CREATE, DELETE = "CreateProvisionedModelThroughput", "DeleteProvisionedModelThroughput"
EIGHT_HOURS = DeploymentRequest("support-prod", hours=8)
NO_ANSWER = (ClientError, Unavailable)


@pytest.fixture
def world(stack, environment) -> World:
    return bedrock_world.make(stack, environment)


def _raised(world: World, seconds: float, times: int) -> int:
    """How often the schedule, or what it brought about, failed."""
    count = 0
    for _ in range(times):
        try:
            world.wait(seconds)
        except NO_ANSWER:
            count += 1
    return count


# Whose it is, while tags come late or are denied


def test_expired_capacity_whose_tags_are_denied_is_given_back_and_not_forgotten(world):
    world.ready(deployment=EIGHT_HOURS)
    with refusing(clients.bedrock(), "ListTagsForResource", "AccessDeniedException"):
        world.wait(9 * HOUR)
    assert world.live() == []
    assert world.purchase().state == "released"


def test_capacity_whose_tags_are_denied_while_it_is_made_stays_ours(world):
    world.trained()
    world.wait(0)
    with refusing(clients.bedrock(), "ListTagsForResource", "AccessDeniedException"):
        world.wait(660)
        found = world.reconcile()
    assert (world.purchase().state, len(world.live())) == ("live", 1)
    assert (found.orphans, found.foreign) == ((), ())


@pytest.mark.parametrize(("code", "status"), [("AccessDeniedException", 403), ("ResourceNotFoundException", 404)])
def test_a_lost_answer_is_found_by_its_name_while_tags_lag(world, code, status):
    world.trained()
    world.lose_answer(CREATE)
    with refusing(clients.bedrock(), "ListTagsForResource", code, status):
        world.spend(BUY)
    assert world.purchase().state == "live"
    world.wait(BOUGHT)
    assert (len(world.bought()), world.deployment().state) == (1, "Ready")


def test_tags_of_others_that_are_denied_are_a_fault_and_no_verdict(world):
    job = world.trained()
    foreign(job.model_arn)
    denied = refusing(clients.bedrock(), "ListTagsForResource", "AccessDeniedException")
    with denied, pytest.raises(ClientError):
        world.spend(BUY)
    assert world.purchase().state == "requested"


def test_capacity_with_our_mark_in_its_name_is_never_foreign(world):
    job = world.trained()
    world.release("support-prod")
    foreign(job.model_arn, name=f"support-v1-{world.settings.stack_uid[:8]}-0badc0de")
    found = world.reconcile()
    assert (len(found.orphans), found.foreign) == (1, ())


def test_a_job_that_bedrock_lists_and_does_not_show_yet_is_waited_for(world):
    job = world.start(deployment="support-prod")
    world.lose_answer("CreateModelCustomizationJob")
    with refusing(clients.bedrock(), "GetModelCustomizationJob", "AccessDeniedException"):
        world.deliver()
        assert world.job(job.id).status == "Requested"
        world.clock.advance(660)
        with pytest.raises(Unavailable):
            world.spend({"kind": "advance_job", "job_id": job.id})
    world.wait(300)
    assert world.job(job.id).status == "InProgress"
    assert len(world.bought("customization_job")) == 1


def test_a_running_job_that_is_denied_for_good_is_a_fault_somebody_hears_of(world):
    job = world.start()
    world.deliver()
    with refusing(clients.bedrock(), "GetModelCustomizationJob", "AccessDeniedException"):
        world.wait(60)
        assert _raised(world, 300, times=2) == 2
    world.wait(TRAINED)
    assert world.job(job.id).status == "Completed"


def test_a_job_of_ours_is_followed_where_bedrock_shows_no_token(world):
    job = world.start()
    world.deliver()

    def forget(parsed, **_):
        parsed.pop("clientRequestToken", None)

    clients.bedrock().meta.events.register("after-call.bedrock.GetModelCustomizationJob", forget)
    world.wait(TRAINED)
    clients.bedrock().meta.events.unregister("after-call.bedrock.GetModelCustomizationJob", forget)
    assert world.job(job.id).status == "Completed"


# Giving back


def test_what_is_released_in_its_first_seconds_is_not_called_gone_because_no_list_shows_it(world):
    world.trained()
    world.spend(BUY)
    world.release("support-prod")
    denied = refusing(clients.bedrock(), "GetProvisionedModelThroughput", "AccessDeniedException")
    with unlisted(), denied, refusing(clients.spender(), DELETE, "AccessDeniedException"):
        world.spend(BUY)
        assert world.purchase().state == "releasing"
    world.wait(300)
    assert (world.purchase().state, world.live()) == ("released", [])


def test_a_normal_release_needs_no_waiting_though_gone_things_are_denied(world):
    world.trained()
    world.spend(BUY)
    world.release("support-prod")
    world.told()
    with refusing(clients.bedrock(), "GetProvisionedModelThroughput", "AccessDeniedException"):
        world.spend(BUY)
    assert (world.purchase().state, world.live()) == ("released", [])
    assert world.told() == ["DeploymentReleased"]


def test_what_somebody_deleted_is_believed_gone_though_our_role_is_denied_it(world):
    world.ready()
    clients.bedrock().delete_provisioned_model_throughput(provisionedModelId=world.deployment().arn)
    with refusing(clients.bedrock(), "GetProvisionedModelThroughput", "AccessDeniedException"):
        world.wait(300)
    assert world.purchase().state == "released"
    assert world.open_work() == []


def test_a_deletion_that_is_refused_for_good_is_counted_as_expired(world):
    world.ready(deployment=EIGHT_HOURS)
    world.release("support-prod")
    with refusing(clients.spender(), DELETE, "AccessDeniedException"):
        world.deliver()
        for _ in range(4):
            world.wait(300)
    purchase = world.purchase()
    assert (purchase.state, len(world.live())) == ("releasing", 1)
    assert capacity_totals.of([(purchase, "claude-3-haiku")], {}, world.clock.now()).expired == 1


def test_a_surplus_that_bedrock_does_not_delete_comes_to_rest(world):
    job = world.ready()
    tags = [{"key": key, "value": value} for key, value in world.live()[0].tags.items()]
    foreign(job.model_arn, name="second", tags=tags)
    with refusing(clients.spender(), DELETE, "ConflictException", 400):
        assert world.spend(BUY).state == "live"
    world.wait(300)
    assert [entry.resource_arn for entry in world.live()] == [world.purchase().arn]


def test_hours_are_counted_from_the_send_though_its_effect_showed_late(world):
    world.trained(deployment=EIGHT_HOURS)
    sent_at = world.clock.now()
    world.lose_answer(CREATE)
    with unlisted():
        world.spend(BUY)
    world.wait(540)
    assert world.purchase().state == "live"
    assert world.purchase().expires_at == sent_at + timedelta(hours=8)


# Buying and stopping


@pytest.mark.parametrize(("code", "status"), [("ResourceNotFoundException", 404), ("ConflictException", 400)])
def test_a_model_that_is_not_there_right_after_training_is_tried_again(world, code, status):
    world.trained()
    with refusing(clients.spender(), CREATE, code, status):
        world.spend(BUY)
    assert world.purchase().state == "requested"
    world.wait(300)
    world.wait(BOUGHT)
    assert world.deployment().state == "Ready"


def test_a_model_that_stays_missing_lapses_after_a_day(world):
    world.trained()
    with refusing(clients.spender(), CREATE, "ResourceNotFoundException", 404):
        for _ in range(25):
            world.wait(HOUR)
    assert world.purchase().state == "lapsed"
    assert world.units() == (0, frozenset())


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("AccessDeniedException", 403),
        ("ResourceNotFoundException", 404),
        ("ConflictException", 400),
        ("ValidationException", 400),
    ],
)
def test_a_stop_that_bedrock_refuses_although_the_job_runs_is_a_fault_and_stays_wanted(world, code, status):
    job = world.start()
    world.deliver()
    world.stop(job.id)
    with refusing(clients.spender(), "StopModelCustomizationJob", code, status), pytest.raises(Unavailable):
        world.deliver()
    world.wait(300)
    assert world.job(job.id).status in {"Stopping", "Stopped"}


def test_a_stop_of_a_job_that_has_ended_is_no_longer_wanted(world):
    job = world.start()
    world.deliver()
    world.clock.advance(TRAINED)
    world.stop(job.id)
    world.simulator.run_due()
    world.deliver(events=False)
    assert (world.job(job.id).stop_requested, world.job(job.id).status) == (False, "InProgress")
    world.wait(300, events=False)
    assert world.job(job.id).status == "Completed"


def test_a_job_that_shows_up_in_bedrock_after_its_end_is_stopped_there(world):
    job = world.start()
    world.deliver()
    running = world.job(job.id)
    ended = replace(running, status="Stopped", arn=None, ended_at=world.clock.now())
    assert world.stack.table.put(job_rows.put_job(ended)).done
    world.events.clear()
    world.follow({"detail": {"jobName": running.name, "jobArn": running.arn, "jobStatus": "InProgress"}})
    world.deliver()
    shown = clients.bedrock().get_model_customization_job(jobIdentifier=running.arn)
    assert shown["status"] in {"Stopping", "Stopped"}
    assert "after its end" in world.job(job.id).timeline[-1].note
    assert world.job(job.id).status == "Stopped"


def test_aws_that_can_not_be_reached_is_unavailable_before_anything_is_written(world):
    def unreachable(**_):
        raise EndpointConnectionError(endpoint_url="https://bedrock.us-west-2.amazonaws.com")

    before = world.rows()
    clients.bedrock().meta.events.register_first("before-call.bedrock.GetFoundationModel", unreachable)
    with pytest.raises(Unavailable) as refusal:
        world.start()
    clients.bedrock().meta.events.unregister("before-call.bedrock.GetFoundationModel", unreachable)
    assert refusal.value.code == "aws_unavailable"
    assert world.rows() == before


# The brake


def _brake(world: World) -> list[Any]:
    """What reconcile sent, although it could not look through everything."""
    with suppress(*NO_ANSWER):
        world.reconcile()
    return world.stack.messages(world.settings.spend_queue_url)


def test_tags_of_foreign_things_that_are_throttled_do_not_hold_the_brake(world):
    other = foreign(world.ready(deployment=EIGHT_HOURS).model_arn)
    world.clock.advance(9 * HOUR)
    with refusing(clients.bedrock(), "ListTagsForResource", "ThrottlingException", 429, about=other):
        assert _brake(world) == [BUY]


@pytest.mark.parametrize("operation", ["ListCustomModelDeployments", "ListProvisionedModelThroughputs"])
def test_a_list_that_fails_does_not_hold_the_brake_and_the_run_is_not_called_complete(world, operation):
    world.ready(deployment=EIGHT_HOURS)
    world.stack.published()
    world.clock.advance(9 * HOUR)
    with refusing(clients.bedrock(), operation, "InternalServerException", 500):
        with pytest.raises(ClientError):
            world.reconcile()
        assert world.stack.messages(world.settings.spend_queue_url) == [BUY]
    assert world.stack.published() == []
    world.reconcile()
    assert [kind for kind, _ in world.stack.published()] == ["ReconcileCompleted"]


def test_a_status_that_bedrock_adds_later_does_not_hold_the_brake(world):
    foreign(world.ready(deployment=EIGHT_HOURS).model_arn)
    world.clock.advance(9 * HOUR)

    def deleting(parsed, **_):
        for summary in parsed["provisionedModelSummaries"]:
            summary["status"] = "Deleting"

    clients.bedrock().meta.events.register("after-call.bedrock.ListProvisionedModelThroughputs", deleting)
    found = world.reconcile()
    clients.bedrock().meta.events.unregister("after-call.bedrock.ListProvisionedModelThroughputs", deleting)
    assert found.enqueued == {"advance_purchase": 1}
    assert [item.status for item in found.foreign] == ["Updating"]


# What must be told, and what must not hold the end


def test_a_release_whose_message_was_lost_is_told_by_reconcile(world):
    world.trained()
    world.told()
    with refusing(world.stack.sqs, "SendMessage", "ServiceUnavailable", 503), pytest.raises(ClientError):
        world.release("support-prod")
    world.wait(300)
    assert world.told() == ["DeploymentReleased"]
    assert world.open_work() == []


def test_a_release_that_is_asked_for_again_is_passed_on_again(world):
    world.trained()
    with refusing(world.stack.sqs, "SendMessage", "ServiceUnavailable", 503), pytest.raises(ClientError):
        world.release("support-prod")
    world.release("support-prod")
    assert world.stack.messages(world.settings.spend_queue_url) == [BUY]


def test_an_end_that_the_bus_did_not_take_in_any_delivery_is_told_by_reconcile(world):
    job = world.start()
    world.deliver()
    world.told()
    with refusing(world.stack.events, "PutEvents", "InternalException", 500):
        world.clock.advance(TRAINED)
        world.simulator.run_due()
        for happened in [bedrock_world.envelope(event) for event in world.events]:
            with pytest.raises(ClientError):
                world.follow(happened)
        world.events.clear()
    assert (world.job(job.id).status, world.open_work()) == ("Completed", [f"JOB#{job.id}"])
    world.wait(300)
    assert world.told() == ["JobCompleted"]
    assert world.open_work() == []
    world.wait(300)
    assert world.told() == []


def test_metrics_that_can_not_be_reached_do_not_hold_the_end_and_are_given_up_with_a_line(world):
    job = world.start(deployment="support-prod")
    world.deliver()
    world.told()
    with refusing(world.stack.s3, "GetObject", "AccessDenied", about="outputs"):
        assert _raised(world, TRAINED, times=1) == 1
        assert (world.job(job.id).status, world.purchase().state) == ("Completed", "requested")
        assert world.running() == frozenset()
        _raised(world, 300, times=4)
    assert "AccessDenied" in world.job(job.id).timeline[-1].note
    assert world.told() == ["JobCompleted"]
    assert world.purchase().state == "live"


def test_metrics_that_can_be_reached_again_are_stored_before_the_end_is_told(world):
    job = world.start()
    world.deliver()
    world.told()
    with refusing(world.stack.s3, "GetObject", "SlowDown", 503, about="outputs"):
        assert _raised(world, TRAINED, times=1) == 1
    assert world.told() == []
    world.wait(300)
    done = world.job(job.id)
    assert done.metric_counts["training"] == done.steps
    assert world.told() == ["JobCompleted"]
    assert world.open_work() == []


def test_a_try_to_read_metrics_that_dies_does_not_hold_the_end_the_next_time(world):
    job = world.start()
    world.deliver()
    world.clock.advance(TRAINED)
    check = {"kind": "check_job", "job_id": job.id}
    nth = world.calls_of(lambda: world.follow(check)).index("GetObject")
    with world.interrupted(bedrock_world.crash, nth), pytest.raises(bedrock_world.Crash):
        world.follow(check)
    assert world.job(job.id).status == "InProgress"
    with refusing(world.stack.s3, "GetObject", "SlowDown", 503, about="outputs"), pytest.raises(Unavailable):
        world.follow(check)
    assert world.job(job.id).status == "Completed"
