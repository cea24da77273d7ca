"""ControlApi over data: links for uploads, reports by links, and deleting, however it is interrupted or raced."""

from __future__ import annotations

import base64
import hashlib
import json
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import dataset_uploaded
import pytest
import requests
from tunedrop.actions.datasets import erase_data
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.training.job_states import Job
from tunedrop.edges import clients, clock_and_ids
from tunedrop.edges.rows import deployment_rows, job_rows, tombstone_rows
from tunedrop.edges.rows.writes import Delete, Key, Update

from tests import builders
from tests.integration import bedrock_world
from tests.integration.caller import call, refused
from tests.waiting import PATIENCE

DATASET = "/datasets/support-bot"
PREPARED = "prepared/support-bot"


def lines(count, start=0):
    records = [
        {"prompt": f"How do I clean part {number} of the kettle?", "completion": f"Unplug it and wipe part {number}."}
        for number in range(start, start + count)
    ]
    return "\n".join(json.dumps(record) for record in records).encode()


class Data:
    """The bucket, and the queue of the function that watches it."""

    def __init__(self, stack):
        self.stack = stack

    def put(self, key, body):
        """Upload, and return the event that S3 sends."""
        stored = self.stack.s3.put_object(Bucket=self.stack.bucket, Key=key, Body=body)
        return builders.object_created(key, version_id=stored["VersionId"], size=len(body))

    def deliver(self, *messages):
        """Hand messages to the function; returns how many it gave back."""
        answer = dataset_uploaded.handler(builders.sqs_event(*messages), builders.LambdaContext())
        return len(answer["batchItemFailures"])

    def upload(self, split, body, dataset="support-bot"):
        """Upload a split, and have it prepared."""
        assert self.deliver(self.put(f"incoming/{dataset}/{split}.jsonl", body)) == 0

    def work(self):
        """Carry out what waits on the queue; returns how many messages came back."""
        return sum(self.deliver(message) for message in self.stack.messages(self.stack.upload_queue_url))

    def held(self, prefix=""):
        """Every S3 version and delete marker under the prefix, as (key, version id)."""
        pages = self.stack.s3.get_paginator("list_object_versions").paginate(Bucket=self.stack.bucket, Prefix=prefix)
        return {
            (item["Key"], item["VersionId"])
            for page in pages
            for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
        }

    def rows(self, dataset="support-bot"):
        """Kinds of rows of the dataset."""
        return sorted({row["sk"].split("#")[0] for row in self.stack.table.query(f"DATASET#{dataset}").rows})


@pytest.fixture
def data(stack):
    return Data(stack)


@pytest.fixture
def dataset(data):
    """support-bot@2, with train and validation."""
    data.upload("train", lines(60))
    data.upload("validation", lines(40, start=100))
    return data


def job(status="Completed", version=2, **more):
    return Job(
        id="01JOB", dataset="support-bot", version=version, base_model="claude-3-haiku", hyperparameters={},
        status=status, intent_id="i", token="t", name="support-bot-v2-x", owner="o", requested_by="r",
        created_at=clock_and_ids.now(), request={}, splits={}, trained_tokens=1, steps=1, cost={}, **more,
    )  # fmt: skip


def train(stack, status="Completed", version=2, **more):
    """A job's rows as they stand in that status."""
    made = job(status, version, **more)
    stack.table.put(job_rows.put_job(made))
    if status not in {"Completed", "Failed", "Stopped"}:
        stack.table.put(job_rows.open_work(made))


# --- links


