"""Several objects become one split: by a `_commit` beside them, or by a request that names them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from tunedrop.actions.datasets import join_parts, read_datasets
from tunedrop.domain.checks import examples
from tunedrop.domain.versions import joined_parts, versioning
from tunedrop.domain.versions.object_keys import CommitUpload
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.domain.versions.versioning import Head
from tunedrop.edges import clients
from tunedrop.edges.rows import dataset_rows, upload_rows
from tunedrop.edges.s3 import objects
from tunedrop.errors import NotFound

from tests.integration.caller import call, refused
from tests.integration.uploads_world import SETTINGS, TRAIN, VALIDATION, fault, good, once, upload_row, version

FOLDER = "incoming/support-bot/train/"
COMMIT = f"{FOLDER}_commit"


def put_parts(uploader, *names, at=0, count=20):
    """Parts of 20 good records each, all different."""
    for number, name in enumerate(names):
        assert uploader.deliver(uploader.put(f"{FOLDER}{name}.jsonl", good(count, 1000 * number), at=at)) == []


def part_keys(stack, number=1, split="train"):
    return [part.key.removeprefix(FOLDER) for part in version(stack, number).files[split].parts]


def latest(stack):
    return read_datasets.get_dataset("support-bot", stack.cloud).latest


def told(stack):
    return [(kind, detail.get("code"), detail["version"]) for kind, detail in stack.published()]


def test_parts_alone_commit_nothing(uploader, stack):
    put_parts(uploader, "a", "b")
    assert stack.published() == []
    with pytest.raises(NotFound):
        latest(stack)


def test_a_commit_joins_what_lies_beside_it_in_key_order(uploader, stack):
    uploader.upload(f"{FOLDER}b.jsonl", good(20, 500))
    uploader.upload(f"{FOLDER}a.jsonl", good(20))
    event = uploader.put(COMMIT, b"")
    assert uploader.deliver(event) == []

    assert version(stack).status == "accepted"
    assert part_keys(stack) == ["a.jsonl", "b.jsonl"]
    train = version(stack).files["train"]
    assert (train.key, train.version_id) == (COMMIT, event["detail"]["object"]["version-id"])
    prepared = [
        json.loads(line) for line in uploader.object("prepared/support-bot/1/claude-3-haiku/train.jsonl").splitlines()
    ]
    asked = [record["messages"][0]["content"] for record in prepared]
    assert asked[0] == "What is 0 + 1?"
    assert asked[20] == "What is 500 + 1?"
    assert len(asked) == 40
    assert told(stack) == [("DatasetPrepared", None, 1)]


def test_the_report_lists_every_part_and_findings_say_the_line_of_their_own(uploader, stack):
    put_parts(uploader, "a")
    uploader.upload(f"{FOLDER}b.jsonl", good(20, 500) + b"oops\n")
    uploader.upload(COMMIT, b"")
    report = uploader.report()
    assert [(file["key"], file["bytes"], len(file["sha256"])) for file in report["files"]] == [
        (f"{FOLDER}a.jsonl", len(good(20)), 64),
        (f"{FOLDER}b.jsonl", len(good(20, 500)) + 5, 64),
    ]
    (finding,) = report["findings"]
    assert (finding["code"], finding["source"], finding["line"], finding["record"]) == (
        "invalid_json", f"{FOLDER}b.jsonl", 21, 41,
    )  # fmt: skip


def test_the_same_commit_event_again_changes_nothing(uploader, stack):
    put_parts(uploader, "a", "b")
    event = uploader.put(COMMIT, b"")
    uploader.deliver(event)
    before = stack.table.query("DATASET#support-bot").rows
    stack.published()
    assert uploader.deliver(event, event) == []
    assert stack.table.query("DATASET#support-bot").rows == before
    assert stack.published() == []


def test_another_commit_of_the_same_parts_makes_no_version_and_says_so(uploader, stack):
    put_parts(uploader, "a", "b")
    uploader.upload(COMMIT, b"")
    stack.published()
    put_parts(uploader, "a", "b")
    event = uploader.put(COMMIT, b"again")
    uploader.deliver(event)
    assert latest(stack) == 1
    assert upload_row(stack, event)["status"] == "unchanged"
    ((kind, detail),) = stack.published()
    assert (kind, detail["unchanged"], detail["version"]) == ("DatasetPrepared", True, 1)


def test_what_comes_after_the_commit_waits_for_the_next_one(uploader, stack):
    put_parts(uploader, "a", "b")
    first = uploader.put(COMMIT, b"", at=10)
    put_parts(uploader, "c", at=20)
    assert uploader.deliver(first) == []
    assert part_keys(stack) == ["a.jsonl", "b.jsonl"]
    uploader.deliver(uploader.put(COMMIT, b"", at=30))
    assert part_keys(stack, 2) == ["a.jsonl", "b.jsonl", "c.jsonl"]


def test_what_the_prefix_held_at_the_commit_counts_whatever_became_of_it_since(uploader, stack):
    put_parts(uploader, "deleted-before", "kept", "deleted-after", "overwritten-after")
    uploader.delete(f"{FOLDER}deleted-before.jsonl", at=5)
    event = uploader.put(COMMIT, b"", at=10)
    uploader.delete(f"{FOLDER}deleted-after.jsonl", at=20)
    uploader.put(f"{FOLDER}overwritten-after.jsonl", "oops", at=20)
    uploader.delete(COMMIT, at=20)
    assert uploader.deliver(event) == []
    assert part_keys(stack) == ["deleted-after.jsonl", "kept.jsonl", "overwritten-after.jsonl"]
    assert version(stack).status == "accepted"
    assert uploader.report()["records"] == 60


def test_a_late_older_commit_never_replaces_a_newer_one(uploader, stack):
    put_parts(uploader, "a", "b")
    older = uploader.put(COMMIT, b"", at=10)
    put_parts(uploader, "c", at=20)
    newer = uploader.put(COMMIT, b"", at=30)
    uploader.deliver(newer, older)
    assert latest(stack) == 1
    assert part_keys(stack) == ["a.jsonl", "b.jsonl", "c.jsonl"]
    assert upload_row(stack, older)["status"] == "superseded"


@pytest.mark.parametrize(
    ("names", "code"),
    [
        ((), "nothing_to_join"),
        (("_SUCCESS", "notes.txt"), "nothing_to_join"),
        (("a.jsonl", "b.csv"), "mixed_parts"),
    ],
)
def test_a_commit_of_what_cannot_be_joined_is_told_once_and_makes_no_version(uploader, stack, names, code):
    for name in names:
        uploader.put(f"{FOLDER}{name}", good())
    event = uploader.put(COMMIT, b"")
    assert uploader.deliver(event, event) == []
    ((kind, detail),) = stack.published()
    assert (kind, detail["code"], detail["key"], detail["dataset"]) == ("DatasetRejected", code, COMMIT, "support-bot")
    assert upload_row(stack, event)["status"] == "refused"
    assert read_datasets.list_datasets(10, None, stack.cloud).heads == ()


def test_after_a_commit_that_came_too_early_the_next_one_counts(uploader, stack):
    uploader.upload(COMMIT, b"")
    put_parts(uploader, "a", "b")
    uploader.upload(COMMIT, b"")
    assert part_keys(stack) == ["a.jsonl", "b.jsonl"]


def test_so_many_parts_that_one_row_could_not_hold_them_are_kept_in_order(stack):
    now = datetime(2026, 11, 22, tzinfo=UTC)
    parts = [StoredFile(f"{FOLDER}{number:04}-{'x' * 190}.jsonl", "v" * 32, 9, "a" * 64) for number in range(1_000)]
    train = joined_parts.join(parts, StoredFile(COMMIT, "c1", 0, ""), "train", now)
    upload = upload_rows.begin(stack.table, "support-bot", "train", COMMIT, "c1", now)
    assert dataset_rows.reserve(stack.table, upload, versioning.plan(Head("support-bot", now, now), [train], None, now))

    assert version(stack).files["train"] == train
    assert len(stack.table.query("DATASET#support-bot", "PARTS#").rows) == 5
    (listed,) = read_datasets.list_versions("support-bot", 10, None, stack.cloud).versions
    assert (listed.files["train"].joined, listed.files["train"].parts) == (1_000, ())
    biggest = max(len(json.dumps(row, default=str)) for row in stack.table.query("DATASET#support-bot").rows)
    assert biggest < 400_000 / 3


def test_parts_that_are_too_large_together_are_not_read_and_never_taken_for_the_same(uploader, stack):
    put_parts(uploader, "a", "b")
    uploader.put(COMMIT, b"")
    commit = objects.describe(stack.cloud.bucket, COMMIT, None)
    once(clients.s3(), "s3.GetObject", fault("AccessDenied", "GetObject"))
    found = join_parts.committed(CommitUpload("support-bot", "train"), commit, len(good(20)) + 1, stack.cloud)
    assert (found.sha256, found.bytes) == ("", len(good(20)) + len(good(20, 1000)))
    assert {part.sha256 for part in found.parts} == {""}


def test_the_commits_own_metadata_stands_for_the_split(uploader, stack):
    put_parts(uploader, "a", "b", count=60)
    uploader.upload(COMMIT, b"", **{"base-model": "nova-lite", "system": "Be brief."})
    assert version(stack).base_models == ("nova-lite",)
    prepared = uploader.object("prepared/support-bot/1/nova-lite/train.jsonl")
    assert json.loads(prepared.splitlines()[0])["system"] == [{"text": "Be brief."}]


def test_a_joined_split_is_carried_over_with_its_parts(uploader, stack):
    put_parts(uploader, "a", "b")
    uploader.upload(COMMIT, b"")
    uploader.upload(VALIDATION, good(40, 5_000))
    uploader.upload(SETTINGS, 'base_models = ["claude-3-haiku", "nova-lite"]')
    for number in (2, 3):
        assert part_keys(stack, number) == ["a.jsonl", "b.jsonl"]
        assert version(stack, number).status == "accepted"
        assert uploader.report(number)["records"] == 40
    assert len(stack.table.query("DATASET#support-bot", "PARTS#").rows) == 1


def test_a_whole_file_and_a_joined_upload_replace_each_other(uploader, stack):
    put_parts(uploader, "a", "b")
    uploader.deliver(uploader.put(COMMIT, b"", at=10))
    uploader.deliver(uploader.put(TRAIN, good(50), at=20))
    assert version(stack, 2).files["train"].key == TRAIN
    assert version(stack, 2).preparations[0].records == 50
    uploader.deliver(uploader.put(COMMIT, b"", at=30))
    assert part_keys(stack, 3) == ["a.jsonl", "b.jsonl"]


def test_two_splits_committed_at_once_end_in_a_version_that_holds_both(uploader, stack):
    put_parts(uploader, "a", "b")
    for name in ("a", "b"):
        uploader.put(f"incoming/support-bot/validation/{name}.jsonl", good(20, 7_000 + 100 * ord(name)))
    train, validation = uploader.put(COMMIT, b""), uploader.put("incoming/support-bot/validation/_commit", b"")
    once(clients.dynamodb(), "dynamodb.TransactWriteItems", lambda: uploader.deliver(validation) and None)
    assert uploader.deliver(train) == []
    assert version(stack, 1).status == "incomplete"
    assert {split: file.joined for split, file in version(stack, 2).splits.items()} == {"train": 2, "validation": 2}
    assert version(stack, 2).status == "accepted"


@pytest.mark.parametrize(
    "call", ["s3.ListObjectVersions", "s3.GetObject", "s3.PutObject", "dynamodb.TransactWriteItems"]
)
def test_a_commit_cut_off_anywhere_is_finished_by_the_next_delivery(uploader, stack, call):
    put_parts(uploader, "a", "b", at=0)
    event = uploader.put(COMMIT, b"", at=10)
    service, operation = call.split(".")
    once(getattr(clients, service)(), call, fault("ServiceUnavailable", operation))
    assert len(uploader.deliver(event)) == 1
    put_parts(uploader, "c", at=20)
    assert uploader.deliver(event, receive_count=2) == []
    assert part_keys(stack) == ["a.jsonl", "b.jsonl"]
    assert version(stack).status == "accepted"
    assert told(stack) == [("DatasetPrepared", None, 1)]


def test_a_part_that_was_erased_for_good_meanwhile_is_told(uploader, stack):
    put_parts(uploader, "a")
    part = uploader.put(f"{FOLDER}b.jsonl", good(20, 500))
    event = uploader.put(COMMIT, b"")
    once(clients.s3(), "s3.GetObject", lambda: uploader.erase(part))
    once(clients.s3(), "s3.GetObject", lambda: None)
    assert uploader.deliver(event) == []
    assert [(kind, code) for kind, code, _ in told(stack)] == [("DatasetRejected", "object_gone")]
    assert upload_row(stack, event)["status"] == "gone"


# Requests


@pytest.fixture
def carry_out(uploader, stack):
    """Hands the queue's messages to the function, as Lambda would."""

    def carry():
        messages = stack.messages(stack.upload_queue_url)
        assert uploader.deliver(*messages) == []
        return messages

    return carry


