"""API keys over ControlApi: made once, listed without their secret, revoked."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

import control_api
import pytest

from tests import builders
from tests.integration.messages_world import put_deployment

A_KEY = {"name": "a", "deployments": "*"}


def call(method, path, body=None, headers=None, query=None, raw=None):
    event = builders.api_request(method, path, body=body, headers=headers, query=query, raw=raw)
    return builders.api_answer(control_api.handler(event, builders.LambdaContext()))


def refused(answer):
    return answer[0], answer[1]["error"]["code"]


@pytest.fixture(autouse=True)
def deployments(stack):
    for name in ("support-bot-prod", "a", "b"):
        put_deployment(stack, None, name=name)


def test_a_key_for_a_deployment_that_is_not_there_is_refused_and_made_by_nobody(stack):
    status, answer = call("POST", "/keys", {**A_KEY, "deployments": ["a", "support-bot-pord"]})

    assert (status, answer["error"]["code"]) == (422, "unknown_deployment")
    assert "'support-bot-pord'" in answer["error"]["message"]
    assert answer["error"]["details"]["field"] == "deployments"
    assert call("GET", "/keys")[1]["keys"] == []


def test_a_key_has_every_limit_that_it_was_given(stack):
    given = {
        "tokens_per_minute": 1_000,
        "tokens_per_day": 2_000,
        "tokens_per_month": 3_000,
        "cost_per_minute": 0.001,
        "cost_per_day": 0.5,
        "cost_per_month": 12.25,
        "max_input_tokens": 500,
    }
    made, plain = call("POST", "/keys", {**A_KEY, **given})[1], call("POST", "/keys", A_KEY)[1]
    listed = call("GET", "/keys")[1]["keys"]
    assert {name: made[name] for name in given} == {name: listed[1][name] for name in given} == given
    assert (plain["tokens_per_minute"], plain["tokens_per_day"]) == (100_000, 2_000_000)
    assert {plain[name] for name in given if not name.startswith("tokens")} == {plain["tokens_per_month"]} == {None}


def test_a_key_is_made_with_its_secret_and_listed_without_it(stack):
    status, made = call("POST", "/keys", {"name": "checkout service", "deployments": ["support-bot-prod"]})
    listed = call("GET", "/keys")[1]

    assert status == 201
    assert made["secret"].startswith("td_")
    assert made["deployments"] == ["support-bot-prod"]
    assert made["created_by"] == builders.CALLER
    assert [key["id"] for key in listed["keys"]] == [made["id"]]
    assert made["secret"] not in str(listed)


def test_a_key_says_its_scope_its_end_and_its_limits(stack):
    made = call("POST", "/keys", {**A_KEY, "requests_per_minute": 5, "max_tokens": 300})[1]
    plain = call("POST", "/keys", {**A_KEY, "deployments": ["b", "a"]})[1]
    listed = call("GET", "/keys")[1]["keys"]

    assert [key["deployments"] for key in listed] == [["a", "b"], "*"]
    assert [key["max_tokens"] for key in listed] == [4096, 300]
    assert [key["requests_per_minute"] for key in listed] == [60, 5]
    assert [key["last_used_at"] for key in listed] == [None, None]
    for key in (made, plain):
        life = datetime.fromisoformat(key["expires_at"]) - datetime.fromisoformat(key["created_at"])
        assert life == timedelta(days=90)


def test_a_key_without_a_scope_is_refused(stack):
    status, answer = call("POST", "/keys", {"name": "a"})

    assert (status, answer["error"]["code"]) == (422, "deployments_required")
    assert answer["error"]["details"]["field"] == "deployments"
    assert call("GET", "/keys")[1]["keys"] == []


def test_an_answer_that_0_1_0_stored_is_given_again(stack):
    headers = {"Idempotency-Key": "make-the-key"}
    call("POST", "/keys", A_KEY, headers)
    row = next(item for item in stack.dynamodb.scan(TableName="AccessTable")["Items"] if "effect_id" in item)
    answer = row["answer"]["M"]
    del answer["requests_per_minute"], answer["max_tokens"]
    answer["deployments"] = {"NULL": True}
    stack.dynamodb.put_item(TableName="AccessTable", Item=row)
    status, again = call("POST", "/keys", A_KEY, headers)

    assert (status, again["deployments"], again["requests_per_minute"], again["max_tokens"]) == (201, "*", 60, 4096)


def test_a_repeated_request_gets_the_first_answer_without_the_secret_and_makes_no_second_key(stack):
    headers = {"Idempotency-Key": "make-the-key"}
    first = call("POST", "/keys", A_KEY, headers)[1]
    status, second = call("POST", "/keys", A_KEY, headers)

    assert status == 201
    assert second == first | {"secret": None}
    assert len(call("GET", "/keys")[1]["keys"]) == 1


def test_an_idempotency_key_with_another_body_is_refused(stack):
    headers = {"Idempotency-Key": "make-the-key"}
    call("POST", "/keys", A_KEY, headers)
    status, answer = call("POST", "/keys", {**A_KEY, "name": "b"}, headers)

    assert (status, answer["error"]["code"]) == (422, "idempotency_key_reused")
    assert len(call("GET", "/keys")[1]["keys"]) == 1


def test_a_refused_request_leaves_its_idempotency_key_free(stack):
    headers = {"Idempotency-Key": "make-the-key"}
    refused = call("POST", "/keys", {**A_KEY, "name": " "}, headers)
    accepted = call("POST", "/keys", A_KEY, headers)

    assert (refused[0], refused[1]["error"]["code"]) == (422, "invalid_name")
    assert accepted[0] == 201


def test_an_unusable_idempotency_key_is_a_bad_request(stack):
    for key in ("with space", "x" * 256, "ключ"):
        status, answer = call("POST", "/keys", A_KEY, {"Idempotency-Key": key})
        assert (status, answer["error"]["code"]) == (400, "invalid_idempotency_key")


def test_unknown_fields_are_named(stack):
    status, answer = call("POST", "/keys", {**A_KEY, "deployment": "x"})

    assert (status, answer["error"]["code"]) == (422, "invalid_request")
    assert answer["error"]["details"]["problems"][0]["field"] == "deployment"
    assert answer["error"]["request_id"]


def test_bodies_that_are_not_json_are_bad_requests(stack):
    malformed = (400, "malformed_json")
    for raw, expected in (
        ("{", malformed),
        ('{"name": NaN}', malformed),
        ('{"name": "a", "name": "b"}', malformed),
        ("[" * 100_000, malformed),
        ("", (422, "invalid_request")),
        ("[]", (422, "invalid_request")),
    ):
        assert refused(call("POST", "/keys", raw=raw)) == expected, raw[:20]


def test_a_key_is_revoked_once_and_for_all(stack):
    made = call("POST", "/keys", A_KEY)[1]
    status, revoked = call("DELETE", f"/keys/{made['id']}")
    again = call("DELETE", f"/keys/{made['id']}")[1]

    assert status == 200
    assert revoked["revoked_at"] is not None
    assert again["revoked_at"] == revoked["revoked_at"]


def test_an_unknown_key_is_not_found(stack):
    status, answer = call("DELETE", "/keys/nobody")
    assert (status, answer["error"]["code"]) == (404, "unknown_key")


def test_a_forged_cursor_is_refused(stack):
    elsewhere = base64.urlsafe_b64encode(b'{"pk": {"S": "KEY#0"}, "sk": {"S": "KEY"}}').decode()
    for cursor in ("x", "e30=", "bnVsbA==", elsewhere):
        assert refused(call("GET", "/keys", query={"cursor": cursor})) == (422, "invalid_cursor")


def test_pages_follow_each_other_to_the_end(stack):
    made = [call("POST", "/keys", {**A_KEY, "name": f"key {number}"})[1]["id"] for number in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = call("GET", "/keys", query={"limit": "2", **({"cursor": cursor} if cursor else {})})[1]
        seen += [key["id"] for key in page["keys"]]
        cursor = page["cursor"]
    assert seen == made[::-1]


def test_a_fault_of_aws_is_an_error_in_the_one_shape_and_told_without_words(stack):
    stack.dynamodb.delete_table(TableName="AccessTable")
    status, answer = call("POST", "/keys", A_KEY)
    assert (status, answer["error"]["code"]) == (500, "internal_error")
    assert "AccessTable" not in str(answer)


def test_limits_out_of_range_are_refused(stack):
    for limit in ("0", "101", "many"):
        status, answer = call("GET", "/keys", query={"limit": limit})
        assert (status, answer["error"]["code"]) == (422, "invalid_request")


def test_an_unknown_route_says_so(stack):
    status, answer = call("GET", "/nonsense")
    assert (status, answer["error"]["code"]) == (404, "unknown_route")


def test_a_role_repeats_its_request_under_another_session_name(stack):
    headers = {"Idempotency-Key": "make-the-key"}
    first = call("POST", "/keys", A_KEY, headers)[1]
    event = builders.api_request("POST", "/keys", body=A_KEY, headers=headers)
    event["requestContext"]["identity"]["userArn"] = f"{builders.CALLER}-restarted"
    second = builders.api_answer(control_api.handler(event, builders.LambdaContext()))[1]

    assert second == first | {"secret": None}
    assert len(call("GET", "/keys")[1]["keys"]) == 1


def test_a_request_that_died_after_its_effect_is_taken_up_and_makes_no_second_key(stack):
    headers = {"Idempotency-Key": "make-the-key"}
    first = call("POST", "/keys", A_KEY, headers)[1]
    row = next(item for item in stack.dynamodb.scan(TableName="AccessTable")["Items"] if "effect_id" in item)
    row["state"] = {"S": "running"}
    row["held_until"] = {"S": "2026-01-01T00:00:00+00:00"}
    stack.dynamodb.put_item(TableName="AccessTable", Item=row)
    status, second = call("POST", "/keys", A_KEY, headers)

    assert (status, second) == (201, first | {"secret": None})
    assert len(call("GET", "/keys")[1]["keys"]) == 1