def test_a_link_puts_one_file_where_it_belongs(data):
    body = lines(40)
    digest = hashlib.sha256(body)
    wanted = {"split": "train", "extension": "jsonl", "bytes": len(body), "sha256": digest.hexdigest()}
    status, link = call("POST", f"{DATASET}/uploads", wanted)

    assert (status, link["method"], link["key"]) == (201, "PUT", "incoming/support-bot/train.jsonl")
    checksum = base64.b64encode(digest.digest()).decode()
    assert link["headers"] == {
        "Content-Length": str(len(body)),
        "If-None-Match": "*",
        "x-amz-checksum-sha256": checksum,
    }
    signed = parse_qs(urlsplit(link["url"]).query)
    assert signed["X-Amz-SignedHeaders"] == ["content-length;host;if-none-match;x-amz-checksum-sha256"]
    assert signed["X-Amz-Expires"] == ["900"]
    assert urlsplit(link["url"]).netloc.endswith(".s3.us-west-2.amazonaws.com"), "the global address redirects"
    assert link["next_command"].startswith("curl --fail --upload-file train.jsonl -H ")
    assert link["url"] in link["next_command"]

    assert requests.put(link["url"], data=body, headers=link["headers"], timeout=PATIENCE).status_code == 200
    assert data.stack.s3.get_object(Bucket=data.stack.bucket, Key=link["key"])["Body"].read() == body


def test_a_link_works_once_and_replaces_only_what_stood_there(data):
    wanted = {"split": "train", "extension": "jsonl", "bytes": 5}
    _, first = call("POST", f"{DATASET}/uploads", wanted)
    assert first["headers"]["If-None-Match"] == "*"
    etag = data.stack.s3.put_object(Bucket=data.stack.bucket, Key=first["key"], Body=b"meanwhile")["ETag"]
    assert requests.put(first["url"], data=b"first", headers=first["headers"], timeout=PATIENCE).status_code == 412
    _, second = call("POST", f"{DATASET}/uploads", wanted)
    assert second["headers"] == {"Content-Length": "5", "If-Match": etag}
    assert "if-match" in parse_qs(urlsplit(second["url"]).query)["X-Amz-SignedHeaders"][0]
    assert "-H 'If-Match: " in second["next_command"]


def test_a_deleted_file_may_be_put_anew(data):
    key = "incoming/support-bot/train.jsonl"
    data.stack.s3.put_object(Bucket=data.stack.bucket, Key=key, Body=b"x")
    data.stack.s3.delete_object(Bucket=data.stack.bucket, Key=key)
    _, link = call("POST", f"{DATASET}/uploads", {"split": "train", "extension": "jsonl", "bytes": 5})
    assert link["headers"]["If-None-Match"] == "*"


PLACES = [
    ({"split": "validation", "extension": "csv.gz", "bytes": 1}, "validation.csv.gz", 2**30),
    ({"split": "train", "part": "part-07.parquet", "bytes": 1}, "train/part-07.parquet", 5 * 2**30),
    ({"split": "train", "part": "_commit", "bytes": 0}, "train/_commit", 0),
    ({"file": "dataset.toml", "bytes": 65_536}, "dataset.toml", 65_536),
    ({"file": "system.txt", "bytes": 1}, "system.txt", 262_144),
]


def test_every_kind_of_file_has_its_place_and_its_limit(stack):
    for wanted, key, most in PLACES:
        status, link = call("POST", f"{DATASET}/uploads", wanted)
        assert (status, link["key"], link["max_bytes"]) == (201, f"incoming/support-bot/{key}", most)


UNSIGNED = [
    ({}, "invalid_upload"),
    ({"split": "train"}, "invalid_upload"),
    ({"split": "train", "extension": "jsonl", "file": "dataset.toml"}, "invalid_upload"),
    ({"split": "dev", "extension": "jsonl"}, "invalid_upload"),
    ({"split": "train", "extension": "exe"}, "invalid_upload"),
    ({"split": "train", "extension": "/../../other/train.jsonl"}, "invalid_upload"),
    ({"split": "../other/train", "extension": "jsonl"}, "invalid_upload"),
    ({"split": "train", "part": "../../other/train.jsonl"}, "invalid_upload"),
    ({"file": "../other/dataset.toml"}, "invalid_upload"),
    ({"file": "other/train.jsonl"}, "invalid_upload"),
    ({"file": ""}, "invalid_upload"),
    ({"split": "train", "extension": "jsonl", "bytes": 1, "sha256": "abc"}, "invalid_upload"),
    ({"split": "train", "extension": "jsonl"}, "bytes_required"),
    ({"split": "train", "extension": "jsonl", "bytes": 5 * 2**30 + 1}, "file_too_large"),
    ({"file": "dataset.toml", "bytes": 65_537}, "file_too_large"),
    ({"split": "train", "extension": "jsonl", "bytes": -1}, "invalid_request"),
    ({"split": "train", "extension": "jsonl", "bytes": "7"}, "invalid_request"),
    ({"split": "train", "extension": "jsonl", "key": "prepared/x"}, "invalid_request"),
]


