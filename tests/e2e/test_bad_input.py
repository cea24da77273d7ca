"""What is refused at the doors of a deployed stack, and changes nothing there."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from tunedrop.edges import clock_and_ids
from tunedrop_cli.errors import Refused

from tests.waiting import PATIENCE

MESSAGE = {"model": "nobody", "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]}


def test_an_unsigned_request_never_reaches_control_api(west):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(west.stack.url("ControlApiUrl") + "/jobs", timeout=PATIENCE)
    with refused.value as answer:
        assert answer.code == 403


def test_a_reader_may_read_and_not_start_jobs(west):
    reader = west.stack.person("reader", ["ReaderPolicyArn"])
    api = type(west.api)(west.api.url, west.api.region, Credentials(reader.access_key_id, reader.secret_access_key))

    assert "jobs" in api.get("/jobs")
    with pytest.raises(Refused) as refused:
        api.post("/jobs", {"dataset": "a", "base_model": "claude-3-haiku"}, idempotency_key="reader")
    assert refused.value.status == 403


def test_an_uploader_may_write_only_under_incoming_and_only_to_the_dataset_of_the_tag(west):
    person = west.stack.person("uploader", ["UploaderPolicyArn"], {"tunedrop:dataset": "x"})
    uploader = west.stack.client("s3", person)

    uploader.put_object(Bucket=west.bucket, Key="incoming/x/notes.txt", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        uploader.put_object(Bucket=west.bucket, Key="incoming/y/notes.txt", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        uploader.put_object(Bucket=west.bucket, Key="prepared/x/1/claude-3-haiku/train.jsonl", Body=b"{}")


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "td_wrong"}, {"Authorization": "Bearer nonsense"}])
def test_a_missing_or_wrong_api_key_is_refused(west, headers):
    status, answer = west.post_message(MESSAGE, headers)

    assert (status, answer["type"], answer["error"]["type"]) == (401, "error", "authentication_error")
    assert answer["request_id"]


def test_an_unknown_deployment_is_refused_to_callers_and_in_the_scope_of_a_key(west):
    with pytest.raises(Refused, match="another-one") as refused:
        west.api.post("/keys", {"name": "narrow", "deployments": ["another-one"]})
    assert (refused.value.status, refused.value.code) == (422, "unknown_deployment")
    everything = west.api.post("/keys", {"name": "wide", "deployments": "*"})["secret"]

    assert west.post_message(MESSAGE, {"x-api-key": everything})[0] == 404


def test_callers_at_once_pass_no_more_than_their_key_may_in_a_minute(west):
    """A call that passes finds no deployment, so each has one of two answers."""
    key = {"name": "busy", "deployments": "*", "requests_per_minute": 10}
    headers = {"x-api-key": west.api.post("/keys", key)["secret"]}
    began = clock_and_ids.now().replace(second=0, microsecond=0)
    with ThreadPoolExecutor(20) as callers:
        statuses = Counter(
            status for status, _ in callers.map(lambda _: west.post_message(MESSAGE, headers), range(60))
        )
    minutes = (clock_and_ids.now() - began) // timedelta(minutes=1) + 1

    assert statuses.keys() <= {404, 429}
    assert 10 <= statuses[404] <= 10 * minutes


def test_a_request_for_more_tokens_than_its_key_may_ask_for_is_refused(west):
    headers = {"x-api-key": west.api.post("/keys", {"name": "wide", "deployments": "*"})["secret"]}
    status, answer = west.post_message({**MESSAGE, "max_tokens": 2**70}, headers)

    assert (status, answer["error"]["details"]["error_code"]) == (400, "key_max_tokens")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"PK\x03\x04 not what it says", "unsupported_file"),
        (b'{"prompt": "a", "completion": "b"}\n{"prompt": "a"', "invalid_json"),
    ],
    ids=["an archive", "cut off"],
)
def test_a_file_that_is_not_what_it_says_gets_a_report(west, body, code):
    name = f"bad-{code.replace('_', '-')}"
    west.client("s3").put_object(Bucket=west.bucket, Key=f"incoming/{name}/train.jsonl", Body=body)
    version = west.version(name, "train")
    report = west.read(version["preparations"][0]["report_key"])

    assert (version["status"], report["verdict"]) == ("rejected", "rejected")
    assert report["counts_by_code"][code] == 1
    with pytest.raises(Refused) as refused:
        west.api.post("/jobs", {"dataset": name, "base_model": "llama-3-3-70b"}, idempotency_key=name)
    assert (refused.value.status, refused.value.code) == (409, "dataset_rejected")


def test_nothing_is_bought_where_the_cap_is_0(east):
    body = "\n".join(json.dumps({"prompt": f"Question {n}?", "completion": f"Answer {n}."}) for n in range(20))
    east.put("thrifty/train.jsonl", body)
    east.version("thrifty", "train")
    wish = {"name": "thrifty-prod", "serving": "provisioned_throughput"}
    with pytest.raises(Refused) as refused:
        east.api.post(
            "/jobs", {"dataset": "thrifty", "base_model": "nova-lite", "deployment": wish}, idempotency_key="thrifty"
        )

    assert (refused.value.status, refused.value.code) == (409, "model_units_cap")
    assert "MaxModelUnits" in str(refused.value)