def asked(*names, split="train"):
    return {"splits": {split: [f"{FOLDER}{name}" for name in names]}}


def test_a_request_joins_the_named_objects_in_key_order(uploader, stack, carry_out):
    put_parts(uploader, "a", "b", "c")
    status, taken = call("POST", "/datasets/support-bot/versions", asked("c.jsonl", "a.jsonl"))
    assert (status, taken["status"], taken["version"], taken["parts"]) == (202, "processing", None, {"train": 2})
    assert list(taken) == ["dataset", "upload_id", "status", "version", "parts", "received_at"]

    (message,) = carry_out()
    assert message == {"schema": 1, "kind": "join_parts", "dataset": "support-bot", "upload_id": taken["upload_id"]}
    assert part_keys(stack) == ["a.jsonl", "c.jsonl"]
    assert version(stack).status == "accepted"
    status, done = call("GET", f"/datasets/support-bot/uploads/{taken['upload_id']}")
    assert (status, done["status"], done["version"]) == (200, "done", 1)
    shown = call("GET", "/datasets/support-bot/versions/1")[1]["files"]["train"]
    assert (shown["version_id"], shown["joined"]) == (taken["upload_id"], 2)
    assert [part["key"] for part in shown["parts"]] == [f"{FOLDER}a.jsonl", f"{FOLDER}c.jsonl"]
    assert call("GET", "/datasets/support-bot/versions")[1]["versions"][0]["files"]["train"]["parts"] == []


