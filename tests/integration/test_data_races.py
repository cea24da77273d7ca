"""Deletions, uploads, requests to join and preparations that meet: nothing is lost, and nothing lives on."""

from __future__ import annotations

import pytest
from tunedrop.edges import clients, queues
from tunedrop.edges.rows import tombstone_rows
from tunedrop.edges.rows.writes import Key, Update

from tests.integration.caller import call, refused
from tests.integration.test_control_api_datasets import DATASET, PREPARED, Data, failing, lines

LONG_AGO = "2026-11-20T09:00:00.000000Z"
PREPARE = {
    "schema": 1, "kind": "prepare_version", "dataset": "support-bot", "version": 2, "base_model": "nova-lite",
    "job_id": "01JOB",
}  # fmt: skip
PART = "incoming/support-bot/train/a.jsonl"


@pytest.fixture
def dataset(stack):
    """support-bot@2, with train and validation."""
    data = Data(stack)
    data.upload("train", lines(60))
    data.upload("validation", lines(40, start=100))
    return data


def before(client, call_name, action):
    """Let `action` happen once, right before the next such call."""
    event = f"before-call.{call_name}"

    def strike(**_):
        client.meta.events.unregister(event, strike)
        action()

    client.meta.events.register_first(event, strike)


def asked(dataset, path):
    """The row of a deletion whose request dies between asking and confirming."""
    with failing(0, "before", clients.dynamodb()) as calls:
        call("DELETE", path, query={"plan": "true"})
    for nth in range(1, calls() + 6):
        with failing(nth, "before", clients.dynamodb()):
            call("DELETE", path)
        rows = dataset.stack.table.query("DATASET#support-bot", "DELETION#").rows
        if rows:
            return rows[0]
    raise AssertionError("no request died there")


def deleted(dataset, path):
    """A deletion from its request to its end."""
    call("DELETE", path)
    (message,) = dataset.stack.messages(dataset.stack.upload_queue_url)
    assert dataset.deliver(message) == 0


def test_a_preparation_takes_nothing_from_a_version_whose_deletion_may_be_taken_back(dataset):
    held = dataset.held(f"{PREPARED}/2/claude-3-haiku/")
    assert held
    before(clients.s3(), "s3.PutObject", lambda: asked(dataset, f"{DATASET}/versions/2"))
    assert dataset.deliver(PREPARE) == 0
    assert dataset.held(f"{PREPARED}/2/claude-3-haiku/") == held
    deleted(dataset, f"{DATASET}/versions/2")
    assert not dataset.held(f"{PREPARED}/2/"), "confirmed, it goes with all that was prepared meanwhile"


def test_a_preparation_that_died_while_its_version_went_leaves_nothing_when_it_comes_again(dataset):
    gone = Key("DATASET#support-bot", "VERSION#000002")

    def die(params, **_):
        if params["Prefix"] == f"{PREPARED}/2/" and dataset.stack.table.get(gone) is None:
            clients.s3().meta.events.unregister("provide-client-params.s3.ListObjectVersions", die)
            raise RuntimeError("the function is killed")

    clients.s3().meta.events.register("provide-client-params.s3.ListObjectVersions", die)
    before(clients.s3(), "s3.PutObject", lambda: deleted(dataset, f"{DATASET}/versions/2"))
    assert dataset.deliver(PREPARE) == 1
    assert dataset.held(f"{PREPARED}/2/")
    assert dataset.deliver(PREPARE) == 0
    assert not dataset.held(f"{PREPARED}/2/")
    assert not dataset.held("reports/support-bot/2/")


def test_a_request_that_died_and_was_overtaken_by_the_whole_datasets_deletion_is_over(dataset):
    """Else reconcile would send its message for ever."""
    row = asked(dataset, f"{DATASET}/versions/2")
    dataset.stack.table.update(Update(Key(row["pk"], row["sk"]), set={"asked_at": LONG_AGO}))
    message = {"schema": 1, "kind": "erase_dataset", "dataset": "support-bot", "deletion": row["id"]}
    call("DELETE", DATASET)
    assert dataset.deliver(message) == 0, "while the dataset goes nothing is taken back"
    assert dataset.work() == 0
    assert dataset.deliver(message) == 0
    assert tombstone_rows.unfinished(dataset.stack.table) == ()
    assert [stone["version"] for stone in call("GET", f"{DATASET}/tombstones")[1]["tombstones"]] == [2, 1]