def test_no_other_key_can_be_signed_for(stack):
    """In one stack, as the next ones: making it takes longer than all the rest."""
    assert [refused(call("POST", f"{DATASET}/uploads", wanted)) for wanted, _ in UNSIGNED] == [
        (422, code) for _, code in UNSIGNED
    ]


def test_a_link_needs_a_name_that_a_dataset_may_have(stack):
    for name in ("Support", "a--b", "x" * 33, "%2e%2e"):
        answer = call("POST", f"/datasets/{name}/uploads", {"split": "train", "extension": "jsonl"})
        assert refused(answer) == (422, "invalid_dataset_name"), name


def test_a_link_told_again_is_told_without_the_link(stack):
    wanted = {"split": "train", "extension": "jsonl", "bytes": 7}
    _, first = call("POST", f"{DATASET}/uploads", wanted, key="same")
    status, second = call("POST", f"{DATASET}/uploads", wanted, key="same")
    assert (status, second) == (201, first | {"url": None, "next_command": None})
    assert refused(call("POST", f"{DATASET}/uploads", wanted | {"bytes": 1}, key="same"))[1] == "idempotency_key_reused"
    kept = json.dumps(stack.dynamodb.scan(TableName="AccessTable")["Items"])
    assert "X-Amz-Signature" not in kept


# --- reports


def test_a_version_comes_with_links_to_its_reports(dataset):
    dataset.upload("train", lines(5))
    version = call("GET", f"{DATASET}/versions/3")[1]
    train_item = next(item for item in version["preparations"] if item["split"] == "train")

    assert requests.get(train_item["report_url"], timeout=PATIENCE).json()["verdict"] == "rejected"
    assert requests.get(train_item["page_url"], timeout=PATIENCE).text.startswith("<!doctype html>")
    assert (train_item["errors"], version["top_findings"][0]["code"]) == (1, "too_few_records")
    assert version["top_findings"][0]["hint"]
    listed = call("GET", f"{DATASET}/versions")[1]["versions"][0]
    assert {item["report_url"] for item in listed["preparations"]} == {None}


# --- deleting a dataset


def test_a_plan_says_what_would_go_and_deletes_nothing(dataset):
    held, rows = dataset.held(), dataset.stack.table.query("DATASET#support-bot").rows
    status, plan = call("DELETE", DATASET, query={"plan": "true"})

    assert (status, plan["state"], plan["id"]) == (200, "planned", None)
    assert (plan["versions"], plan["version_count"]) == ([1, 2], 2)
    assert plan["remaining"]["objects"] == len(held)
    assert plan["remaining"]["bytes"] > 2 * len(lines(60))
    assert (dataset.held(), dataset.stack.table.query("DATASET#support-bot").rows) == (held, rows)
    assert dataset.stack.messages(dataset.stack.upload_queue_url) == []