def test_one_request_for_several_splits_makes_one_version(uploader, stack, carry_out):
    put_parts(uploader, "a", "b", "c")
    uploader.put("incoming/support-bot/validation/x.jsonl", good(40, 9_000))
    body = {
        "splits": {
            **asked("a.jsonl", "b.jsonl")["splits"],
            "validation": [{"key": "incoming/support-bot/validation/x.jsonl"}],
        }
    }
    taken = call("POST", "/datasets/support-bot/versions", body)[1]
    carry_out()
    assert latest(stack) == 1
    assert {split: file.joined for split, file in version(stack).splits.items()} == {"train": 2, "validation": 1}
    assert taken["parts"] == {"train": 2, "validation": 1}


def test_the_same_request_again_makes_one_version(uploader, stack, carry_out):
    put_parts(uploader, "a", "b")
    first = call("POST", "/datasets/support-bot/versions", asked("a.jsonl", "b.jsonl"), key="k")
    again = call("POST", "/datasets/support-bot/versions", asked("a.jsonl", "b.jsonl"), key="k")
    assert first == again
    other = call("POST", "/datasets/support-bot/versions", asked("a.jsonl"), key="k")
    assert refused(other) == (422, "idempotency_key_reused")
    (message,) = carry_out()
    stack.published()
    assert uploader.deliver(message, message) == []
    assert latest(stack) == 1
    assert stack.published() == []


