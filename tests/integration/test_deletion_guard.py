"""A stack whose deletion would leave something billing is not deleted, and says what that is."""

from __future__ import annotations

import json
from typing import Any

import deletion_guard
import pytest
from tunedrop.actions.deployments import guard_deletion
from tunedrop.edges import clients, custom_resource
from tunedrop.edges.observability import Failed
from tunedrop.edges.rows.writes import Key, Update

from tests.builders import LambdaContext, event
from tests.integration import bedrock_world, evaluation_world, stacks_of_an_account
from tests.integration.bedrock_world import World, refusing
from tests.integration.troubled_server import troubled_server
from tests.template.stack import PSEUDO

ACCEPTED: tuple[int, Any] = (200, {})


@pytest.fixture
def world(stack, environment) -> World:
    return bedrock_world.make(stack, environment)


def answered(*, status: str = "DELETE_IN_PROGRESS", manners: Any = (ACCEPTED,), **changed: Any) -> dict[str, Any]:
    """What the guard tells CloudFormation, which is asked to delete the stack."""
    stacks = stacks_of_an_account.mount()
    stacks.statuses[stacks.add(PSEUDO["AWS::StackId"])] = status
    with troubled_server(*manners) as server:
        asked = event("stack_deletion") | {"ResponseURL": f"{server.url}/answer?X-Amz-Signature=abc"} | changed
        asked = {name: value for name, value in asked.items() if value is not None}
        deletion_guard.handler(asked, LambdaContext())
        assert {(method, headers["Content-Type"]) for method, _, headers in server.asked} == {("PUT", "")}
        assert len(server.bodies[-1]) <= 4096
        said: dict[str, Any] = json.loads(server.bodies[-1])
    assert {name: said[name] for name in ("StackId", "RequestId", "LogicalResourceId")}.items() <= asked.items()
    assert said["PhysicalResourceId"] == asked.get("PhysicalResourceId", guard_deletion.GUARD)
    return said


def test_a_stack_with_nothing_in_bedrock_may_go(world):
    assert answered()["Status"] == "SUCCESS"


def test_a_live_throughput_holds_the_stack_also_where_no_row_knows_it(world):
    world.ready()
    said, name = answered(), world.purchase().name
    assert said["Status"] == "FAILED"
    assert f"throughput {name} of support-prod" in said["Reason"]
    assert "tunedrop cleanup --stack-name acme-tuning" in said["Reason"]
    assert "Also in Bedrock: custom model support-v1-" in said["Reason"]
    for row in world.stack.table.query("OPEN").rows:
        world.stack.dynamodb.delete_item(TableName="StateTable", Key={"pk": {"S": "OPEN"}, "sk": {"S": row["sk"]}})
    assert f"throughput {name}." in answered()["Reason"]


def test_a_purchase_whose_answer_was_lost_holds_the_stack_while_bedrock_lists_nothing(world):
    world.trained()
    world.lose_answer("CreateProvisionedModelThroughput")
    with bedrock_world.unlisted():
        world.wait(0)
        assert world.purchase().state == "unknown"
        assert answered()["Status"] == "FAILED"


def test_a_purchase_that_the_next_message_makes_holds_the_stack(world):
    world.trained()
    assert world.purchase().state == "requested"
    assert answered()["Status"] == "FAILED"


def test_a_job_that_runs_holds_the_stack_once(world):
    job = world.start()
    world.deliver()
    said = answered()
    assert said["Status"] == "FAILED"
    assert said["Reason"].count("job ") == 1
    assert f"job {job.id} (InProgress)" in said["Reason"]


def test_a_job_that_runs_and_that_no_row_knows_holds_the_stack(world):
    job = world.start()
    world.deliver()
    world.stack.dynamodb.delete_item(TableName="StateTable", Key={"pk": {"S": "OPEN"}, "sk": {"S": f"JOB#{job.id}"}})
    assert f"job {job.name} in Bedrock" in answered()["Reason"]


def test_an_evaluation_that_asks_holds_the_stack_until_it_has_stopped(stack, environment):
    world = evaluation_world.of_bases(stack, environment, tested=2)
    evaluation_id = evaluation_world.start(world)
    assert guard_deletion.look(world.cloud).billing == (f"evaluation {evaluation_id} (Requested)",)
    evaluation_world.stop(world, evaluation_id)
    assert guard_deletion.look(world.cloud).billing == (f"evaluation {evaluation_id} (Stopping)",)
    evaluation_world.work(world)
    assert not guard_deletion.look(world.cloud).holds_the_stack


