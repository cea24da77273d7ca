"""When a deployment was last called: written down once a minute at most, and never in the way of an answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.exceptions import ReadTimeoutError
from moto.core.config import default_user_config as moto_config
from tunedrop.actions.deployments import read_deployments
from tunedrop.actions.messages import record_call
from tunedrop.edges import clients, clock_and_ids
from tunedrop.edges.rows import call_rows

from tests.integration.bedrock_world import refusing
from tests.integration.messages_world import ASK, NOW, ScriptedBedrock, chunk, make_caller, put_deployment
from tests.unit.messages.test_claude_mapping import ANSWER

ARN = "arn:aws:bedrock:us-west-2:123456789012:provisioned-model/abcdefghijkl"
WHOLE = [chunk(each) for each in ANSWER]
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def bedrock(aws, stack, environment):
    """A Bedrock that does as it is told, behind a Ready deployment."""
    environment.setitem(moto_config["core"]["passthrough"], "urls", [r"https://bedrock-runtime\."])
    put_deployment(stack, ARN)
    return ScriptedBedrock(list(WHOLE)).mounted()


@pytest.fixture
def caller(stack):
    return make_caller(stack)


def answered(caller) -> bytes:
    body = b"".join(caller.call({**ASK, "stream": True}).body)
    assert b"message_stop" in body
    return body


def last_called(stack, name="support-bot"):
    return read_deployments.priced(read_deployments.get(name, stack.cloud), stack.cloud).last_called_at


def test_a_deployment_that_nobody_called_has_no_last_call(stack):
    assert last_called(stack) is None
    (listed,) = read_deployments.list_deployments(5, None, stack.cloud).deployments
    assert listed.last_called_at is None


def test_a_call_is_shown_by_the_deployment_and_by_the_list(stack, caller):
    before = clock_and_ids.now()
    answered(caller)
    called = last_called(stack)
    assert before <= called <= clock_and_ids.now()
    (listed,) = read_deployments.list_deployments(5, None, stack.cloud).deployments
    assert listed.last_called_at == called


def test_a_call_that_bedrock_refuses_counts_too(stack, caller, bedrock):
    bedrock.status, bedrock.error = 429, "ThrottlingException"
    caller.refusal()
    assert last_called(stack) is not None


def test_a_call_of_an_earlier_generation_is_not_this_ones(stack):
    call_rows.record(stack.access_table, "support-bot", NOW - SECOND)
    assert last_called(stack) is None
    call_rows.record(stack.access_table, "support-bot", NOW + 90 * SECOND)
    assert last_called(stack) == NOW + 90 * SECOND


def test_calls_of_one_minute_are_written_once_by_all_processes_and_sent_once_by_each(stack, caller):
    written = []

    def hear(params, **_):
        if b"CALLED" in params["body"]:
            written.append(1)

    clients.dynamodb_aside().meta.events.register("before-call.dynamodb.UpdateItem", hear)
    for _ in range(5):
        answered(caller)
    assert len(written) == 1
    first = last_called(stack)
    record_call.known.cache_clear()  # another process
    answered(caller)
    answered(caller)
    assert len(written) == 2, "it learns from the refusal when the last call was"
    assert last_called(stack) == first


def test_the_last_call_is_never_older_than_a_minute_however_calls_fall_among_processes(stack):
    last = None
    for second in range(0, 400, 7):
        called = NOW + second * SECOND
        last = call_rows.record(stack.access_table, "support-bot", called)
        assert timedelta(0) <= called - last <= timedelta(minutes=1)
    assert call_rows.load(stack.access_table, "support-bot").last_called_at == last


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "ResourceNotFoundException"])
def test_an_answer_comes_whole_where_the_call_can_not_be_written_down(stack, caller, code):
    with refusing(clients.dynamodb_aside(), "UpdateItem", code, 400):
        answered(caller)
    assert last_called(stack) is None


def test_a_table_that_does_not_answer_costs_one_try_in_a_minute(stack, caller):
    tried = []

    def silent(request, **_):
        if b"CALLED" in request.body:
            tried.append("once")
        raise ReadTimeoutError(endpoint_url="https://dynamodb")

    clients.dynamodb_aside().meta.events.register("before-send.dynamodb.UpdateItem", silent)
    for _ in range(3):
        answered(caller)
    assert len(tried) == 1
    config = clients.dynamodb_aside().meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["total_max_attempts"]) == (1, 1, 1)