def test_a_request_whose_first_run_died_is_taken_up_with_the_same_objects(uploader, stack, carry_out):
    put_parts(uploader, "a", "b")
    once(clients.sqs(), "sqs.SendMessage", fault("ServiceUnavailable", "SendMessage"))
    assert call("POST", "/datasets/support-bot/versions", asked("a.jsonl", "b.jsonl"), key="k")[0] == 503
    uploader.put(f"{FOLDER}a.jsonl", "oops")
    assert call("POST", "/datasets/support-bot/versions", asked("a.jsonl", "b.jsonl"), key="k")[0] == 202
    carry_out()
    assert (latest(stack), version(stack).status) == (1, "accepted")


def test_the_same_objects_in_another_request_make_no_version(uploader, stack, carry_out):
    put_parts(uploader, "a", "b")
    uploader.upload(COMMIT, b"")
    taken = call("POST", "/datasets/support-bot/versions", asked("a.jsonl", "b.jsonl"))[1]
    carry_out()
    done = call("GET", f"/datasets/support-bot/uploads/{taken['upload_id']}")[1]
    assert (done["status"], done["version"], latest(stack)) == ("unchanged", 1, 1)


def test_a_request_means_the_objects_as_they_stood_then(uploader, stack, carry_out):
    put_parts(uploader, "a", "b")
    call("POST", "/datasets/support-bot/versions", asked("a.jsonl", "b.jsonl"))
    uploader.put(f"{FOLDER}a.jsonl", "oops")
    uploader.delete(f"{FOLDER}b.jsonl")
    carry_out()
    assert version(stack).status == "accepted"