def test_deleting_a_dataset_erases_every_version_of_every_object_and_nothing_else(dataset):
    stack = dataset.stack
    dataset.upload("train", lines(61))
    stack.s3.delete_object(Bucket=stack.bucket, Key="incoming/support-bot/validation.jsonl")
    dataset.upload("train", lines(50), dataset="support-bot-2")
    for key in ("outputs/support-bot/1/x.csv", "captures/support-bot/x.jsonl", "incoming/support", "incoming/x.txt"):
        stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=b"x")
    others = {item for item in dataset.held() if "/support-bot/" not in item[0] or item[0].startswith(("out", "cap"))}
    before = call("GET", f"{DATASET}/versions/1")[1]
    stack.published()

    status, asked = call("DELETE", DATASET)
    assert (status, asked["state"], asked["asked_by"]) == (202, "erasing", builders.CALLER)
    assert "outputs/" in asked["kept"]
    assert refused(call("GET", DATASET)) == (404, "dataset_deleted")
    assert dataset.work() == 0

    assert dataset.held() == others
    assert dataset.rows() == ["DELETION", "HEAD", "TOMBSTONE"]
    assert "kettle" not in json.dumps(stack.dynamodb.scan(TableName="StateTable")["Items"])
    [(kind, told)] = stack.published()
    assert (kind, told["dataset"], told["version"]) == ("DatasetDeleted", "support-bot", None)
    assert told["objects"] == asked["remaining"]["objects"]
    assert told["delete_markers"] == asked["remaining"]["delete_markers"] == 1

    status, done = call("DELETE", DATASET)
    assert (status, done["state"], done["erased"]["bytes"]) == (200, "erased", asked["remaining"]["bytes"])
    gone = call("GET", f"{DATASET}/versions/1")
    assert refused(gone) == (404, "dataset_deleted")
    assert gone[1]["error"]["details"]["deletion"]["asked_by"] == builders.CALLER
    assert [listed["name"] for listed in call("GET", "/datasets")[1]["datasets"]] == ["support-bot-2"]
    stones = call("GET", f"{DATASET}/tombstones")[1]["tombstones"]
    assert [stone["version"] for stone in stones] == [3, 2, 1]
    assert (
        stones[2]["files"][0]["sha256"] == before["files"]["train"]["sha256"] == hashlib.sha256(lines(60)).hexdigest()
    )
    assert stones[2]["outputs"][0]["records"] == stones[2]["records"]["train"] == 60
    assert refused(call("POST", "/jobs", {"dataset": "support-bot", "base_model": "claude-3-haiku"}, key="k")) == (
        404,
        "dataset_deleted",
    )


def test_a_name_may_be_used_again_and_its_numbers_go_on(dataset):
    call("DELETE", DATASET)
    dataset.work()
    dataset.upload("train", lines(60))

    found = call("GET", DATASET)[1]
    assert (found["latest_version"], found["status"]) == (3, "accepted")
    assert [each["name"] for each in call("GET", "/datasets")[1]["datasets"]] == ["support-bot"]
    version = call("GET", f"{DATASET}/versions/3")[1]
    assert set(version["files"]) == {"train"}, "nothing of the old life is carried over"
    assert refused(call("GET", f"{DATASET}/versions/2")) == (404, "version_deleted")
    status, again = call("DELETE", DATASET)
    dataset.work()
    assert (status, again["versions"]) == (202, [3])
    assert [stone["version"] for stone in call("GET", f"{DATASET}/tombstones")[1]["tombstones"]] == [3, 2, 1]
    assert dataset.held() == set()


def test_what_never_was_can_not_be_deleted(dataset):
    assert refused(call("DELETE", "/datasets/nobody")) == (404, "unknown_dataset")
    assert refused(call("DELETE", f"{DATASET}/versions/7")) == (404, "unknown_version")
    assert refused(call("DELETE", f"{DATASET}/versions/0")) == (404, "unknown_version")
    assert refused(call("GET", "/datasets/nobody/tombstones")) == (404, "unknown_dataset")
    call("DELETE", DATASET)
    assert refused(call("DELETE", f"{DATASET}/versions/1")) == (404, "dataset_deleted")


def test_nothing_is_deleted_while_a_job_reads_it(dataset):
    for status in ("Preparing", "Requested", "WaitingForCapacity", "InProgress", "Stopping"):
        dataset.stack.table.delete(Delete(Key("JOB#01JOB", "JOB")))
        train(dataset.stack, status)
        for path in (DATASET, f"{DATASET}/versions/2"):
            for query in (None, {"plan": "true"}):
                answer = call("DELETE", path, query=query)
                assert refused(answer) == (409, "dataset_in_use"), (status, path, query)
                told = answer[1]["error"]["details"]["jobs"]
                assert told == [{"id": "01JOB", "status": status, "version": 2}]
    assert call("GET", DATASET)[0] == 200
    assert dataset.rows() == ["HEAD", "UPLOAD", "VERSION"]
    assert call("DELETE", f"{DATASET}/versions/1")[0] == 202, "the job reads another version"


