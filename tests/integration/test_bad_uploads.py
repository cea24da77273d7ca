"""The bad files continued, cases 114 to 132: under strange keys, in strange states, or by strange events.

A key that fits no pattern is `unrecognized_key`: it belongs to no version, and an event tells of it.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
from tunedrop.actions.datasets import read_datasets, take_upload
from tunedrop.edges import clients, clock_and_ids

from tests import builders
from tests.integration.uploads_world import TRAIN, fault, good, once, upload_row, version


def told(stack):
    """(type, code, key) of what was published; versions have no code of their own."""
    return [(kind, detail.get("code"), detail.get("key")) for kind, detail in stack.published()]


def nothing_was_made(uploader, stack):
    assert read_datasets.list_datasets(10, None, stack.cloud).heads == ()
    assert uploader.keys("prepared/") == []
    assert all("/unrecognized/" in key for key in uploader.keys("reports/"))


def refused_as_unrecognised(uploader, stack, key):
    """The event alone is enough: the object is never asked for."""
    assert uploader.deliver(builders.object_created(key, version_id="v1")) == []
    assert told(stack) == [("DatasetRejected", "unrecognized_key", key)]
    nothing_was_made(uploader, stack)


def passed_over(uploader, stack, event):
    assert uploader.deliver(event) == []
    assert stack.published() == []
    nothing_was_made(uploader, stack)


def test_case_114_a_key_with_a_space_is_refused(uploader, stack):
    for key in [
        "incoming/support bot/train.jsonl",
        "incoming/support-bot/train data.jsonl",
        "incoming/support-bot/train /part.jsonl",
        "incoming/support-bot/train/part 1.jsonl",
        "incoming/support-bot/train.jsonl ",
    ]:
        refused_as_unrecognised(uploader, stack, key)


def test_case_115_a_key_is_never_unquoted_so_what_looks_quoted_is_refused(uploader, stack):
    for key in [
        "incoming/support+bot/train.jsonl",
        "incoming/support-bot/train%2Ejsonl",
        "incoming/support%2Dbot/train.jsonl",
        "incoming/support-bot%2Ftrain.jsonl",
        "incoming/support-bot/train/a%2B.jsonl",
        "incoming/support-bot/100%.txt",
    ]:
        refused_as_unrecognised(uploader, stack, key)


def test_case_116_unicode_in_a_key_is_refused_and_what_turns_its_direction_is_escaped_in_sentences(uploader, stack):
    for key in ["incoming/日本/train.jsonl", "incoming/bot🤖/train.jsonl", "incoming/\u202eabc/train.jsonl"]:
        assert uploader.deliver(builders.object_created(key, version_id="v1")) == []
        ((_, detail),) = stack.published()
        assert (detail["code"], detail["key"]) == ("unrecognized_key", key)
        assert detail["summary"].isprintable()
        nothing_was_made(uploader, stack)


def test_case_117_a_key_that_would_be_another_path_is_refused(uploader, stack):
    for key in [
        "incoming/../train.jsonl",
        "incoming/other/../support-bot/train.jsonl",
        "incoming/support-bot/../../prepared/train.jsonl",
        "incoming/support-bot/train/../train.jsonl",
        "incoming//train.jsonl",
        "incoming/support-bot//train.jsonl",
        "incoming/./support-bot/train.jsonl",
    ]:
        refused_as_unrecognised(uploader, stack, key)


def test_case_117_a_key_with_a_slash_before_it_does_not_lie_under_incoming(uploader, stack):
    passed_over(uploader, stack, builders.object_created("/incoming/support-bot/train.jsonl", version_id="v1"))


def test_case_118_a_key_of_1024_bytes_is_refused_and_not_repeated_in_sentences(uploader, stack):
    key = f"incoming/support-bot/train/{'x' * 991}.jsonl"
    assert len(key) == 1_024
    assert uploader.deliver(builders.object_created(key, version_id="v1")) == []
    ((_, detail),) = stack.published()
    assert (detail["code"], detail["key"]) == ("unrecognized_key", key)
    assert "x" * 50 not in detail["summary"]


def test_case_119_a_key_that_differs_only_in_case_is_another_key(uploader, stack):
    uploader.upload(TRAIN, good())
    stack.published()
    for key in [
        "incoming/Support-Bot/train.jsonl",
        "incoming/support-bot/Train.jsonl",
        "incoming/support-bot/TRAIN/part.jsonl",
        "incoming/support-bot/Dataset.toml",
        "incoming/support-bot/train/_Commit",
        "Incoming/support-bot/train.jsonl",
    ]:
        assert uploader.deliver(builders.object_created(key, version_id="v1")) == []
        expected = [] if key.startswith("Incoming") else [("DatasetRejected", "unrecognized_key", key)]
        assert told(stack) == expected
        assert read_datasets.get_dataset("support-bot", stack.cloud).latest == 1
        assert len(read_datasets.list_datasets(10, None, stack.cloud).heads) == 1


def test_case_120_a_folder_marker_is_passed_over(uploader, stack):
    for key in ["incoming/", "incoming/support-bot/", "incoming/support-bot/train/", "incoming/Any Folder/"]:
        passed_over(uploader, stack, uploader.put(key, b""))


def test_case_121_an_upper_case_suffix_is_refused_with_the_extensions_there_are(uploader, stack):
    for name in ["train.JSONL", "train.Csv", "train.jsonl.GZ", "train/part.PARQUET"]:
        key = f"incoming/support-bot/{name}"
        uploader.upload(key, good())
        ((_, detail),) = stack.published()
        assert (detail["code"], detail["key"]) == ("unrecognized_key", key)
        assert "jsonl" in detail["findings"][0]["hint"]
        nothing_was_made(uploader, stack)


def test_case_122_an_object_deleted_before_it_was_read_is_told(uploader, stack):
    event = uploader.put(TRAIN, good())
    uploader.erase(event)
    assert uploader.deliver(event) == []
    assert told(stack) == [("DatasetRejected", "object_gone", TRAIN)]
    assert upload_row(stack, event)["status"] == "gone"
    nothing_was_made(uploader, stack)


def test_case_122_a_delete_marker_over_it_hides_nothing(uploader, stack):
    event = uploader.put(TRAIN, good())
    uploader.delete(TRAIN)
    assert uploader.deliver(event) == []
    assert version(stack).status == "accepted"


def test_case_122_an_object_deleted_between_its_two_readings_rejects_its_version(uploader, stack):
    event = uploader.put(TRAIN, good())
    once(clients.dynamodb(), "dynamodb.TransactWriteItems", lambda: uploader.erase(event))
    assert uploader.deliver(event) == []
    assert version(stack).status == "rejected"
    assert uploader.report()["counts_by_code"] == {"object_gone": 1}


def test_case_123_an_object_overwritten_before_it_was_read_is_read_as_it_was(uploader, stack):
    first, second = uploader.put(TRAIN, good(40)), uploader.put(TRAIN, good(50))
    assert uploader.deliver(first) == []
    assert version(stack).preparations[0].records == 40
    assert version(stack).files["train"].sha256 == hashlib.sha256(good(40)).hexdigest()
    assert uploader.deliver(second) == []
    assert version(stack, 2).preparations[0].records == 50


def test_case_124_an_archived_object_is_told(uploader, stack):
    stored = stack.s3.put_object(Bucket=stack.bucket, Key=TRAIN, Body=good(), StorageClass="GLACIER")
    event = builders.object_created(TRAIN, version_id=stored["VersionId"])
    assert uploader.deliver(event) == []
    ((_, detail),) = stack.published()
    assert (detail["code"], detail["key"]) == ("object_gone", TRAIN)
    assert "InvalidObjectState" in detail["summary"]
    nothing_was_made(uploader, stack)


@pytest.mark.parametrize(
    ("operation", "code", "status"),
    [
        ("HeadObject", "400", 400),  # encrypted with a customer's key (SSE-C): a HEAD has no body, so no better code
        ("GetObject", "InvalidRequest", 400),
        ("GetObject", "KMS.DisabledException", 400),
    ],
)
def test_case_125_an_object_under_a_foreign_key_is_told_and_not_tried_for_ever(
    uploader, stack, operation, code, status
):
    event = uploader.put(TRAIN, good())
    once(clients.s3(), f"s3.{operation}", fault(code, operation, status))
    assert uploader.deliver(event) == []
    ((_, detail),) = stack.published()
    assert (detail["code"], detail["key"]) == ("object_gone", TRAIN)
    assert f"S3 answers {code}" in detail["summary"]
    nothing_was_made(uploader, stack)


@pytest.mark.parametrize(("operation", "code"), [("HeadObject", "403"), ("GetObject", "AccessDenied")])
def test_a_denial_is_told_at_the_third_delivery_because_a_new_stacks_policies_reach_s3_late(
    uploader, stack, operation, code
):
    event = uploader.put(TRAIN, good())
    for delivery in (1, 2):
        once(clients.s3(), f"s3.{operation}", fault(code, operation, 403))
        assert len(uploader.deliver(event, receive_count=delivery)) == 1
        assert stack.published() == []
    once(clients.s3(), f"s3.{operation}", fault(code, operation, 403))
    assert uploader.deliver(event, receive_count=3) == []
    ((_, detail),) = stack.published()
    assert (detail["code"], detail["key"]) == ("object_gone", TRAIN)
    assert f"S3 answers {code}" in detail["summary"]
    nothing_was_made(uploader, stack)


def test_a_denial_that_passes_costs_nothing(uploader, stack):
    event = uploader.put(TRAIN, good())
    once(clients.s3(), "s3.GetObject", fault("AccessDenied", "GetObject", 403))
    assert len(uploader.deliver(event)) == 1
    assert uploader.deliver(event, receive_count=2) == []
    assert version(stack).status == "accepted"


def test_case_126_a_multipart_upload_is_known_by_its_content_not_by_its_etag(uploader, stack):
    begun = stack.s3.create_multipart_upload(Bucket=stack.bucket, Key=TRAIN)["UploadId"]
    place = {"Bucket": stack.bucket, "Key": TRAIN, "UploadId": begun}
    part = stack.s3.upload_part(**place, PartNumber=1, Body=good())
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    stored = stack.s3.complete_multipart_upload(**place, MultipartUpload=parts)
    assert stored["ETag"].endswith('-1"')
    uploader.deliver(builders.object_created(TRAIN, version_id=stored["VersionId"]))
    assert version(stack).status == "accepted"
    assert version(stack).files["train"].sha256 == hashlib.sha256(good()).hexdigest()
    uploader.upload(TRAIN, good())
    assert read_datasets.get_dataset("support-bot", stack.cloud).latest == 1, "the same bytes make no version"


def test_case_127_a_wrong_content_encoding_changes_nothing(uploader, stack):
    stored = stack.s3.put_object(Bucket=stack.bucket, Key=TRAIN, Body=good(), ContentEncoding="gzip")
    assert uploader.deliver(builders.object_created(TRAIN, version_id=stored["VersionId"])) == []
    assert version(stack).status == "accepted"
    assert uploader.report()["counts_by_code"] == {}


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({"base-model": "../../etc/passwd"}, "unknown_base_model"),
        ({"base-model": "claude-3-haiku; rm -rf /"}, "unknown_base_model"),
        ({"base-model": ",,,"}, None),
        ({"base-model": " "}, "invalid_metadata"),
        ({"system": "=?UTF-8?B?c2VjcmV0?="}, "invalid_metadata"),
        ({"x" * 200: "y" * 1_000}, None),
        ({"constructor": "${jndi:ldap://x}", "aws": "{{7*7}}"}, None),
    ],
)
def test_case_128_hostile_metadata_is_told_where_it_would_count_and_else_never_looked_at(
    uploader, stack, metadata, code
):
    uploader.upload(TRAIN, good(), **metadata)
    assert version(stack).status == ("rejected" if code else "accepted")
    assert version(stack).base_models == ("claude-3-haiku",)
    assert uploader.report()["counts_by_code"] == ({code: 1} if code else {})


def test_case_128_object_tags_are_never_looked_at(uploader, stack):
    tags = "base-model=nova-lite&system=Be%20rude."
    stored = stack.s3.put_object(Bucket=stack.bucket, Key=TRAIN, Body=good(), Tagging=tags)
    uploader.deliver(builders.object_created(TRAIN, version_id=stored["VersionId"]))
    assert version(stack).base_models == ("claude-3-haiku",)
    assert b"rude" not in uploader.object("prepared/support-bot/1/claude-3-haiku/train.jsonl")


def test_case_129_an_event_about_another_bucket_or_account_is_passed_over(uploader, stack):
    uploader.put(TRAIN, good())
    foreign = builders.object_created(TRAIN, bucket="another-bucket", version_id="v1")
    passed_over(uploader, stack, foreign | {"account": "999999999999"})


def test_case_130_the_size_in_the_event_is_not_believed(uploader, stack):
    event = uploader.put(TRAIN, good())
    event["detail"]["object"]["size"] = 0
    assert uploader.deliver(event) == []
    assert version(stack).status == "accepted"
    assert version(stack).files["train"].bytes == len(good())


@pytest.mark.parametrize("replaced", [False, True])
def test_case_131_an_event_replayed_after_25_hours_changes_nothing(uploader, stack, replaced):
    event = uploader.put(TRAIN, good())
    uploader.deliver(event)
    if replaced:
        uploader.upload(TRAIN, good(50))
    before = stack.table.query("DATASET#support-bot").rows
    stack.published()
    later = stack.at(now=lambda: clock_and_ids.now() + timedelta(hours=25))
    take_upload.arrived(event, later, lambda _: None)
    assert stack.table.query("DATASET#support-bot").rows == before
    assert stack.published() == []


@pytest.mark.parametrize("folder", ["prepared", "reports"])
def test_case_132_what_the_application_writes_is_never_taken_for_an_upload(uploader, stack, folder):
    uploader.upload(TRAIN, good())
    stack.published()
    before = uploader.keys("")
    for key in uploader.keys(f"{folder}/"):
        latest = stack.s3.head_object(Bucket=stack.bucket, Key=key)["VersionId"]
        assert uploader.deliver(builders.object_created(key, version_id=latest)) == []
    assert uploader.keys("") == before
    assert stack.published() == []
    assert json.dumps(before).count(folder) >= 1
