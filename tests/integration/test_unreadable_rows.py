"""A row that this release can't read: a request ends in a 500, a message comes again, and nothing is written."""

from __future__ import annotations

from typing import Any

import evaluation_requested
import pytest
import spending_requested
from tunedrop.actions.deployments import inspect_capacity
from tunedrop.edges.rows.stored import UnreadableRow
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.writes import Key, Update

from tests.builders import LambdaContext, sqs_event
from tests.conftest import forget_clients
from tests.integration import bedrock_world, evaluation_world
from tests.integration.bedrock_world import HOUR, foreign
from tests.integration.caller import call, refused


@pytest.fixture
def world(stack, environment):
    return bedrock_world.make(stack, environment)


def spoilt(table: Table, key: Key, **attributes: Any) -> Any:
    """The row with a state that a later release might know, raw."""
    return table.update(Update(key, set=attributes)).row


def test_a_job_in_an_unknown_status_is_neither_shown_nor_driven_nor_changed(world):
    job = world.start()
    key = Key(f"JOB#{job.id}", "JOB")
    row = spoilt(world.stack.table, key, status="Paused")

    assert refused(call("GET", f"/jobs/{job.id}")) == (500, "internal_error")
    (message,) = world.stack.messages(world.settings.spend_queue_url)
    answer = spending_requested.handler(sqs_event(message, queue="SpendQueue"), LambdaContext())
    assert len(answer["batchItemFailures"]) == 1
    assert world.stack.table.get(key) == row
    assert world.simulator.ledger() == ()


def test_a_purchase_in_an_unknown_state_buys_nothing(world):
    world.trained()
    key = Key("DEPLOYMENT#support-prod", "PURCHASE#000001")
    row = spoilt(world.stack.table, key, state="leased")

    buy = {"schema": 1, "kind": "advance_purchase", "deployment": "support-prod", "generation": 1}
    answer = spending_requested.handler(sqs_event(buy, queue="SpendQueue"), LambdaContext())
    assert len(answer["batchItemFailures"]) == 1
    assert world.stack.table.get(key) == row
    assert world.bought() == []


def test_one_unreadable_row_never_keeps_reconcile_from_giving_others_back(world):
    world.ready()
    job = world.start()
    spoilt(world.stack.table, Key(f"JOB#{job.id}", "JOB"), status="Paused")
    world.clock.advance(9 * HOUR)
    world.stack.messages(world.settings.spend_queue_url)
    with pytest.raises(UnreadableRow, match=job.id):
        world.reconcile()
    kinds = [message["kind"] for message in world.stack.messages(world.settings.spend_queue_url)]
    assert kinds == ["advance_purchase"]


def test_paid_capacity_whose_row_is_unreadable_hides_no_other_from_the_look_around(world):
    job = world.ready()
    spoilt(world.stack.table, Key("DEPLOYMENT#support-prod", "PURCHASE#000001"), state="leased")
    other = foreign(world.job(job.id).model_arn)
    seen = inspect_capacity.inspect([], world.cloud)
    assert isinstance(seen.fault, UnreadableRow)
    assert [item.arn for item in seen.foreign] == [other]
    assert (seen.orphans, seen.late) == ([], [])


def test_an_evaluation_in_an_unknown_state_delays_no_other_and_is_told(stack, environment):
    world = evaluation_world.of_bases(stack, environment, tested=2)
    unknown, lost = evaluation_world.start(world), evaluation_world.start(world)
    row = spoilt(world.stack.table, Key(f"EVALUATION#{unknown}", "EVALUATION"), state="Paused")
    evaluation_world.messages(world)
    world.clock.advance(HOUR)
    with pytest.raises(UnreadableRow):
        world.reconcile()
    assert [message["evaluation_id"] for message in evaluation_world.messages(world)] == [lost]
    message = {"schema": 1, "kind": "advance_evaluation", "evaluation_id": unknown}
    with pytest.raises(UnreadableRow):
        world.evaluate(message)
    environment.setenv("AWS_REGION", "us-west-2")  # where the tables are, for a handler's own clients
    forget_clients()
    answer = evaluation_requested.handler(sqs_event(message, queue="EvaluationQueue"), LambdaContext())
    assert len(answer["batchItemFailures"]) == 1
    assert world.stack.table.get(Key(f"EVALUATION#{unknown}", "EVALUATION")) == row
    assert world.door.calls("Converse") == 0
