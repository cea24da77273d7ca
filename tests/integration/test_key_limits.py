"""Limits of a key in tokens and money: exact however many call at once, settled by what was used, told when refused."""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from moto.core.config import default_user_config as moto_config
from tunedrop.actions.messages import admit_call, find_target, settle_call
from tunedrop.actions.messages.admit_call import CallWanted
from tunedrop.domain.messages import api_key, key_limits, messages_request
from tunedrop.domain.messages.answer_usage import Tally
from tunedrop.domain.messages.api_key import ApiKey, KeyLimits
from tunedrop.domain.messages.key_limits import LIMITS, Reservation, Settlement, Use
from tunedrop.edges import clients, clock_and_ids, observability, settings
from tunedrop.edges.rows import key_rows, key_windows, usage_rows
from tunedrop.edges.rows.key_windows import Take

from tests.integration.messages_world import ASK, ScriptedBedrock, chunk, make_caller, put_deployment
from tests.unit.messages.test_claude_mapping import ANSWER

ARN = "arn:aws:bedrock:us-west-2:123456789012:custom-model-deployment/abcdefghijkl"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHOLE = [chunk(each) for each in ANSWER]
USED = 9 + 12
"""Tokens in and out of that answer."""
GONE = "ResourceNotFoundException"
IDS = map(str, itertools.count())


@pytest.fixture
def bedrock(aws, stack, environment):
    """A Bedrock that does as it is told, behind a Ready deployment."""
    environment.setitem(moto_config["core"]["passthrough"], "urls", [r"https://bedrock-runtime\."])
    put_deployment(stack, ARN, serving="on_demand", model_units=0)
    return ScriptedBedrock(list(WHOLE)).mounted()


def key_row(stack, caller) -> dict[str, Any]:
    return dict(stack.access_table.get(key_rows.key_of(api_key.digest(caller.secret))))


def answered(caller, **more) -> None:
    assert b"message_stop" in b"".join(caller.call({**ASK, "stream": True, **more}).body)


def new_key(stack, **limits) -> ApiKey:
    key = ApiKey(next(IDS), "test", None, next(IDS), NOW, "ada", **limits)
    assert key_rows.insert(stack.access_table, key)
    return key


def take(stack, key, most, now=NOW, owed=()):
    return key_windows.take(stack.access_table, Take(next(IDS), key.sha256, None, "support-bot", most, now, owed))