def test_an_evaluation_whose_row_cannot_be_read_holds_the_stack(stack, environment):
    world = evaluation_world.of_bases(stack, environment, tested=2)
    key = Key(f"EVALUATION#{evaluation_world.start(world)}", "EVALUATION")
    world.stack.table.update(Update(key, set={"state": "Paused"}))
    (unseen,) = guard_deletion.look(world.cloud).unseen
    assert key.pk in unseen


def test_a_custom_model_and_what_a_person_has_hold_nothing(world):
    job = world.trained()
    world.release("support-prod")
    world.deliver()
    bedrock_world.foreign(job.model_arn)
    assert answered()["Status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("operation", "what"),
    [
        ("ListProvisionedModelThroughputs", "throughputs (AccessDeniedException)"),
        ("ListModelCustomizationJobs", "jobs (AccessDeniedException)"),
    ],
)
def test_what_nobody_can_see_may_be_there(world, operation, what):
    with refusing(clients.bedrock(), operation, "AccessDeniedException"):
        said = answered()
    assert said["Status"] == "FAILED"
    assert f"Could not look: {what}." in said["Reason"]
    assert "--retain-resources DeletionGuard" in said["Reason"]


def test_rows_that_cannot_be_read_hold_the_stack_and_a_table_that_is_gone_does_not(world):
    with refusing(clients.dynamodb(), "Query", "AccessDeniedException"):
        assert "Could not look: rows (AccessDeniedException)." in answered()["Reason"]
    with refusing(clients.dynamodb(), "Query", "ResourceNotFoundException", 400):
        assert answered()["Status"] == "SUCCESS"


@pytest.mark.parametrize(
    "changed",
    [
        {"RequestType": "Create", "PhysicalResourceId": None},
        {"RequestType": "Update"},
        {"status": "ROLLBACK_IN_PROGRESS"},
        {"status": "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"},
        {"PhysicalResourceId": "acme-tuning-DeletionGuard-1ABC"},
    ],
    ids=["creation", "update", "rollback of a creation", "an update to a release without a guard", "never created"],
)
def test_only_the_deletion_of_the_stack_is_ever_refused(world, changed):
    world.start()
    assert answered(**changed)["Status"] == "SUCCESS"


def test_a_status_that_nobody_can_read_counts_as_a_deletion(world):
    world.start()
    with refusing(clients.cloudformation(), "DescribeStacks", "AccessDenied"):
        assert answered()["Status"] == "FAILED"


def test_a_defect_of_the_guard_is_an_answer_too(world, environment):
    environment.setattr(guard_deletion, "look", lambda _: 1 / 0)
    said = answered()
    assert (said["Status"], said["Reason"][:36]) == ("FAILED", "The guard failed (ZeroDivisionError)")


def test_an_answer_that_does_not_get_through_is_sent_again(world, environment):
    environment.setattr(custom_resource, "PAUSES", (0, 0))
    assert answered(manners=("resets", (503, {}), ACCEPTED))["Status"] == "SUCCESS"


def test_an_answer_that_never_gets_through_fails_the_run_and_its_url_is_never_told(world, environment, capsys):
    environment.setattr(custom_resource, "PAUSES", (0, 0))
    with pytest.raises(Failed) as failed:
        answered(manners=((403, {}),))
    assert "Signature" not in f"{failed.value}{capsys.readouterr()}"


def test_a_reason_fits_whatever_there_is(world):
    words = "x" * 10_000
    with troubled_server(ACCEPTED) as server:
        asked = custom_resource.request_from(event("stack_deletion") | {"ResponseURL": server.url})
        custom_resource.answer(asked, guard_deletion.GUARD, words)
        assert len(server.bodies[0]) <= 4096


def test_an_on_demand_deployment_holds_nothing_and_is_named(stack, environment):
    world = bedrock_world.make(stack, environment, base_model="nova-lite", region="us-east-1")
    world.ready()
    (serving,) = world.live("custom_model_deployment")
    assert answered()["Status"] == "SUCCESS"
    found = guard_deletion.look(world.cloud)
    assert (found.billing, found.kept[0]) == ((), f"on-demand deployment {serving.name}")