def test_a_version_that_is_being_prepared_is_not_deleted_unless_it_is_stuck(dataset):
    place = Key("DATASET#support-bot", "VERSION#000002")
    dataset.stack.table.update(Update(place, set={"status": "processing"}))
    assert refused(call("DELETE", DATASET)) == (409, "version_processing")
    assert refused(call("DELETE", f"{DATASET}/versions/2")) == (409, "version_processing")
    dataset.stack.table.update(Update(place, set={"created_at": "2026-11-20T09:00:00.000000Z"}))
    assert call("DELETE", DATASET)[0] == 202


def test_models_that_learned_from_it_are_named_with_what_they_still_cost(dataset):
    arn = "arn:aws:bedrock:us-west-2:123456789012:custom-model/x/abcdefghijkl"
    train(dataset.stack, model_arn=arn)
    ends = clock_and_ids.now() + timedelta(hours=8)
    serving = Deployment(
        "support-prod", "Ready", "provisioned_throughput", "claude-3-haiku", "01JOB", "support-bot", 2, 1, "o", 1,
        clock_and_ids.now(), arn="arn:pt", expires_at=ends,
    )  # fmt: skip
    dataset.stack.table.put(deployment_rows.put_new(serving))
    answer = call("DELETE", DATASET, query={"plan": "true"})[1]

    (model,) = answer["models"]
    assert (model["name"], model["model_arn"], model["job_id"]) == ("support-bot-v2-x", arn, "01JOB")
    assert [left["state"] for left in model["deployments"]] == ["Ready"]
    assert [(each["what"], each["name"]) for each in answer["still_bills"]] == [
        ("provisioned_throughput", "support-prod"),
        ("custom_model", "support-bot-v2-x"),
    ]
    assert answer["still_bills"][0]["how_to_end"] == "tunedrop deployments delete support-prod"
    assert call("DELETE", f"{DATASET}/versions/1", query={"plan": "true"})[1]["models"] == []


# --- deleting a version


def test_deleting_a_version_leaves_the_uploads_that_others_hold(dataset):
    held = dataset.held("incoming/")
    status, asked = call("DELETE", f"{DATASET}/versions/1")
    assert (status, asked["version"], asked["versions"]) == (202, 1, [])
    assert refused(call("GET", f"{DATASET}/versions/1")) == (404, "version_deleted")
    assert dataset.work() == 0

    assert dataset.held("incoming/") == held, "version 2 carries train over"
    assert {key for key, _ in dataset.held("prepared/")} == {
        f"{PREPARED}/2/claude-3-haiku/{split}.jsonl" for split in ("train", "validation")
    }
    assert not dataset.held("reports/support-bot/1/")
    assert [item["version"] for item in call("GET", f"{DATASET}/versions")[1]["versions"]] == [2]
    assert call("DELETE", f"{DATASET}/versions/1")[1]["state"] == "erased"
    (stone,) = call("GET", f"{DATASET}/tombstones")[1]["tombstones"]
    assert (stone["version"], stone["deleted_by"]) == (1, builders.CALLER)


def test_what_only_the_newest_version_holds_goes_with_it_and_is_carried_over_no_more(dataset):
    call("DELETE", f"{DATASET}/versions/2")
    assert dataset.work() == 0
    assert {key for key, _ in dataset.held("incoming/")} == {"incoming/support-bot/train.jsonl"}
    found = call("GET", DATASET)[1]
    assert (found["latest_version"], found["status"]) == (2, None)
    job = {"dataset": "support-bot", "version": 2, "base_model": "claude-3-haiku"}
    assert refused(call("POST", "/jobs", job, key="k")) == (404, "version_deleted")
    dataset.upload("test", lines(20, start=500))
    assert set(call("GET", f"{DATASET}/versions/3")[1]["files"]) == {"train", "test"}


def test_versions_that_share_an_upload_take_it_along_when_the_last_one_goes(dataset):
    call("DELETE", f"{DATASET}/versions/1")
    call("DELETE", f"{DATASET}/versions/2")
    assert dataset.work() == 0
    assert dataset.held() == set()
    assert call("GET", DATASET)[1]["latest_version"] == 2


