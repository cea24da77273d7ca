"""Train that has not changed: copied from the version before and compared by stored fingerprints, never read again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from tunedrop.edges import clients
from tunedrop.edges import settings as settings_module

from tests.integration.uploads_world import SETTINGS, TRAIN, VALIDATION, Uploader, good, version

STORED = "reports/support-bot/1/train.fingerprints"


@pytest.fixture
def read(uploader: Uploader) -> Iterator[list[str]]:
    """Keys of all objects that the functions read."""
    keys: list[str] = []

    def note(params, **_):
        keys.append(params["Key"])

    events = clients.s3().meta.events
    events.register("provide-client-params.s3.GetObject", note)
    yield keys
    events.unregister("provide-client-params.s3.GetObject", note)


def test_a_new_validation_split_leaves_train_unread(uploader, read):
    uploader.upload(TRAIN, good(40))
    assert TRAIN in read
    read.clear()
    uploader.upload(VALIDATION, good(40, 500))
    assert TRAIN not in read
    report = uploader.report(version=2)
    assert (report["version"], report["verdict"], report["records"]) == (2, "accepted", 40)
    assert report["output"]["key"] == "prepared/support-bot/2/claude-3-haiku/train.jsonl"
    assert uploader.object(report["output"]["key"]) == uploader.object(
        "prepared/support-bot/1/claude-3-haiku/train.jsonl"
    )
    assert {**report, "version": 1, "output": None} == {**uploader.report(version=1), "output": None}
    assert b"support-bot@2" in uploader.object("reports/support-bot/2/claude-3-haiku/train.html")


def test_leaks_into_the_new_split_are_found_by_stored_fingerprints(uploader, read):
    uploader.upload(TRAIN, good(40))
    read.clear()
    uploader.upload(VALIDATION, good(40, 38))
    report = uploader.report(version=2, split="validation")
    assert report["counts_by_code"] == {"split_overlap": 2}
    assert [finding["line"] for finding in report["findings"]] == [1, 2]
    assert STORED in read
    assert TRAIN not in read


def test_what_was_carried_can_be_carried_on(uploader, read):
    uploader.upload(TRAIN, good(40))
    uploader.upload(VALIDATION, good(40, 500))
    read.clear()
    uploader.upload(VALIDATION, good(40, 38))
    assert TRAIN not in read
    assert uploader.report(version=3, split="validation")["counts_by_code"] == {"split_overlap": 2}


def test_a_rejected_train_split_stays_rejected(uploader, read):
    uploader.upload(TRAIN, good(40) + b"oops\n")
    read.clear()
    uploader.upload(VALIDATION, good(40, 500))
    assert TRAIN not in read
    report = uploader.report(version=2)
    assert (report["verdict"], report["output"]) == ("rejected", None)
    assert version(uploader.stack, 2).status == "rejected"


@pytest.mark.parametrize(
    "settings",
    [
        'system = "You are the help desk."',
        'base_models = ["nova-lite"]',
        '[checks]\nerror = ["near_duplicate"]',
        '[tools]\nrendering = "json-blocks-1"',
    ],
)
def test_other_settings_have_train_read_again(uploader, read, settings):
    uploader.upload(TRAIN, good(40))
    read.clear()
    uploader.upload(SETTINGS, settings)
    assert TRAIN in read


def test_without_its_fingerprints_train_is_read_again(uploader, read):
    uploader.upload(TRAIN, good(40))
    uploader.stack.s3.delete_object(Bucket=uploader.stack.bucket, Key=STORED)
    read.clear()
    uploader.upload(VALIDATION, good(40, 38))
    assert TRAIN in read
    assert uploader.report(version=2, split="validation")["counts_by_code"] == {"split_overlap": 2}


def test_damaged_fingerprints_have_train_read_again(uploader, read):
    uploader.upload(TRAIN, good(40))
    uploader.stack.s3.put_object(Bucket=uploader.stack.bucket, Key=STORED, Body=b"oops")
    read.clear()
    uploader.upload(VALIDATION, good(40, 500))
    assert TRAIN in read
    assert uploader.report(version=2)["verdict"] == "accepted"


def test_counts_of_both_splits_together_are_made_anew(uploader, read):
    uploader.upload(SETTINGS, 'base_models = ["llama-3-1-8b"]')
    uploader.upload(TRAIN, good(60))
    assert uploader.report(base_model="llama-3-1-8b")["counts_by_code"] == {"too_few_records_together": 1}
    read.clear()
    uploader.upload(VALIDATION, good(40, 500))
    assert TRAIN in read
    assert uploader.report(version=2, base_model="llama-3-1-8b")["verdict"] == "accepted"


def test_what_was_erased_does_not_live_on_in_a_copy(uploader):
    event = uploader.put(TRAIN, good(40))
    uploader.deliver(event)
    uploader.erase(event)
    uploader.upload(VALIDATION, good(40, 500))
    assert set(uploader.report(version=2)["counts_by_code"]) >= {"object_gone"}
    assert "prepared/support-bot/2/claude-3-haiku/train.jsonl" not in uploader.keys("prepared/")


def test_a_new_price_is_told_at_once(uploader, environment):
    uploader.upload(TRAIN, good(40))
    environment.setenv("TUNEDROP_PRICES", '{"claude-3-haiku.training_per_1000_tokens": 0.5}')
    settings_module.settings.cache_clear()
    uploader.upload(VALIDATION, good(40, 500))
    assert uploader.report(version=2)["cost"]["price"] == 0.5


def test_where_a_copy_fails_train_is_read_as_if_it_were_new(uploader, read):
    uploader.upload(TRAIN, good(40))
    stored = uploader.report()["output"]["key"]
    for item in uploader.stack.s3.list_object_versions(Bucket=uploader.stack.bucket, Prefix=stored)["Versions"]:
        uploader.stack.s3.delete_object(Bucket=uploader.stack.bucket, Key=stored, VersionId=item["VersionId"])
    read.clear()
    uploader.upload(VALIDATION, good(40, 38))
    assert TRAIN in read
    assert uploader.report(version=2)["counts_by_code"] == {}
    assert uploader.report(version=2, split="validation")["counts_by_code"] == {"split_overlap": 2}


def test_all_findings_lie_beside_a_report_that_lists_only_the_first_and_are_carried_with_it(uploader, read):
    lines = good(40) + good(40) * 2
    uploader.upload(TRAIN, lines)
    report = uploader.report(version=1)
    assert report["truncated_codes"] == ["exact_duplicate"]
    place = "reports/support-bot/{}/claude-3-haiku/train.findings.{}"
    told = [json.loads(line) for line in uploader.object(place.format(1, "jsonl")).splitlines()]
    assert [(each["code"], each["line"]) for each in told] == [("exact_duplicate", line) for line in range(41, 121)]
    assert uploader.object(place.format(1, "csv")).count(b"\r\n") == 81
    assert b"train.findings.csv" in uploader.object("reports/support-bot/1/claude-3-haiku/train.html")
    kinds = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}
    read.clear()
    uploader.upload(VALIDATION, good(40, 500))
    assert TRAIN not in read
    for form, kind in kinds.items():
        for number in (1, 2):
            stored = uploader.stack.s3.head_object(Bucket=uploader.stack.bucket, Key=place.format(number, form))
            assert stored["ContentType"] == kind
        assert uploader.object(place.format(2, form)) == uploader.object(place.format(1, form))


def test_a_report_that_lists_all_findings_has_no_others_beside_it(uploader):
    uploader.upload(TRAIN, good(40) + b"oops\n")
    assert not [key for key in uploader.keys("reports/") if ".findings." in key]
