"""What ControlApi looks at before a route: size and type of a body, and query parameters that nothing knows."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import control_api
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from tunedrop.edges import clients
from tunedrop.routes import request_checks
from tunedrop.routes.application import app

from tests import builders
from tests.integration.caller import call, refused

OPENAPI = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text("utf-8"))
JOB = {"dataset": "support-bot", "base_model": "claude-3-haiku"}
CONTEXT: Any = builders.LambdaContext()
SECOND = 1.0
"""Of processor time, for any hostile request of a megabyte."""


def send(body: str, *, method: str = "POST", path: str = "/jobs", **headers: str) -> tuple[int, Any]:
    """A request whose body is sent as it is."""
    event = builders.api_request(method, path, headers={"Idempotency-Key": "k", **headers})
    event["body"] = body
    return builders.api_answer(control_api.handler(event, CONTEXT))


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_that_is_declared_as_something_else_than_json_is_refused(stack, kind):
    assert refused(send(json.dumps(JOB), **{"Content-Type": kind})) == (415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_json_is_taken_however_its_type_is_written(stack, kind):
    assert refused(send(json.dumps(JOB), **{"Content-Type": kind}))[0] == 404


@pytest.mark.parametrize(
    "body",
    ['{"dataset": "\\ud800"}', '{"\\udc00": 1}', '{"dataset": "a", "dataset": "b"}', '{"n": NaN}', "[" * 100_000],
)
def test_a_body_that_is_not_strictly_json_is_refused(stack, body):
    assert refused(send(body)) == (400, "malformed_json")


HOSTILE = {
    "many different keys": "{" + ",".join(f'"k{n}": 0' for n in range(19_999)) + "}",
    "one key many times": "{" + ",".join(['"k": 0'] * 19_999) + "}",
    "more keys than any request has": "{" + ",".join(f'"{n}":0' for n in range(90_000)) + "}",
    "a million brackets": "[" * 1_000_000,
    "one long number": '{"version": ' + "9" * 1_000_000 + "}",
    "one long text": json.dumps({"dataset": "x" * 1_000_000}),
    "one long key": json.dumps({"x" * 1_000_000: 1}),
    "many escapes": '{"dataset": "' + "\\u0041" * 160_000 + '"}',
    "a million spaces": " " * 1_000_000 + "{}",
    "too much of all": "x" * 2_000_000,
    "too many bytes in few characters": json.dumps({"dataset": "语" * 600_000}, ensure_ascii=False),
    "nested lists": '{"hyperparameters": ' + '{"a": [' * 15_000,
    "wrong elements": '{"splits": {"train": [' + ",".join(["1"] * 500_000) + "]}}",
    "wrong elements, as many as are read": '{"splits": {"train": [' + ",".join(["1"] * 11_000) + "]}}",
    "unknown keys": json.dumps({f"{number}": 0 for number in range(11_000)}),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("path", ["/jobs", "/keys", "/datasets/x/versions", "/datasets/x/uploads"])
def test_a_hostile_body_costs_less_than_a_second(stack, path, body):
    send("{}", path=path)
    began = time.thread_time()
    status, answer = send(body, path=path)
    assert time.thread_time() - began < SECOND
    assert 400 <= status < 500
    assert len(json.dumps(answer)) < 100_000  # Lambda hands over 6 MB at most


@pytest.mark.parametrize(
    ("path", "query", "headers"),
    [
        ("/jobs", {f"q{number}": "1" for number in range(20_000)}, {}),
        ("/jobs", {"cursor": "A" * 500_000}, {}),
        ("/jobs/" + "a" * 500_000, {}, {}),
        ("/datasets/" + "a-" * 250_000, {}, {}),
        ("/jobs", {}, {f"x-{number}": "1" for number in range(20_000)}),
        ("/jobs", {}, {"x": "a" * 500_000}),
    ],
    ids=["many parameters", "a long cursor", "a long id", "a long name", "many headers", "a long header"],
)
def test_hostile_queries_paths_and_headers_cost_less_than_a_second(stack, path, query, headers):
    call("GET", "/jobs")
    event = builders.api_request("GET", path, query=query, headers=headers)
    began = time.thread_time()
    status, _ = builders.api_answer(control_api.handler(event, CONTEXT))
    assert time.thread_time() - began < SECOND
    assert status < 500


def operations() -> list[tuple[str, str, list[str]]]:
    """Method, path and the names of query parameters of each operation of the document."""
    return [
        (method.upper(), path, [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"])
        for path, methods in OPENAPI["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.parametrize(("method", "path", "known"), operations(), ids=str)
def test_a_query_parameter_that_the_document_does_not_name_is_refused(stack, method, path, known):
    """Above all `dry_run` and `plan`: a caller who asks for no effect must not get one."""
    bodies = {
        "/jobs": JOB,
        "/keys": {"name": "me", "deployments": "*"},
        "/datasets/{name}/uploads": {"file": "dataset.toml", "bytes": 1},
        "/deployments/{name}/approve": {"term": "one_month", "reason": "asked for", "plan_id": "p"},
        "/evaluations/{evaluation_id}/approve": {"reason": "it is right"},
        "/evaluations": {"dataset": "support-bot", "candidate": "support-bot-prod"},
    }
    body = bodies.get(path, {"splits": {"train": [{"key": "incoming/x/train.jsonl"}]}}) if method == "POST" else None
    body = {"job_id": "j"} if method == "PUT" else body
    place = path.replace("{name}", "support-bot").replace("{number}", "1")
    place = place.replace("{job_id}", "j").replace("{key_id}", "k").replace("{upload_id}", "u")
    for name in {"dry_run", "plan", "Limit"} - set(known):
        status, answer = call(method, place, None if place.endswith("/stop") else body, key="k", query={name: "true"})
        assert (status, answer["error"]["code"]) == (422, "unknown_parameter"), (name, answer)
        assert answer["error"]["details"] == {"field": name, "known": known}
    assert stack.messages(stack.spend_queue_url) == []
    assert stack.dynamodb.scan(TableName="StateTable")["Count"] == 0


def test_each_route_is_in_the_document(stack):
    routes = {(route.method, route.openapi_path) for route in request_checks.routes_of(app)}
    assert routes == {(method, path) for method, path, _ in operations()}


def answered(code: str, status: int) -> ClientError:
    """What botocore raises for such an answer of DynamoDB."""
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Query")


FAULTS = [
    answered("ThrottlingException", 400),
    answered("InternalServerError", 500),
    EndpointConnectionError(endpoint_url="https://dynamodb"),
    ReadTimeoutError(endpoint_url="https://dynamodb"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_table_that_is_busy_is_told_as_503_with_a_time_to_come_again(stack, fault):
    def fail(**_: Any) -> None:
        raise fault

    clients.dynamodb().meta.events.register("before-call.dynamodb", fail)
    event = builders.api_request("GET", "/jobs")
    answer = control_api.handler(event, CONTEXT)
    status, body = builders.api_answer(answer)
    assert (status, body["error"]["code"]) == (503, "aws_unavailable")
    assert {**answer.get("headers", {}), **answer.get("multiValueHeaders", {})}["Retry-After"] in ("2", ["2"])