def test_parts_of_joined_uploads_go_with_the_last_version_that_holds_them(data):
    def join(*parts):
        for name, body in parts:
            assert data.deliver(data.put(f"incoming/support-bot/train/{name}.jsonl", body)) == 0
        assert data.deliver(data.put("incoming/support-bot/train/_commit", b"")) == 0

    join(("a", lines(30)), ("b", lines(30, start=30)))
    join(("c", lines(30, start=60)))
    assert call("GET", f"{DATASET}/versions/2")[1]["status"] == "accepted"
    call("DELETE", f"{DATASET}/versions/1")
    assert data.work() == 0
    assert {key[-7:] for key, _ in data.held("incoming/")} == {"a.jsonl", "b.jsonl", "c.jsonl", "_commit"}
    call("DELETE", f"{DATASET}/versions/2")
    assert data.work() == 0
    assert {key[-7:] for key, _ in data.held("incoming/")} == {"_commit"}, "it holds nothing"
    stones = call("GET", f"{DATASET}/tombstones")[1]["tombstones"]
    assert [stone["files"][0]["joined"] for stone in stones] == [3, 2]
    call("DELETE", DATASET)
    assert data.work() == 0
    assert (data.held(), data.rows()) == (set(), ["DELETION", "HEAD", "TOMBSTONE"])


def test_the_same_bytes_make_a_new_version_where_the_newest_was_deleted(dataset):
    call("DELETE", f"{DATASET}/versions/2")
    assert dataset.work() == 0
    dataset.upload("train", lines(60))
    assert (call("GET", DATASET)[1]["latest_version"], call("GET", DATASET)[1]["status"]) == (3, "accepted")


# --- interrupted and raced


@contextmanager
def failing(nth, when, *clients):
    """The nth call of these clients fails before it is sent, or after it had its effect."""
    calls = 0

    def strike(**_):
        nonlocal calls
        calls += 1
        if calls == nth:
            raise ConnectionError("the line is dead")

    event = "before-call" if when == "before" else "after-call"
    for client in clients:
        client.meta.events.register(event, strike)
    try:
        yield lambda: calls
    finally:
        for client in clients:
            client.meta.events.unregister(event, strike)


@pytest.mark.thorough
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("path", [DATASET, f"{DATASET}/versions/2"])
def test_the_same_request_goes_on_wherever_the_first_one_died(dataset, path, when):
    """One life after the other: each dies one call later, until a request survives."""
    for nth in range(1, 60):
        with failing(nth, when, clients.dynamodb(), clients.s3(), clients.sqs()) as calls:
            status, _ = call("DELETE", path)
        if calls() < nth:
            break
        assert status in {202, 500}, nth
        dataset.stack.messages(dataset.stack.upload_queue_url)
    assert call("DELETE", path)[0] == 202
    assert dataset.work() == 0
    assert call("DELETE", path)[1]["state"] == "erased"
    assert not dataset.held(f"{PREPARED}/2/")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("path", [DATASET, f"{DATASET}/versions/2"])
def test_erasing_goes_on_wherever_it_died(dataset, path, when):
    call("DELETE", path)
    (message,) = dataset.stack.messages(dataset.stack.upload_queue_url)
    for nth in range(1, 80):
        with failing(nth, when, clients.dynamodb(), clients.s3(), clients.events()) as calls:
            dataset.deliver(message)
        if calls() < nth:
            break
    assert dataset.deliver(message) == 0
    assert call("DELETE", path)[1]["state"] == "erased"
    assert not dataset.held(f"{PREPARED}/2/")
    stones = call("GET", f"{DATASET}/tombstones")[1]["tombstones"]
    assert len(stones[0]["files"]) == 2, "remembered before it went"
    if path == DATASET:
        assert (dataset.held(), dataset.rows()) == (set(), ["DELETION", "HEAD", "TOMBSTONE"])


