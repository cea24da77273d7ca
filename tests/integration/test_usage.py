"""What callers used, by key, deployment and day: told over ControlApi, in sizes and counts, never in words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import control_api
import pytest
from moto.core.config import default_user_config as moto_config
from tunedrop.domain.messages.key_limits import Reservation, Settlement, Use
from tunedrop.domain.messages.key_usage import Used
from tunedrop.edges import clock_and_ids, observability
from tunedrop.edges.rows import key_windows
from tunedrop.edges.rows.key_windows import Take

from tests import builders
from tests.integration.messages_world import ASK, ScriptedBedrock, chunk, make_caller, put_deployment
from tests.integration.test_key_limits import new_key, price
from tests.unit.messages.test_claude_mapping import ANSWER

ARN = "arn:aws:bedrock:us-west-2:123456789012:custom-model-deployment/abcdefghijkl"
CANARY = "xylophone-canary-7391"


def usage(query=None):
    event = builders.api_request("GET", "/usage", query=query)
    return builders.api_answer(control_api.handler(event, builders.LambdaContext()))


@pytest.fixture
def bedrock(aws, stack, environment):
    environment.setitem(moto_config["core"]["passthrough"], "urls", [r"https://bedrock-runtime\."])
    for name in ("support-bot", "faq"):
        put_deployment(stack, ARN, name=name, serving="on_demand", model_units=0)
    return ScriptedBedrock([chunk(each) for each in ANSWER]).mounted()


def use_on(stack, key, day, deployment="support-bot"):
    """One call of that day, settled."""
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    call = Take(clock_and_ids.new_id(), key.sha256, None, deployment, Use(20, 50), moment)
    taken = key_windows.take(stack.access_table, call)
    assert taken.done
    settled = Settlement(Reservation(taken.window, deployment, Use(20, 50)), Use(10, 5), "end_turn", 30)
    key_windows.settle(stack.access_table, key.sha256, key.id, settled)


def test_a_stack_that_nobody_called_used_nothing(stack):
    status, told = usage()
    nothing = {"calls": 0, "input_tokens": 0, "output_tokens": 0, "cost": 0, "unpriced": 0}
    assert (status, told["usage"], told["groups"]) == (200, [], [])
    assert told["total"] == {**nothing, "mean_latency_ms": None, "stop_reasons": {}}


def test_calls_are_told_by_key_deployment_and_day_with_their_cost(stack, bedrock, environment):
    price(stack, environment)
    caller = make_caller(stack)
    for model in ("support-bot", "support-bot", "faq"):
        observability.metrics.clear_metrics()
        b"".join(caller.call({**ASK, "stream": True, "model": model}).body)
    bedrock.error, bedrock.status = "ThrottlingException", 429
    caller.refusal()
    caller.call({**ASK, "max_tokens": 1})  # carries what is owed
    told = usage({"by": "deployment"})[1]
    faq, support = told["usage"]
    assert (faq["deployment"], faq["calls"], faq["key_name"]) == ("faq", 1, "test")
    assert (faq["input_tokens"], faq["output_tokens"], faq["cost"]) == (9, 12, 0.021)
    assert faq["day"] == f"{clock_and_ids.now():%Y-%m-%d}"
    assert faq["stop_reasons"] == {"tool_use": 1}
    assert (support["calls"], support["stop_reasons"]) == (4, {"tool_use": 2, "error": 1})
    assert support["mean_latency_ms"] >= 0
    assert [each["group"] for each in told["groups"]] == ["faq", "support-bot"]
    assert told["total"]["calls"] == 5


def test_days_that_are_over_are_told_beside_the_current_one_and_no_other(stack):
    keys = [new_key(stack), new_key(stack)]
    days = [f"{clock_and_ids.now() - timedelta(days=back):%Y-%m-%d}" for back in (40, 3, 2, 0)]
    for key in keys:
        for day in days:
            use_on(stack, key, day)
    since = f"{days[1]}T10:00:00Z"
    told = usage({"from": since, "by": "day"})[1]
    assert [(each["day"], each["key_id"]) for each in told["usage"]] == [
        (day, key.id) for day in days[1:] for key in sorted(keys, key=lambda key: key.id)
    ]
    assert [(each["group"], each["calls"]) for each in told["groups"]] == [(day, 2) for day in days[1:]]
    assert told["total"]["input_tokens"] == 60
    assert told["total"]["cost"] == 0
    mine = usage({"from": since, "key": keys[0].id, "by": "key"})[1]
    assert [(each["group"], each["calls"]) for each in mine["groups"]] == [(keys[0].id, 3)]


def test_no_word_of_a_prompt_or_an_answer_is_stored_or_told(stack, bedrock, log):
    said = [chunk(json.loads(json.dumps(each).replace("Hel", CANARY))) for each in ANSWER]
    bedrock.pieces = said
    caller = make_caller(stack)
    asked = {**ASK, "system": CANARY, "messages": [{"role": "user", "content": CANARY}], "stream": True}
    assert CANARY.encode() in b"".join(caller.call(asked).body)
    for bedrock.pieces in (said, said[:3], []):
        observability.metrics.clear_metrics()
        b"".join(caller.call(asked).body)
    caller.refusal({**asked, "stream": False, "max_tokens": 10**9})
    stored = str([stack.dynamodb.scan(TableName=name)["Items"] for name in ("AccessTable", "StateTable")])
    assert [line["message"] for line in log()].count("Answered") == 4
    assert CANARY not in stored + json.dumps(usage()[1]) + json.dumps(log())


def test_a_period_that_can_not_be_is_refused(stack):
    for query, code in (
        ({"from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"}, "invalid_period"),
        ({"from": "2020-11-02T00:00:00Z"}, "invalid_period"),
        ({"by": "word"}, "invalid_request"),
        ({"deployment": "faq"}, "unknown_parameter"),
    ):
        status, told = usage(query)
        assert (status, told["error"]["code"]) == (422, code)


def test_a_sum_is_the_sum_of_its_parts():
    one, other = Used(1, 2, 3, stop_reasons={"a": 1}), Used(10, 20, 30, unpriced=1, stop_reasons={"a": 1, "b": 2})
    assert one + other == Used(11, 22, 33, unpriced=1, stop_reasons={"a": 2, "b": 2})
    assert replace(one + other, stop_reasons={}).ended == 0