def test_an_s3_version_id_names_an_object_as_it_was_before(uploader, stack, carry_out):
    put_parts(uploader, "b")
    event = uploader.put(f"{FOLDER}a.jsonl", good(20, 500))
    uploader.put(f"{FOLDER}a.jsonl", "oops")
    uploader.delete(f"{FOLDER}a.jsonl")
    old = {"key": f"{FOLDER}a.jsonl", "version_id": event["detail"]["object"]["version-id"]}
    assert call("POST", "/datasets/support-bot/versions", {"splits": {"train": [f"{FOLDER}b.jsonl", old]}})[0] == 202
    carry_out()
    assert version(stack).status == "accepted"
    assert version(stack).files["train"].parts[0].version_id == old["version_id"]


def test_a_whole_file_may_be_named_too(uploader, stack, carry_out):
    uploader.put(TRAIN, good())
    call("POST", "/datasets/support-bot/versions", {"splits": {"train": [TRAIN]}})
    carry_out()
    assert [file["key"] for file in uploader.report()["files"]] == [TRAIN]


def test_a_request_never_replaces_what_was_uploaded_after_it(uploader, stack, carry_out):
    put_parts(uploader, "a", "b")
    taken = call("POST", "/datasets/support-bot/versions", asked("a.jsonl", "b.jsonl"))[1]
    uploader.deliver(uploader.put(TRAIN, good(50), at=7_200))
    carry_out()
    assert latest(stack) == 1
    assert version(stack).files["train"].key == TRAIN
    assert call("GET", f"/datasets/support-bot/uploads/{taken['upload_id']}")[1]["status"] == "superseded"


def test_an_object_erased_after_the_request_is_told(uploader, stack, carry_out):
    event = uploader.put(f"{FOLDER}a.jsonl", good())
    taken = call("POST", "/datasets/support-bot/versions", asked("a.jsonl"))[1]
    uploader.erase(event)
    carry_out()
    assert call("GET", f"/datasets/support-bot/uploads/{taken['upload_id']}")[1]["status"] == "gone"
    assert [(kind, code) for kind, code, _ in told(stack)] == [("DatasetRejected", "object_gone")]


@pytest.mark.parametrize("call_name", ["s3.GetObject", "s3.PutObject", "dynamodb.TransactWriteItems"])
def test_a_request_cut_off_anywhere_is_finished_by_the_next_delivery(uploader, stack, call_name):
    put_parts(uploader, "a", "b")
    call("POST", "/datasets/support-bot/versions", asked("a.jsonl", "b.jsonl"))
    (message,) = stack.messages(stack.upload_queue_url)
    service, operation = call_name.split(".")
    once(getattr(clients, service)(), call_name, fault("ServiceUnavailable", operation))
    assert len(uploader.deliver(message)) == 1
    assert uploader.deliver(message, receive_count=2) == []
    assert (latest(stack), version(stack).status) == (1, "accepted")
    assert told(stack) == [("DatasetPrepared", None, 1)]


