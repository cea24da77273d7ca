"""Hostile requests that nobody generates: each is refused with its own code, and nothing begins."""

from __future__ import annotations

import base64
import json
from typing import Any

import control_api
import pytest
from botocore.exceptions import ClientError
from tunedrop.edges import clients

from tests import builders
from tests.hostile.world import WAITING
from tests.integration.caller import call, refused

CONTEXT: Any = builders.LambdaContext()
JOB = {"dataset": "support", "base_model": "claude-3-haiku"}
PART = "incoming/support-bot/train/a.jsonl"
LONG = "a" * 3_000
HUGE = 10**400
Values = dict[str, list[Any]]
"""What is wrong with a request, by the code that it gets."""

HYPERPARAMETERS: Values = {
    "hyperparameter_type": [
        {"epochCount": value}
        for value in (True, 1.5, "NaN", "Infinity", "1e999999999", "007", "１", " 1", "1_0", None, [1], {"a": 1})
    ]
    + [{"epochCount": "9" * 100_000}],
    "hyperparameter_out_of_range": [
        *({"epochCount": value} for value in (-1, 0, 11, 2**53 + 1, HUGE)),
        *({"learningRateMultiplier": value} for value in (0.09, 2.01)),
        *({"batchSize": value} for value in (3, 257)),
    ],
    "unknown_hyperparameter": [{"epochs": 1}, {"": 1}, {"ｅpochCount": 1}],
}
DEPLOYMENTS: Values = {
    "out_of_range": [{"model_units": 0}, {"model_units": -1}, *({"hours": value} for value in (0, -1, 10**9, HUGE))],
    "invalid_request": [
        *({"model_units": value} for value in (1.5, "1", True)),
        *({name: "OneMonth"} for name in ("commitment", "commitment_duration", "commitmentDuration")),
        {"serving": "forever"},
    ],
    "invalid_deployment_name": [{"name": value} for value in ("", "a" * 64, "a-", "../x", "A", "supрort", "🎉")],
    "deployment_name_reserved": [{"name": "claude-3-haiku"}],
    "model_units_cap": [{"model_units": 999}, {"model_units": HUGE}],
    "deployment_exists": [{"name": "support-prod"}],
}
JOBS: Values = {
    "reserved_tag": [{"tags": {"aws:x": "y"}}],
    "unknown_dataset": [
        {"dataset": value}
        for value in ("a" * 64, "a-", "..", "naïve", "🎉", "ѕupport", "../support", "", "SUPPORT", LONG)
    ],
    "unknown_version": [{"version": value} for value in (0, -1, 99, 2**63, HUGE)],
    "unknown_base_model": [
        {"base_model": value}
        for value in (
            "arn:aws:bedrock:us-west-2:999999999999:custom-model/x/y",
            "anthropic.claude-3-haiku-20240307-v1:0",
            "us.amazon.nova-lite-v1:0",
            "..%2Fclaude",
            "",
        )
    ],
    "invalid_request": [
        *({"version": value} for value in (True, "1", 1.5)),
        {"roleArn": "arn:aws:iam::999999999999:role/Admin"},
        {"customModelKmsKeyId": "alias/theirs"},
        {"commitment": "SixMonths"},
        {"clientRequestToken": "mine"},
        {"dataset": None},
        {"dataset": ["support"]},
    ],
    "plan_changed": [{"plan_id": ""}, {"plan_id": LONG}],
}
APPROVAL = {"term": "one_month", "reason": "x", "plan_id": "0" * 32}
APPROVALS: Values = {
    "invalid_request": [
        *({"term": value} for value in ("OneMonth", "hourly", "", None, 1, ["one_month"])),
        *({"reason": value} for value in ("", " \n", "x" * 501, None, 1)),
        *({"plan_id": value} for value in (None, 1)),
        {"commitment": "one_month"},
        {"approved_by": "arn:aws:iam::123456789012:root"},
    ],
    "other_term": [{"term": "six_months"}],
    "plan_changed": [{"plan_id": value} for value in ("", "0" * 32, LONG)],
}
PARTS: Values = {
    "invalid_part": [
        [f"s3://other/{PART}"],
        ["incoming/support/train.jsonl"],
        ["incoming/support-bot/../support/train.jsonl"],
        ["http://169.254.169.254/latest/meta-data"],
        ["file:///etc/passwd"],
        [""],
        [f"{PART}?versionId=null"],
        ["prepared/support/1/claude-3-haiku/train.jsonl"],
        [f"/{PART}"],
        [PART.replace("/", "%2F")],
        [f"incoming/support-bot/train/{LONG}"],
        ["incoming/support-bot/train/\0"],
    ],
    "unknown_object": [[{"key": PART, "version_id": LONG}], [{"key": PART, "version_id": "null"}]],
    "invalid_request": [[{"key": PART, "bucket": "other"}], [{"key": PART, "version_id": ""}], [1], "train", None],
    "repeated_part": [[PART, PART]],
    "too_many_parts": [[f"incoming/support-bot/train/{number}.jsonl" for number in range(1_001)]],
    "nothing_to_join": [[]],
}
UPLOADS: Values = {
    "bytes_required": [{"file": "dataset.toml"}],
    "invalid_request": [
        *({"file": "dataset.toml", "bytes": value} for value in (-1, True, "1", 1.5)),
        {"file": "dataset.toml", "bytes": 1, "acl": "public-read"},
    ],
    "file_too_large": [{"file": "dataset.toml", "bytes": value} for value in (2**63, HUGE)],
    "invalid_upload": [
        {},
        {"split": "train", "extension": "../x", "bytes": 1},
        {"split": "../x", "extension": "jsonl", "bytes": 1},
        *({"split": "train", "part": value, "bytes": 1} for value in ("../x", "a/b", LONG, "a\r\nX: y", "\0")),
        {"file": "../dataset.toml", "bytes": 1},
        {"file": "dataset.toml", "split": "train", "bytes": 1},
        *({"file": "dataset.toml", "bytes": 1, "sha256": value} for value in ("x", "é" * 64, "0" * 63)),
    ],
}
KEYS: Values = {
    "invalid_name": [
        {"name": value} for value in ("", "x" * 65, "a\nb", "\0", "a\x85b", "a\u2028b", "\u202ea", "\u200b")
    ],
    "invalid_scope": [{"deployments": value} for value in ([], ["../x"], [f"d{number}" for number in range(101)])],
    "invalid_expiry": [
        {"expires_at": value}
        for value in (
            "2000-01-01T00:00:00Z",
            "2100-01-01T00:00:00",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59-14:00",
            "0001-01-01T00:00:00+14:00",
        )
    ],
    "invalid_limit": [
        *({name: value} for name in ("max_tokens", "requests_per_minute") for value in (0, -1, 2**70, HUGE)),
    ],
    "invalid_request": [
        *({"max_tokens": value} for value in (True, "1", 1.5)),
        *({"expires_at": value} for value in ("never", "4102444800", "2100-01-01", 4_102_444_800, 0.5, 10**20)),
        {"secret": "td_mine"},
        {"created_by": "root"},
    ],
}