def test_a_job_that_slips_in_takes_the_request_back(dataset):
    """It was written after jobs were looked for, and before everything new was held off."""
    table = dataset.stack.table

    def slip_in(params, **_):
        if "DELETION#" in str(params.get("TransactItems", "")):
            clients.dynamodb().meta.events.unregister("provide-client-params.dynamodb.TransactWriteItems", slip_in)
            train(dataset.stack, "Requested")

    clients.dynamodb().meta.events.register("provide-client-params.dynamodb.TransactWriteItems", slip_in)
    assert refused(call("DELETE", DATASET)) == (409, "dataset_in_use")
    assert call("GET", DATASET)[1]["status"] == "accepted"
    assert [listed["name"] for listed in call("GET", "/datasets")[1]["datasets"]] == ["support-bot"]
    assert dataset.rows() == ["HEAD", "UPLOAD", "VERSION"]
    assert dataset.work() == 0
    table.put(job_rows.put_job(job("Stopped", revision=1)))
    assert call("DELETE", DATASET)[0] == 202


def test_what_a_version_holds_stays_until_its_own_deletion_is_certain(dataset):
    """The first request died between asking and confirming, and may still be taken back."""
    with failing(0, "before", clients.dynamodb()) as calls:
        call("DELETE", f"{DATASET}/versions/1", query={"plan": "true"})
    for nth in range(1, calls() + 6):
        with failing(nth, "before", clients.dynamodb()):
            call("DELETE", f"{DATASET}/versions/1")
        if dataset.stack.table.query("DATASET#support-bot", "DELETION#").rows:
            break
    dataset.stack.messages(dataset.stack.upload_queue_url)
    call("DELETE", f"{DATASET}/versions/2")
    assert dataset.work() == 0
    assert {key for key, _ in dataset.held("incoming/")} == {"incoming/support-bot/train.jsonl"}
    call("DELETE", f"{DATASET}/versions/1")
    assert dataset.work() == 0
    assert dataset.held() == set()


def test_no_job_starts_on_what_is_being_deleted(dataset):
    """The job's own writes are conditional: what it read before may be gone."""
    call("DELETE", f"{DATASET}/versions/1")
    made = job("Requested", 1)
    writes = [job_rows.put_job(made), *tombstone_rows.undisturbed("support-bot", 1)]
    assert not dataset.stack.table.write_all(*writes)
    assert dataset.stack.table.write_all(job_rows.put_job(made), *tombstone_rows.undisturbed("support-bot", 2))
    assert call("DELETE", DATASET)[0] == 202
    assert not dataset.stack.table.write_all(*tombstone_rows.undisturbed("support-bot", 2))


def test_an_upload_before_the_request_does_not_outlive_it(dataset):
    event = dataset.put("incoming/support-bot/train.jsonl", lines(70))
    call("DELETE", DATASET)
    assert dataset.deliver(event) == 1, "it comes again when the deletion is through"
    assert dataset.work() == 0
    assert dataset.held() == set()
    assert dataset.deliver(event) == 0
    assert refused(call("GET", DATASET)) == (404, "dataset_deleted")
    assert dataset.stack.published()[-1][1]["code"] == "object_gone"


def test_an_upload_after_the_request_begins_a_new_life(dataset):
    call("DELETE", DATASET)
    (message,) = dataset.stack.messages(dataset.stack.upload_queue_url)
    row = dataset.stack.table.query("DATASET#support-bot", "DELETION#").rows[0]
    earlier = "2026-11-20T09:00:00.000000Z"
    dataset.stack.table.update(Update(Key(row["pk"], row["sk"]), set={"asked_at": earlier}))
    event = dataset.put("incoming/support-bot/train.jsonl", lines(70))
    assert dataset.deliver(event) == 1

    assert dataset.deliver(message) == 0
    assert dataset.deliver(event) == 0
    assert call("GET", DATASET)[1]["latest_version"] == 3
    assert dataset.deliver(message) == 0, "a message that comes twice does not touch the new life"
    assert call("GET", f"{DATASET}/versions/3")[1]["status"] == "accepted"
    assert dataset.held(f"{PREPARED}/3/")
    assert ("incoming/support-bot/train.jsonl", event["detail"]["object"]["version-id"]) in dataset.held()