def test_a_request_to_join_is_refused_while_its_dataset_goes_and_taken_afterwards(dataset):
    """A deletion takes all rows of the dataset along: what was answered 202 would be forgotten."""
    body = {"splits": {"train": [PART]}}
    call("DELETE", DATASET)
    (message,) = dataset.stack.messages(dataset.stack.upload_queue_url)
    dataset.put(PART, lines(70))
    assert refused(call("POST", f"{DATASET}/versions", body, key="k")) == (409, "dataset_being_deleted")
    assert dataset.deliver(message) == 0
    assert dataset.rows() == ["DELETION", "HEAD", "TOMBSTONE"]
    dataset.put(PART, lines(70))
    assert call("POST", f"{DATASET}/versions", body, key="k")[0] == 202
    assert dataset.work() == 0
    assert call("GET", f"{DATASET}/versions/3")[1]["status"] == "accepted"


def test_an_upload_waits_longer_for_a_deletion_than_for_a_fault(dataset):
    """It comes five times: half a minute and its doubles are over before a large dataset is erased."""
    call("DELETE", DATASET)
    waits = []
    clients.sqs().meta.events.register(
        "provide-client-params.sqs.ChangeMessageVisibility",
        lambda params, **_: waits.append(params["VisibilityTimeout"]),
    )
    assert dataset.deliver(dataset.put("incoming/support-bot/train.jsonl", lines(70))) == 1
    assert waits == [120]
    assert sum(queues.wait_seconds(count, 120) for count in range(1, 5)) == 1800


def test_an_upload_whose_row_went_with_its_dataset_leaves_no_half_of_one(dataset):
    event = dataset.put("incoming/support-bot/train.jsonl", lines(60))
    before(clients.events(), "events.PutEvents", lambda: deleted(dataset, DATASET))
    assert dataset.deliver(event) == 0
    assert dataset.rows() == ["DELETION", "HEAD", "TOMBSTONE"]
    assert dataset.deliver(event) == 0, "the same event again can be read"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/datasets/{'a' * 3000}", 404),
        ("GET", f"/datasets/{'a' * 3000}/versions", 404),
        ("GET", f"/datasets/{'a' * 3000}/tombstones", 404),
        ("DELETE", f"/datasets/{'a' * 3000}", 404),
        ("GET", f"{DATASET}/versions/{'9' * 18}", 404),
        ("GET", f"{DATASET}/versions/{'9' * 2000}", 404),
        ("DELETE", f"{DATASET}/versions/{'9' * 2000}", 404),
        ("GET", f"{DATASET}/versions/{'9' * 5000}", 422),
    ],
)
def test_names_and_numbers_that_fit_no_row_are_refused(dataset, method, path, status):
    """DynamoDB refuses keys of more than 2,048 and 1,024 bytes; moto takes them."""
    asked_for = []
    clients.dynamodb().meta.events.register(
        "provide-client-params.dynamodb.GetItem", lambda params, **_: asked_for.append(params["Key"])
    )
    assert call(method, path)[0] == status
    assert all(len(key["pk"]["S"]) <= 2048 and len(key["sk"]["S"]) <= 1024 for key in asked_for)


@pytest.mark.parametrize("query", [{"dry_run": "true"}, {"Plan": "true"}, {"plan": "true", "force": "1"}])
def test_a_misspelt_plan_deletes_nothing(dataset, query):
    assert refused(call("DELETE", DATASET, query=query)) == (422, "unknown_parameter")
    assert refused(call("DELETE", f"{DATASET}/versions/1", query=query)) == (422, "unknown_parameter")
    assert call("GET", f"{DATASET}/versions/1")[0] == 200