def cases() -> list[Any]:
    """Method, path, body and code of each."""
    shapes: list[tuple[Values, str, Any]] = [
        (JOBS, "/jobs", lambda value: JOB | value),
        (HYPERPARAMETERS, "/jobs", lambda value: JOB | {"hyperparameters": value}),
        (DEPLOYMENTS, "/jobs", lambda value: JOB | {"deployment": {"name": "support-next"} | value}),
        (APPROVALS, f"/deployments/{WAITING}/approve", lambda value: APPROVAL | value),
        (PARTS, "/datasets/support-bot/versions", lambda value: {"splits": {"train": value}}),
        (UPLOADS, "/datasets/support/uploads", lambda value: value),
        (KEYS, "/keys", lambda value: {"name": "me", "deployments": ["support-prod"]} | value),
    ]
    return [
        pytest.param(path, body(value), code, id=f"{path} {code} {str(value)[:40]}")
        for given, path, body in shapes
        for code, values in given.items()
        for value in values
    ]


def send(**changed: Any) -> tuple[int, Any]:
    """A start of a job in which this is not as it should be."""
    headers = {"Idempotency-Key": "k", **changed.pop("headers", {})}
    event = builders.api_request("POST", "/jobs", body=JOB, headers=headers)
    return builders.api_answer(control_api.handler(event | changed, CONTEXT))


def begun(stack: Any) -> list[Any]:
    """Every job and purchase, and every message that would cost or start something."""
    rows = stack.dynamodb.scan(TableName="StateTable")["Items"]
    ids = sorted((row["pk"]["S"], row["sk"]["S"]) for row in rows)
    return [*ids, *stack.messages(stack.spend_queue_url), *stack.messages(stack.upload_queue_url)]