def test_what_is_still_being_prepared_while_its_version_goes_leaves_nothing(dataset):
    """A job that asked for a preparation was stopped: nothing holds the deletion up, and the function still works."""

    def delete(**_):
        clients.s3().meta.events.unregister("before-call.s3.PutObject", delete)
        call("DELETE", f"{DATASET}/versions/2")
        (message,) = dataset.stack.messages(dataset.stack.upload_queue_url)
        assert dataset.deliver(message) == 0

    clients.s3().meta.events.register("before-call.s3.PutObject", delete)
    wanted = {"dataset": "support-bot", "version": 2, "base_model": "nova-lite", "job_id": "01JOB"}
    assert dataset.deliver({"schema": 1, "kind": "prepare_version", **wanted}) == 0
    assert not dataset.held(f"{PREPARED}/2/")
    assert not dataset.held("reports/support-bot/2/")


def test_a_message_that_comes_twice_at_once_counts_nothing_twice(dataset):
    answer = call("DELETE", DATASET)[1]
    (message,) = dataset.stack.messages(dataset.stack.upload_queue_url)

    def again(**_):
        clients.s3().meta.events.unregister("before-call.s3.DeleteObjects", again)
        assert dataset.deliver(message) == 0

    clients.s3().meta.events.register("before-call.s3.DeleteObjects", again)
    assert dataset.deliver(message) == 0
    assert call("DELETE", DATASET)[1]["erased"]["objects"] == answer["remaining"]["objects"]


def test_an_object_that_s3_will_not_let_go_brings_the_message_back(dataset):
    call("DELETE", DATASET)
    (message,) = dataset.stack.messages(dataset.stack.upload_queue_url)

    def locked(parsed, **_):
        parsed["Errors"] = [{"Key": "x", "VersionId": "v", "Code": "AccessDenied", "Message": "no"}]

    clients.s3().meta.events.register("after-call.s3.DeleteObjects", locked)
    assert dataset.deliver(message) == 1
    clients.s3().meta.events.unregister("after-call.s3.DeleteObjects", locked)
    assert call("DELETE", DATASET)[1]["state"] == "erasing"
    assert dataset.deliver(message) == 0


def test_reconcile_finds_a_deletion_whose_message_got_lost(dataset, environment):
    world = bedrock_world.make(dataset.stack, environment, data=False)
    call("DELETE", DATASET)
    dataset.stack.messages(dataset.stack.upload_queue_url)
    world.clock.time = clock_and_ids.now()
    assert world.reconcile().enqueued == {}
    world.clock.advance(erase_data.LOST_AFTER.total_seconds() + 1)
    assert world.reconcile().enqueued == {"erase_dataset": 1}
    assert dataset.work() == 0
    assert call("DELETE", DATASET)[1]["state"] == "erased"
    assert world.reconcile().enqueued == {}


def test_a_request_that_died_before_it_was_confirmed_is_taken_back_in_the_end(dataset):
    with failing(0, "before", clients.dynamodb()) as calls:
        call("DELETE", DATASET, query={"plan": "true"})
    for nth in range(1, calls() + 4):
        with failing(nth, "before", clients.dynamodb()):
            call("DELETE", DATASET)
        rows = dataset.stack.table.query("DATASET#support-bot", "DELETION#").rows
        if rows:
            break
    assert rows[0]["state"] == "asked"
    assert refused(call("GET", DATASET)) == (404, "dataset_deleted")
    message = {"schema": 1, "kind": "erase_dataset", "dataset": "support-bot", "deletion": rows[0]["id"]}
    assert dataset.deliver(message) == 0
    assert refused(call("GET", DATASET)) == (404, "dataset_deleted"), "it may be under way still"
    dataset.stack.table.update(Update(Key(rows[0]["pk"], rows[0]["sk"]), set={"asked_at": "2026-11-20T09:00:00Z"}))
    assert dataset.deliver(message) == 0
    assert call("GET", DATASET)[1]["status"] == "accepted"
    assert dataset.rows() == ["HEAD", "UPLOAD", "VERSION"]