def test_a_hundred_callers_at_once_get_what_there_is_and_no_token_more(stack):
    key = new_key(stack, tokens_per_minute=1_000, requests_per_minute=10_000)
    one_at_a_time, sent = threading.Lock(), threading.local()  # as DynamoDB takes the updates of one row
    send = stack.dynamodb._make_api_call

    def serially(*call):
        with one_at_a_time:
            return send(*call)

    stack.dynamodb._make_api_call = serially
    with ThreadPoolExecutor(100) as callers:
        done = list(callers.map(lambda _: take(stack, key, Use(20, 50)).done, range(100)))
    assert (done.count(True), sent.__dict__) == (1_000 // 70, {})
    assert stack.access_table.get(key_rows.key_of(key.sha256))["left_tokens_minute"] == 1_000 % 70


TOKENS = [limit for limit in LIMITS if limit.measure == "tokens"]


@dataclass
class Caller:
    """A process that calls with one key, and ends its calls late, in any order."""

    stack: Any
    key: ApiKey
    spent: Counter[str] = field(default_factory=Counter)
    open: list[Settlement] = field(default_factory=list)

    def call(self, held: Use, actual: Use, now: datetime, settles: int) -> None:
        owed = tuple(self.open.pop() for _ in range(min(settles, len(self.open))))
        taken = take(self.stack, self.key, held, now, owed)
        assert taken.window == key_limits.window_of(now)
        if not taken.done:
            self.open += owed
            return
        self.settle(each for each in owed if not key_limits.same("day", each.reservation.window, taken.window))
        self.open.append(Settlement(Reservation(taken.window, "support-bot", held), actual, "end_turn", 10))
        for limit in TOKENS:
            place = key_limits.part(limit.span, taken.window)
            self.spent[place] += actual.input_tokens + actual.output_tokens
            assert self.spent[place] <= (self.key.allowed(limit) or 0), "true usage never passes a limit"

    def settle(self, ended: Iterable[Settlement]) -> None:
        for each in ended:
            key_windows.settle(self.stack.access_table, self.key.sha256, self.key.id, each)


@examples(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(
        st.tuples(
            st.sampled_from([0, 1, 30, 3_600, 86_400 // 2, 86_400 * 3]),
            st.tuples(st.integers(0, 200), st.integers(0, 200)),
            st.tuples(st.integers(0, 200), st.integers(0, 200)),
            st.integers(0, 3),
        ),
        max_size=12,
    )
)
def test_no_window_ever_gives_more_than_its_limit_whatever_is_settled_when(stack, calls):
    """Calls of several processes over days, which end in any order, early or late."""
    limits = {"tokens_per_minute": 300, "tokens_per_day": 500, "tokens_per_month": 900}
    caller, now = Caller(stack, new_key(stack, **limits, requests_per_minute=10_000)), NOW
    for seconds, (read, written), (truly_read, truly_written), settles in calls:
        now += timedelta(seconds=seconds)
        actual = Use(min(read, truly_read), min(written, truly_written))
        caller.call(Use(read, written), actual, now, settles)
    caller.settle(caller.open)
    row = stack.access_table.get(key_rows.key_of(caller.key.sha256))
    left = {limit.left: row.get(limit.left) for limit in TOKENS if "window" in row}
    assert left == {
        limit.left: caller.key.allowed(limit) - caller.spent[key_limits.part(limit.span, row["window"])]
        for limit in TOKENS
        if "window" in row
    }, "all settled, nothing leaks"
    days = [each for each in usage_rows.between(stack.access_table, "", "~") if each.key_id == caller.key.id]
    days += usage_rows.from_row("now", caller.key.id, row)
    told = sum(each.used.input_tokens + each.used.output_tokens for each in days)
    assert told == sum(count for place, count in caller.spent.items() if len(place) == len("2026-11"))


def test_what_a_call_did_not_use_comes_back_when_it_ends(stack, bedrock):
    caller = make_caller(stack)
    answered(caller)
    row = key_row(stack, caller)
    assert row["left_tokens_day"] == 2_000_000 - USED
    assert row["left_tokens_minute"] == 100_000 - USED
    assert row["use:support-bot:calls"] == 1
    assert (row["use:support-bot:input_tokens"], row["use:support-bot:output_tokens"]) == (9, 12)
    assert row["use:support-bot:stop tool_use"] == 1


def test_a_busy_process_makes_one_call_to_dynamodb_for_each_request(stack, bedrock):
    caller, sent = make_caller(stack), []
    answered(caller)
    for client in {id(each): each for each in (clients.dynamodb(), clients.dynamodb_aside())}.values():
        client.meta.events.register("before-call.dynamodb", lambda model, **_: sent.append(model.name))
    for _ in range(5):
        answered(caller)
    assert sent == ["UpdateItem"] * 5
    assert key_row(stack, caller)["left_tokens_day"] > 2_000_000 - 5 * USED - 200, "all but the last are settled"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("error", "status", "is_free"),
    [("ThrottlingException", 429, True), ("ValidationException", 400, True), ("ModelErrorException", 424, False)],
)
def test_what_bedrock_refuses_is_free_and_what_may_have_run_keeps_what_it_held(
    stack, bedrock, stream, error, status, is_free
):
    caller = make_caller(stack)
    bedrock.error, bedrock.status = error, status
    caller.refusal({**ASK, "stream": stream})
    row = key_row(stack, caller)
    assert (row["left_tokens_day"] == 2_000_000) is is_free
    assert row["use:support-bot:stop error"] == 1
    assert row["use:support-bot:output_tokens"] == (0 if is_free else ASK["max_tokens"])


def test_an_answer_that_breaks_off_keeps_what_it_held(stack, bedrock):
    caller = make_caller(stack)
    bedrock.pieces = WHOLE[:4]
    assert b"event: error" in b"".join(caller.call({**ASK, "stream": True}).body)
    assert key_row(stack, caller)["use:support-bot:output_tokens"] == ASK["max_tokens"]


def test_a_crash_takes_what_it_held_until_the_window_is_over(stack):
    key = new_key(stack, tokens_per_minute=100, tokens_per_day=250)
    assert take(stack, key, Use(0, 100)).done
    assert not take(stack, key, Use(0, 100)).done
    assert take(stack, key, Use(0, 100), NOW + timedelta(minutes=1)).done
    assert not take(stack, key, Use(0, 100), NOW + timedelta(minutes=2)).done, "the day has 50 left"
    assert take(stack, key, Use(0, 100), NOW + timedelta(days=1)).done


def test_an_update_whose_answer_was_lost_counts_once(stack):
    key = new_key(stack, tokens_per_minute=100)
    call = Take(next(IDS), key.sha256, None, "support-bot", Use(0, 60), NOW)
    for _ in range(2):  # as botocore sends it again
        assert key_windows.take(stack.access_table, call).done
    assert stack.access_table.get(key_rows.key_of(key.sha256))["left_tokens_minute"] == 40


LONG = {
    "tokens_per_minute": ("key_token_limit", "minute", 400),
    "tokens_per_day": ("key_token_limit", "day", 400),
    "tokens_per_month": ("key_token_limit", "month", 400),
    "cost_per_minute": ("key_cost_limit", "minute", 0.4),
    "cost_per_day": ("key_cost_limit", "day", 0.4),
    "cost_per_month": ("key_cost_limit", "month", 0.4),
}


@pytest.mark.parametrize(("name", "expected"), LONG.items())
def test_a_refusal_names_the_limit_its_value_and_when_it_resets(stack, bedrock, environment, name, expected):
    code, span, value = expected
    price(stack, environment)
    caller = make_caller(stack, limits=replace(KeyLimits(), **{name: value}))
    bedrock.pieces = WHOLE[:4]  # keeps all it held: about 120 tokens, and 0.12
    for _ in range(3):
        b"".join(caller.call({**ASK, "stream": True}).body)
    status, headers, error = caller.refusal()
    details = error["details"]
    assert (status, error["type"], details["error_code"]) == (429, "rate_limit_error", code)
    assert (details["limit"], details["value"]) == (name, value)
    resets = datetime.fromisoformat(details["resets_at"])
    wait = (resets - clock_and_ids.now()).total_seconds()
    assert -1 < int(headers["retry-after"]) - wait < 2
    assert 0 < wait <= {"minute": 60, "day": 86_400, "month": 31 * 86_400}[span]
    assert headers["x-should-retry"] == ("true" if int(headers["retry-after"]) <= 60 else "false")
    assert f"`{name}`" in error["message"]
    assert str(value) in error["message"]


def price(stack, environment):
    environment.setenv("TUNEDROP_PRICES", PRICES)
    settings.settings.cache_clear()


PRICES = '{"claude-3-haiku.input_per_1000_tokens": 1, "claude-3-haiku.output_per_1000_tokens": 1}'


def test_a_call_that_never_fits_is_told_so_and_not_to_come_again(stack, bedrock):
    caller = make_caller(stack, limits=replace(KeyLimits(), tokens_per_minute=50))
    status, headers, error = caller.refusal()
    assert (status, error["details"]["error_code"]) == (400, "key_token_limit")
    assert headers["x-should-retry"] == "false"
    assert not bedrock.requests


def test_a_prompt_longer_than_the_key_may_send_is_refused_and_takes_no_tokens(stack, bedrock):
    caller = make_caller(stack, limits=replace(KeyLimits(), max_input_tokens=100))
    status, _, error = caller.refusal({**ASK, "system": "word " * 100})
    assert (status, error["details"]["error_code"]) == (400, "key_max_input_tokens")
    assert error["details"] | {"error_code": ""} == {"error_code": "", "limit": "max_input_tokens", "value": 100}
    assert not bedrock.requests
    assert key_row(stack, caller)["left_tokens_day"] == 2_000_000
    answered(caller)


def test_provisioned_throughput_costs_no_call_and_an_unknown_price_limits_nothing(stack, bedrock, environment):
    caller = make_caller(stack, limits=replace(KeyLimits(), cost_per_day=0.0001))
    answered(caller)
    assert key_row(stack, caller)["use:support-bot:unpriced"] == 1
    price(stack, environment)
    find_target.known.cache_clear()
    put_deployment(stack, ARN, name="by-the-hour")
    observability.metrics.clear_metrics()
    answered(caller, model="by-the-hour")
    row = key_row(stack, caller)
    assert "use:by-the-hour:unpriced" not in row
    assert "use:by-the-hour:cost" not in row
    assert caller.refusal()[2]["details"]["error_code"] == "key_cost_limit"


def test_cost_is_settled_by_what_was_used(stack, bedrock, environment):
    price(stack, environment)
    caller = make_caller(stack, limits=replace(KeyLimits(), cost_per_month=5.0))
    answered(caller)
    row = key_row(stack, caller)
    assert Decimal(str(row["use:support-bot:cost"])) == Decimal(USED) / 1000
    assert Decimal(str(row["left_cost_month"])) == 5 - Decimal(USED) / 1000


def test_a_table_that_refuses_to_settle_breaks_no_answer(stack, bedrock):
    caller = make_caller(stack)

    def refuse(params, **_):
        if b"stop tool_use" in params["body"]:
            raise RuntimeError

    clients.dynamodb_aside().meta.events.register("before-call.dynamodb.UpdateItem", refuse)
    answered(caller)
    assert key_row(stack, caller)["use:support-bot:output_tokens"] == ASK["max_tokens"], "it keeps what it held"


def test_a_deployment_is_read_once_in_five_seconds(stack, bedrock):
    now = [NOW]
    cloud = stack.at(now=lambda: now[0])
    read = []
    stack.dynamodb.meta.events.register("before-call.dynamodb.GetItem", lambda **_: read.append(1))
    for seconds, reads in ((0, 1), (1, 1), (4, 1), (5, 2), (9, 2), (-1, 3)):
        now[0] = NOW + timedelta(seconds=seconds)
        assert find_target.load("support-bot", cloud).arn == ARN
        assert len(read) == reads
    for _ in range(2):
        assert find_target.load("nobody", cloud) is None
    assert len(read) == 5, "what is not there is looked for each time"


def test_a_deployment_that_bedrock_no_longer_has_is_read_anew_at_the_next_call(stack, bedrock):
    caller = make_caller(stack)
    for error, code, status in (("ThrottlingException", "throttled", 429), (GONE, "deployment_gone", 404)):
        answered(caller)
        assert find_target.known().keys() == {"support-bot"}
        bedrock.error, bedrock.status = error, status
        assert caller.refusal()[2]["details"]["error_code"] == code
        assert bool(find_target.known()) is (error != GONE)
        bedrock.error, bedrock.status = "", 200


def test_what_is_owed_over_midnight_is_counted_on_its_own_day(stack, bedrock):
    caller, (asked, deployment) = make_caller(stack), (messages_request.parse(json.dumps(ASK).encode()), "support-bot")
    evening = datetime(2026, 11, 22, 23, 59, 50, tzinfo=UTC)
    tally = Tally(lambda: 0.0, input_tokens=9, output_tokens=12, stop_reason="end_turn", outcome="complete")
    for seconds, settled in ((0, True), (1, True), (2, False), (20, True)):
        cloud = stack.at(now=lambda moment=evening + seconds * timedelta(seconds=1): moment)
        found = admit_call.target(caller.secret, deployment, cloud)
        hold = admit_call.admit(caller.secret, CallWanted(deployment, asked, found), cloud)
        if settled:
            settle_call.answered(hold, tally, cloud)
        else:
            settle_call.owe(hold.key.sha256, [Settlement(hold.reservation, Use(9, 12), "max_tokens", 7)])
    (told,) = usage_rows.between(stack.access_table, "2026-11-22", "2026-11-22")
    assert (told.used.calls, told.used.output_tokens) == (3, 3 * 12)
    assert told.used.stop_reasons == {"end_turn": 2, "max_tokens": 1}
    row = key_row(stack, caller)
    assert (row["use:support-bot:calls"], row["window"]) == (1, "2026-11-23T00:00Z")
    assert row["left_tokens_day"] == 2_000_000 - USED