@pytest.mark.parametrize(("path", "body", "code"), cases())
def test_a_hostile_value_is_refused_with_its_code_and_nothing_begins(hostile_stack, path, body, code):
    before = begun(hostile_stack.stack)
    status, told = refused(call("POST", path, body, key="k"))
    assert (told, status // 100) == (code, 4)
    assert begun(hostile_stack.stack) == before


KEY_HEADERS = ["", " ", "k" * 256, "k" * 10_000, "ключ", "a b", "a\nb", "a\r\nX-Role: admin", "\0", "\x7f"]


@pytest.mark.parametrize("key", KEY_HEADERS, ids=lambda key: ascii(key[:9]))
def test_an_idempotency_key_that_is_none_is_refused(hostile_stack, key):
    assert refused(send(headers={"Idempotency-Key": key})) == (400, "invalid_idempotency_key")


BODIES = {
    "nothing": (None, 422, "invalid_request"),
    "null": ("null", 422, "invalid_request"),
    "a list": ("[]", 422, "invalid_request"),
    "a text": ('"support"', 422, "invalid_request"),
    "keys said twice": ('{"dataset": "support", "dataset": "support-bot"}', 400, "malformed_json"),
    "NaN": ('{"dataset": NaN}', 400, "malformed_json"),
    "a comment": ('{} // "dataset"', 400, "malformed_json"),
    "half a pair": ('{"dataset": "\\ud800"}', 400, "malformed_json"),
    "gzip": ("\x1f\ufffd\x08\0", 400, "malformed_json"),
    "depth": ("[" * 100_000, 400, "malformed_json"),
    "a million keys": (json.dumps({f"{number}": 0 for number in range(100_000)}), 413, "body_too_large"),
    "ten megabytes": (" " * 10_000_001, 413, "body_too_large"),
}


@pytest.mark.parametrize(("body", "status", "code"), BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_request_is_refused(hostile_stack, body, status, code):
    assert refused(send(body=body)) == (status, code)


HEADERS = [
    {"Content-Type": "application/json; charset=utf-16"},
    {"Content-Type": "application/json-patch+json"},
    {"Content-Type": "application/xml"},
    {"Content-Encoding": "gzip"},
    {"Content-Encoding": "br"},
]


@pytest.mark.parametrize("headers", HEADERS, ids=str)
def test_a_body_in_another_form_than_json_in_utf_8_is_refused(hostile_stack, headers):
    assert refused(send(headers=headers)) == (415, "unsupported_media_type")


ROUTES = [
    *(
        ("GET", path, 404, "unknown_route")
        for path in ("/", "/openapi.json", "/jobs/x/metrics/y", "/datasets//versions")
    ),
    *((method, "/jobs", 405, "method_not_allowed") for method in ("HEAD", "OPTIONS", "TRACE", "PATCH", "DELETE", "X")),
    ("GET", "/jobs/x/stop", 405, "method_not_allowed"),
    ("GET", "/datasets/a%2Fb", 404, "unknown_dataset"),
    ("GET", "/datasets/..", 404, "unknown_dataset"),
    ("GET", "/jobs/..%2f..%2fkeys", 404, "unknown_job"),
    *(
        ("DELETE", f"/datasets/support-bot/versions/{n}", 422, "invalid_request")
        for n in ("1_0", "1.0", "01", "１", "+1")
    ),
    *(("DELETE", f"/datasets/support-bot/versions/{n}", 404, "unknown_version") for n in ("0", "-1", "9" * 18)),
    *(("GET", f"/datasets/support/versions/{n}", 422, "invalid_request") for n in ("true", "9" * 5_000)),
    *(("GET", f"/{noun}/{LONG}", 404, f"unknown_{noun[:-1]}") for noun in ("datasets", "jobs", "deployments")),
    *(("DELETE", f"/{noun}/{LONG}", 404, f"unknown_{noun[:-1]}") for noun in ("datasets", "keys", "deployments")),
    *(("GET", f"/datasets/{LONG}/{noun}", 404, "unknown_dataset") for noun in ("versions", "tombstones")),
    ("GET", f"/datasets/support/uploads/{LONG}", 404, "unknown_upload"),
    ("POST", f"/jobs/{LONG}/stop", 404, "unknown_job"),
]


@pytest.mark.parametrize(("method", "path", "status", "code"), ROUTES, ids=lambda value: str(value)[:40])
def test_a_hostile_path_or_method_is_refused_with_its_code(hostile_stack, method, path, status, code):
    assert refused(call(method, path)) == (status, code)


def test_a_method_that_a_path_does_not_take_is_told_which_it_takes(hostile_stack):
    answer = control_api.handler(builders.api_request("PUT", "/datasets/support", query={"plan": "true"}), CONTEXT)
    assert answer["statusCode"] == 405
    assert {**answer.get("headers", {}), **answer.get("multiValueHeaders", {})}["Allow"] == ["DELETE, GET"]


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_no_header_makes_another_request_of_it(hostile_stack, header):
    event = builders.api_request("GET", "/datasets/support", headers={header: "DELETE"})
    status, body = builders.api_answer(control_api.handler(event, CONTEXT))
    assert (status, body["name"]) == (200, "support")


def cursor(start: Any) -> str:
    """A cursor that begins there."""
    return base64.urlsafe_b64encode(start if isinstance(start, bytes) else json.dumps(start).encode()).decode()


OF_JOBS = {"kind": {"S": "JOB"}, "listed_at": {"S": "2026"}, "pk": {"S": "JOB#1"}, "sk": {"S": "JOB"}}
CURSORS = {
    "no base64": "!",
    "no ASCII": "é",
    "no JSON": cursor(b"{"),
    "no UTF-8": cursor(b"\xff"),
    "too deep": cursor(b"[" * 5_000),
    "a list": cursor([]),
    "of another listing": cursor(OF_JOBS | {"kind": {"S": "DATASET"}}),
    "a number": cursor(OF_JOBS | {"pk": {"N": "1"}}),
    "a text": cursor(OF_JOBS | {"pk": "JOB#1"}),
    "two types": cursor(OF_JOBS | {"pk": {"S": "JOB#1", "N": "1"}}),
}


@pytest.mark.parametrize("moment", ["0.5", "1795338904", "2026-11-30", "2026-11-30T12:00:00", "now", ""])
def test_a_time_in_a_query_is_written_in_full(hostile_stack, moment):
    assert refused(call("GET", "/jobs", query={"created_before": moment})) == (422, "invalid_request")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("name", ["created_after", "created_before"])
def test_a_time_that_there_is_not_in_utc_is_the_first_or_the_last(hostile_stack, name, moment):
    assert call("GET", "/jobs", query={name: moment})[0] == 200


@pytest.mark.parametrize("end", ["/", "//", "\n", "/\n"], ids=ascii)
def test_a_path_that_iam_holds_for_another_one_reaches_no_route(hostile_stack, end):
    assert refused(call("DELETE", f"/datasets/support-bot{end}"))[0] == 404
    assert call("GET", "/datasets/support-bot")[0] == 200


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/datasets/support-bot"), ("POST", "/jobs/x/stop"), ("GET", "/jobs")]
)
def test_a_body_that_no_route_reads_is_refused_because_it_may_ask_for_a_plan(hostile_stack, method, path):
    assert refused(call(method, path, {"plan": True})) == (422, "unknown_body")


@pytest.mark.parametrize("forged", CURSORS.values(), ids=CURSORS)
@pytest.mark.parametrize("path", ["/jobs", "/datasets", "/deployments", "/keys", "/datasets/support/versions"])
def test_a_forged_cursor_is_refused(hostile_stack, path, forged):
    assert refused(call("GET", path, query={"cursor": forged})) == (422, "invalid_cursor")


def test_a_cursor_that_only_dynamodb_sees_through_is_refused(hostile_stack):
    """Such as one outside of what a listing asks for: its shape is right."""

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ValidationException", "Message": "outside query boundaries"}}, "Query")

    _, page = call("GET", "/datasets", query={"limit": "1"})
    client = clients.dynamodb()
    client.meta.events.register("before-call.dynamodb.Query", refuse)
    try:
        assert refused(call("GET", "/datasets", query={"cursor": page["cursor"]})) == (422, "invalid_cursor")
        assert refused(call("GET", "/datasets")) == (500, "internal_error")
    finally:
        client.meta.events.unregister("before-call.dynamodb.Query", refuse)


@pytest.mark.parametrize(("number", "status"), [("1.0", 404), ("1e1", 404), ("1.5", 422), ("1e400", 422)])
def test_a_whole_number_is_one_however_json_writes_it(hostile_stack, number, status):
    body = '{"dataset": "nobodys", "base_model": "claude-3-haiku", "version": ' + number + "}"
    assert send(body=body)[0] == status