REFUSED = [
    ({}, 422, "invalid_request", "splits"),
    ({"splits": {}}, 422, "nothing_to_join", "train, validation, test"),
    ({"splits": {"train": []}}, 422, "nothing_to_join", "no file"),
    ({"splits": {"train": [f"{FOLDER}a.jsonl"]}, "wait": True}, 422, "invalid_request", "wait"),
    ({"splits": {"train": [{"key": f"{FOLDER}a.jsonl", "etag": "x"}]}}, 422, "invalid_request", "etag"),
    ({"splits": {"train": [5]}}, 422, "invalid_request", "splits"),
    ({"splits": {"eval": [f"{FOLDER}a.jsonl"]}}, 422, "unknown_split", "train, validation, test"),
    ({"splits": {"train": ["incoming/other/train/a.jsonl"]}}, 422, "invalid_part", "incoming/support-bot/"),
    ({"splits": {"train": ["prepared/support-bot/1/nova-lite/train.jsonl"]}}, 422, "invalid_part", "incoming/"),
    ({"splits": {"train": [SETTINGS]}}, 422, "invalid_part", "not a split file"),
    ({"splits": {"train": [COMMIT]}}, 422, "invalid_part", "not a split file"),
    ({"splits": {"train": ["incoming/support-bot/../other/train.jsonl"]}}, 422, "invalid_part", "not a split file"),
    ({"splits": {"train": ["x" * 100_000]}}, 422, "invalid_part", "not a split file"),
    ({"splits": {"train": [f"{FOLDER}a.jsonl", f"{FOLDER}a.jsonl"]}}, 422, "repeated_part", "twice"),
    ({"splits": {"train": [f"{FOLDER}a.jsonl", f"{FOLDER}b.csv"]}}, 422, "mixed_parts", "csv, jsonl"),
    ({"splits": {"train": [f"{FOLDER}{n}.jsonl" for n in range(1001)]}}, 422, "too_many_parts", "1,001"),
    ({"splits": {"train": [f"{FOLDER}a.jsonl", f"{FOLDER}z.jsonl"]}}, 404, "unknown_object", "1 of 2"),
    (
        {"splits": {"train": [{"key": f"{FOLDER}a.jsonl", "version_id": "no-such"}]}},
        404,
        "unknown_object",
        "1 of 1",
    ),
]


def test_a_request_that_names_what_cannot_be_joined_is_refused_and_changes_nothing(uploader, stack):
    put_parts(uploader, "a", "b")
    for number, (body, status, code, words) in enumerate(REFUSED):
        answer = call("POST", "/datasets/support-bot/versions", body, key=f"refused-{number}")
        assert refused(answer) == (status, code), answer
        assert words in answer[1]["error"]["message"]
    assert stack.table.query("DATASET#support-bot").rows == ()
    assert stack.messages(stack.upload_queue_url) == []


def test_the_place_of_what_is_wrong_in_a_request_is_named(uploader, stack):
    body = {"splits": {"train": [f"{FOLDER}a.jsonl", f"{FOLDER}b.txt"]}}
    error = call("POST", "/datasets/support-bot/versions", body)[1]["error"]
    assert error["details"]["field"] == "splits.train[1]"
    missing = call("POST", "/datasets/support-bot/versions", asked("x.jsonl"))[1]["error"]
    assert missing["details"]["keys"] == [f"{FOLDER}x.jsonl"]


@pytest.mark.parametrize("name", ["Support", "a--b", "a" * 33])
def test_a_request_for_what_no_dataset_can_be_called_is_refused(stack, name):
    body = {"splits": {"train": [f"incoming/{name}/train.jsonl"]}}
    assert refused(call("POST", f"/datasets/{name}/versions", body)) == (422, "invalid_dataset_name")


def test_an_upload_that_nobody_asked_for_is_unknown(uploader, stack):
    uploader.upload(TRAIN, examples.good(40)())
    assert refused(call("GET", "/datasets/support-bot/uploads/nobody")) == (404, "unknown_upload")
    assert refused(call("GET", "/datasets/nobody/uploads/x")) == (404, "unknown_upload")


def test_a_message_about_an_upload_that_is_not_there_is_passed_over(uploader, stack):
    message = {"schema": 1, "kind": "join_parts", "dataset": "support-bot", "upload_id": "nobody"}
    assert uploader.deliver(message) == []
