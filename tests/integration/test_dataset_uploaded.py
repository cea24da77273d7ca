"""From the S3 event on the queue to prepared data, report, rows and notification, over real botocore."""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import partial
from pathlib import Path

import dataset_uploaded
import pytest
from tunedrop.actions.datasets import read_datasets
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.checks import examples
from tunedrop.domain.training.job_plan import UnpreparedVersion
from tunedrop.edges import clients
from tunedrop.edges import settings as settings_module
from tunedrop.edges.s3 import object_writer
from tunedrop.errors import Conflict, InvalidInput, NotFound

from tests import builders, next_commands
from tests.integration.uploads_world import SETTINGS, TRAIN, VALIDATION, fault, good, once, upload_row, version
from tests.template.stack import NAME

zipped = partial(gzip.compress, mtime=0)  # the same bytes, and so the same test, in every process


def test_a_train_file_becomes_a_prepared_version_with_report_rows_and_notification(uploader, stack):
    event = uploader.put(TRAIN, good())
    assert uploader.deliver(event) == []

    prepared = uploader.object("prepared/support-bot/1/claude-3-haiku/train.jsonl")
    first, *others = [json.loads(line) for line in prepared.splitlines()]
    assert first == {
        "messages": [{"role": "user", "content": "What is 0 + 1?"}, {"role": "assistant", "content": "It is 1."}]
    }
    assert len(others) == 39

    accepted = read_datasets.accepted("support-bot", None, "claude-3-haiku", stack.cloud)
    assert (accepted.version, accepted.validation, accepted.owner) == (1, None, None)
    assert accepted.train.sha256 == hashlib.sha256(prepared).hexdigest()
    assert (accepted.train.bytes, accepted.train.records) == (len(prepared), 40)
    assert accepted.tokens_per_epoch == uploader.report()["tokens"]["total"]
    assert upload_row(stack, event)["status"] == "done"
    assert upload_row(stack, event)["version"] == 1

    ((kind, detail),) = stack.published()
    assert (kind, detail["dataset"], detail["version"], detail["status"]) == (
        "DatasetPrepared",
        "support-bot",
        1,
        "accepted",
    )
    assert detail["splits"][0]["records"] == 40
    assert next_commands.job(detail["next_command"]) == {
        "dataset": "support-bot",
        "version": 1,
        "base_model": "claude-3-haiku",
    }


def test_the_report_has_all_that_was_promised(uploader):
    body = good() + b"oops\n"
    event = uploader.put(TRAIN, body)
    uploader.deliver(event)
    report = uploader.report()
    assert list(report) == [
        "schema", "tunedrop", "dataset", "version", "split", "base_model", "verdict", "format", "records", "files",
        "output", "findings", "counts_by_code", "truncated_codes", "normalised", "policy", "tokens", "cost",
        "lengths",
        "repeated", "smallest_difference", "media",
    ]  # fmt: skip
    assert report["files"] == [
        {
            "key": TRAIN,
            "version_id": event["detail"]["object"]["version-id"],
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
    ]
    assert report["output"] is None
    assert report["findings"] == [
        {
            "code": "invalid_json",
            "severity": "error",
            "source": TRAIN,
            "record": 41,
            "line": 41,
            "path": "$",
            "message": "Not valid JSON at column 1: expecting value.",
            "hint": report["findings"][0]["hint"],
        }
    ]
    assert set(report["tokens"]) == {"estimator", "margin", "total", "p50", "p95", "max"}
    assert report["cost"] == {
        "trained_tokens_per_epoch": report["tokens"]["total"],
        "price": None,
        "currency": "USD",
        "amount": None,
    }
    assert report["policy"] == {"name": "default", "ignore": [], "error": []}
    assert {frozenset(bin_) for bin_ in report["lengths"]} == {frozenset({"from", "to", "records"})}
    assert sum(bin_["records"] for bin_ in report["lengths"]) == 40


def test_a_configured_price_gives_an_amount(uploader, environment):
    environment.setenv("TUNEDROP_PRICES", '{"claude-3-haiku.training_per_1000_tokens": 0.5}')
    settings_module.settings.cache_clear()
    uploader.upload(TRAIN, good())
    report = uploader.report()
    assert report["cost"]["amount"] == round(report["tokens"]["total"] * 0.0005, 6)


def test_a_second_split_makes_a_version_that_holds_both(uploader, stack):
    uploader.upload(TRAIN, good())
    uploader.upload(VALIDATION, good(40, 500))
    accepted = read_datasets.accepted("support-bot", 2, "claude-3-haiku", stack.cloud)
    assert accepted.validation is not None
    assert accepted.train.key == "prepared/support-bot/2/claude-3-haiku/train.jsonl"
    assert uploader.report(2, split="train")["version"] == 2
    assert read_datasets.accepted("support-bot", 1, "claude-3-haiku", stack.cloud).validation is None
    assert [kind for kind, _ in stack.published()] == ["DatasetPrepared", "DatasetPrepared"]


def test_one_pass_prepares_for_every_base_model_that_dataset_toml_names(uploader, stack):
    uploader.upload(
        SETTINGS,
        'base_models = ["nova-lite", "claude-3-haiku"]\nsystem = "Be brief."\nowner = "team"',
    )
    uploader.upload(TRAIN, good(100))
    lines = {
        name: json.loads(uploader.object(f"prepared/support-bot/1/{name}/train.jsonl").splitlines()[0])
        for name in ("nova-lite", "claude-3-haiku")
    }
    assert lines["nova-lite"]["system"] == [{"text": "Be brief."}]
    assert lines["nova-lite"]["schemaVersion"] == "bedrock-conversation-2024"
    assert lines["claude-3-haiku"]["system"] == "Be brief."
    assert version(stack).owner == "team"
    assert version(stack).status == "accepted"


def test_a_system_text_is_never_prepended_silently(uploader, stack):
    uploader.upload(SETTINGS, 'base_models = ["llama-3-1-8b", "claude-3-haiku"]\nsystem = "Be brief."')
    uploader.upload(TRAIN, good(100))

    assert uploader.report(base_model="llama-3-1-8b")["counts_by_code"] == {"not_expressible": 100}
    assert uploader.report(base_model="claude-3-haiku")["verdict"] == "accepted"
    assert version(stack).status == "rejected"


def test_one_base_model_may_refuse_what_another_takes(uploader, stack):
    uploader.upload(SETTINGS, 'base_models = ["claude-3-haiku", "nova-lite"]')
    stack.published()
    uploader.upload(TRAIN, good() + examples.line("User: hello", "Hello.").encode())
    assert version(stack).status == "rejected"
    assert read_datasets.accepted("support-bot", 1, "claude-3-haiku", stack.cloud).train.records == 41
    with pytest.raises(Conflict) as refused:
        read_datasets.accepted("support-bot", 1, "nova-lite", stack.cloud)
    assert refused.value.code == "dataset_rejected"
    assert refused.value.details["reports"] == ["reports/support-bot/1/nova-lite/train.json"]
    assert uploader.keys("prepared/support-bot/1/nova-lite/") == []
    ((kind, detail),) = stack.published()
    assert kind == "DatasetRejected"
    assert [(row["code"], row["base_model"], row["line"]) for row in detail["findings"]] == [
        ("reserved_word", "nova-lite", 41),
        ("not_trained_here", "nova-lite", None),
    ]


def test_nothing_of_the_content_reaches_log_or_notification(uploader, stack, capfd):
    uploader.upload(TRAIN, good() + b'{"prompt": "My secret is 4711", "completion": 5}\nsecret 4711\n')
    said = json.dumps(stack.published()) + "".join(capfd.readouterr())
    assert "4711" not in said
    assert "secret" not in said


def test_the_same_event_again_changes_nothing(uploader, stack):
    event = uploader.put(TRAIN, good())
    uploader.deliver(event)
    before = stack.table.query("DATASET#support-bot").rows
    stack.published()
    assert uploader.deliver(event, event) == []
    assert stack.table.query("DATASET#support-bot").rows == before
    assert stack.published() == []


def test_the_same_bytes_again_make_no_version_and_say_so(uploader, stack):
    uploader.upload(TRAIN, good())
    stack.published()
    event = uploader.put(TRAIN, good())
    uploader.deliver(event)
    assert read_datasets.get_dataset("support-bot", stack.cloud).latest == 1
    assert (upload_row(stack, event)["status"], upload_row(stack, event)["version"]) == ("unchanged", 1)
    ((kind, detail),) = stack.published()
    assert (kind, detail["unchanged"], detail["version"]) == ("DatasetPrepared", True, 1)
    assert "no new version" in detail["summary"]


def test_an_older_upload_that_comes_late_never_replaces_a_newer_one(uploader, stack):
    older, newer = uploader.put(TRAIN, good(40)), uploader.put(TRAIN, good(50))
    uploader.deliver(newer, older)
    assert version(stack).preparations[0].records == 50
    assert read_datasets.get_dataset("support-bot", stack.cloud).latest == 1
    assert upload_row(stack, older)["status"] == "superseded"


def test_of_two_splits_at_once_the_later_version_holds_both(uploader, stack):
    train, validation = uploader.put(TRAIN, good()), uploader.put(VALIDATION, good(40, 500))
    once(clients.dynamodb(), "dynamodb.TransactWriteItems", lambda: uploader.deliver(validation) and None)
    assert uploader.deliver(train) == []
    assert version(stack, 1).status == "incomplete"
    assert set(version(stack, 2).splits) == {"train", "validation"}
    assert version(stack, 2).status == "accepted"
    assert read_datasets.get_dataset("support-bot", stack.cloud).latest == 2


def test_two_deliveries_of_one_event_at_once_make_one_version(uploader, stack):
    event = uploader.put(TRAIN, good())
    once(clients.dynamodb(), "dynamodb.TransactWriteItems", lambda: uploader.deliver(event) and None)
    assert uploader.deliver(event) == []
    assert read_datasets.get_dataset("support-bot", stack.cloud).latest == 1
    assert version(stack).status == "accepted"
    assert len({detail["event_id"] for _, detail in stack.published()}) == 1


@pytest.mark.parametrize("call", ["s3.HeadObject", "s3.GetObject", "s3.PutObject", "dynamodb.TransactWriteItems"])
def test_a_transient_fault_gives_the_message_back_and_the_next_delivery_finishes(uploader, stack, call):
    event = uploader.put(TRAIN, good())
    service, operation = call.split(".")
    once(getattr(clients, service)(), call, fault("ServiceUnavailable", operation))
    assert len(uploader.deliver(event)) == 1
    assert upload_row(stack, event)["status"] == "processing"
    assert uploader.deliver(event, receive_count=2) == []
    assert [item.number for item in read_datasets.list_versions("support-bot", 10, None, stack.cloud).versions] == [1]
    assert version(stack).status == "accepted"
    assert [kind for kind, _ in stack.published()] == ["DatasetPrepared"]


def test_a_verdict_that_could_not_be_told_is_told_by_the_next_delivery(uploader, stack):
    event = uploader.put(TRAIN, good())
    once(clients.events(), "events.PutEvents", fault("InternalException", "PutEvents"))
    assert len(uploader.deliver(event)) == 1
    assert version(stack).status == "accepted"
    uploader.deliver(event)
    assert [kind for kind, _ in stack.published()] == ["DatasetPrepared"]


def test_a_crash_after_the_verdict_leaves_no_dataset_that_seems_to_be_processing(uploader, stack):
    event = uploader.put(TRAIN, good())
    once(clients.dynamodb(), "dynamodb.UpdateItem", fault("InternalServerError", "UpdateItem"))
    assert len(uploader.deliver(event)) == 1
    assert version(stack).status == "accepted"
    assert uploader.deliver(event) == []
    assert read_datasets.get_dataset("support-bot", stack.cloud).status == "accepted"


def test_settings_noted_before_a_crash_are_not_taken_for_a_repetition(uploader, stack):
    event = uploader.put(SETTINGS, 'owner = "me"')
    once(clients.dynamodb(), "dynamodb.UpdateItem", fault("InternalServerError", "UpdateItem"))
    assert len(uploader.deliver(event)) == 1
    assert uploader.deliver(event) == []
    assert upload_row(stack, event, "dataset.toml")["status"] == "noted"


@pytest.mark.parametrize(("count", "seconds"), [(1, 30), (2, 60), (5, 480), (40, 43_200)])
def test_a_message_that_failed_waits_twice_as_long_each_time(uploader, stack, count, seconds):
    asked: list[int] = []
    clients.sqs().meta.events.register_first(
        "provide-client-params.sqs.ChangeMessageVisibility",
        lambda params, **_: asked.append(params["VisibilityTimeout"]),
    )
    event = uploader.put(TRAIN, good())
    once(clients.s3(), "s3.HeadObject", fault("SlowDown", "HeadObject"))
    assert len(uploader.deliver(event, receive_count=count)) == 1
    assert asked == [seconds]


@pytest.mark.parametrize("body", ["not json", "[]", "{}", '{"schema": 1, "kind": "unknown"}'])
def test_a_message_that_cannot_be_read_is_kept_for_the_dead_letter_queue(stack, body):
    answer = dataset_uploaded.handler(builders.sqs_event(body), builders.LambdaContext())
    assert len(answer["batchItemFailures"]) == 1


def test_a_version_without_train_is_incomplete_until_train_comes(uploader, stack):
    uploader.upload(VALIDATION, good(40, 500))
    assert version(stack).status == "incomplete"
    assert stack.published() == []
    assert uploader.keys("reports/") == []
    with pytest.raises(Conflict) as refused:
        read_datasets.accepted("support-bot", None, "claude-3-haiku", stack.cloud)
    assert refused.value.code == "version_incomplete"
    uploader.upload(TRAIN, good())
    assert set(version(stack, 2).splits) == {"train", "validation"}


def test_dataset_toml_makes_a_new_version_of_the_current_splits(uploader, stack):
    uploader.upload(TRAIN, good(100))
    uploader.upload(SETTINGS, 'base_models = ["nova-lite"]')
    assert version(stack, 2).base_models == ("nova-lite",)
    assert read_datasets.accepted("support-bot", 2, "claude-3-haiku", stack.cloud) == UnpreparedVersion(
        "support-bot", 2, None
    )


def test_settings_that_cannot_be_followed_reject_the_version_with_their_own_line(uploader, stack):
    uploader.upload(TRAIN, good())
    uploader.upload(SETTINGS, 'base_modles = ["nova-lite"]\nsystem = """')
    uploader.upload(SETTINGS, 'base_modles = ["nova-lite"]')
    assert (version(stack, 2).status, version(stack, 3).status) == ("rejected", "rejected")
    (broken,) = uploader.report(2)["findings"]
    assert (broken["code"], broken["source"], broken["line"]) == ("invalid_settings", SETTINGS, 2)
    (unknown,) = uploader.report(3)["findings"]
    assert unknown["code"] == "unknown_setting"
    assert "base_models, system, owner" in unknown["message"]


@pytest.mark.parametrize("order", [("system.txt", "dataset.toml"), ("dataset.toml", "system.txt")])
def test_a_system_text_file_is_found_whichever_comes_first(uploader, stack, order):
    uploader.upload(TRAIN, good())
    bodies = {"system.txt": "Sei höflich.\n", "dataset.toml": 'system = { file = "system.txt" }'}
    for name in order:
        uploader.upload(f"incoming/support-bot/{name}", bodies[name])
    latest = read_datasets.get_dataset("support-bot", stack.cloud).latest
    assert version(stack, latest).status == "accepted"
    prepared = uploader.object(f"prepared/support-bot/{latest}/claude-3-haiku/train.jsonl")
    assert json.loads(prepared.splitlines()[0])["system"] == "Sei höflich."


def test_a_system_text_file_that_is_missing_or_no_text_is_an_error(uploader):
    uploader.upload(TRAIN, good())
    uploader.upload(SETTINGS, 'system = { file = "system.txt" }')
    assert uploader.report(2)["counts_by_code"] == {"system_file_missing": 1}
    uploader.upload("incoming/support-bot/system.txt", b"\xff\xfe")
    assert uploader.report(3)["counts_by_code"] == {"invalid_system_file": 1}


def test_metadata_overrides_settings_where_one_line_of_ascii_is_enough(uploader, stack):
    uploader.upload(SETTINGS, 'base_models = ["claude-3-haiku"]\nsystem = "From the file."')
    uploader.upload(TRAIN, good(100), **{"base-model": "nova-lite", "system": "From metadata."})
    assert version(stack).base_models == ("nova-lite",)
    prepared = uploader.object("prepared/support-bot/1/nova-lite/train.jsonl")
    assert json.loads(prepared.splitlines()[0])["system"] == [{"text": "From metadata."}]


def test_metadata_with_an_unknown_base_model_is_refused_with_the_allowed_ones(uploader):
    uploader.upload(TRAIN, good(), **{"base-model": "claude-9"})
    (finding,) = uploader.report()["findings"]
    assert (finding["code"], finding["source"]) == ("unknown_base_model", TRAIN)
    assert ", ".join(catalogue.catalogue()) in finding["message"]


@pytest.mark.parametrize(
    ("key", "body", "code"),
    [
        ("train.jsonl", zipped(good()), "wrong_extension"),
        ("train.jsonl", b"%PDF-1.7", "unsupported_file"),
        ("train.jsonl", "prompt,completion\na,b\n", "wrong_extension"),
        ("train.jsonl", good().decode().encode("utf-16"), "wrong_encoding"),
        ("train.jsonl", b"", "empty_file"),
        ("train.csv", good(), "wrong_extension"),
        ("train.jsonl.gz", good(), "wrong_extension"),
        ("train.jsonl.gz", zipped(good())[:-9], "broken_gzip"),
        ("train.json", "[]", "empty_file"),
        ("train.parquet", good(), "unsupported_file"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_a_rejected_version_with_one_finding(uploader, stack, key, body, code):
    uploader.upload(f"incoming/support-bot/{key}", body)
    assert uploader.report()["counts_by_code"] == {code: 1}
    assert version(stack).status == "rejected"
    ((kind, detail),) = stack.published()
    assert (kind, detail["findings"][0]["code"]) == ("DatasetRejected", code)


@pytest.mark.parametrize(
    "key",
    [
        "incoming/train.jsonl",
        "incoming/Support Bot/train.jsonl",
        "incoming/support-bot/training.jsonl",
        "incoming/support-bot/train+1.jsonl",
        "incoming/support-bot/train%2B1.jsonl",
        "incoming/support-bot/train/more/part.jsonl",
        "incoming/support-bot/train/_SUCCESS",
        "incoming/日本/train.jsonl",
    ],
)
def test_a_key_that_fits_no_pattern_is_told_and_changes_nothing(uploader, stack, key):
    uploader.upload(key, good())
    ((kind, detail),) = stack.published()
    assert (kind, detail["code"], detail["key"]) == ("DatasetRejected", "unrecognized_key", key)
    assert detail["next_command"] == f"tunedrop push --help --stack-name {NAME}"
    assert read_datasets.list_datasets(10, None, stack.cloud).heads == ()
    assert uploader.keys("prepared/") == []
    (report,) = uploader.keys("reports/")
    folder = "support-bot" if key.startswith("incoming/support-bot/") else "_"
    assert report.startswith(f"reports/{folder}/unrecognized/")
    told = json.loads(uploader.object(report))
    assert (told["verdict"], told["files"][0]["key"]) == ("rejected", key)
    assert [finding["hint"] for finding in told["findings"]] == [detail["findings"][0]["hint"]]


def test_events_about_other_buckets_prefixes_and_folder_markers_are_passed_over(uploader, stack):
    foreign = builders.object_created(TRAIN, bucket="another-bucket", version_id="x")
    own_output = builders.object_created("prepared/support-bot/1/claude-3-haiku/train.jsonl", version_id="x")
    assert uploader.deliver(foreign, own_output, uploader.put("incoming/support-bot/", b"")) == []
    assert stack.published() == []
    assert read_datasets.list_datasets(10, None, stack.cloud).heads == ()


def test_without_a_version_id_in_the_event_it_is_asked_for(uploader, stack):
    event = uploader.put(TRAIN, good())
    version_id = event["detail"]["object"].pop("version-id")
    uploader.deliver(event)
    assert version(stack).files["train"].version_id == version_id


def test_an_upload_deleted_before_it_was_read_is_told(uploader, stack):
    event = uploader.put(TRAIN, good())
    stack.s3.delete_object(Bucket=stack.bucket, Key=TRAIN, VersionId=event["detail"]["object"]["version-id"])
    assert uploader.deliver(event) == []
    ((kind, detail),) = stack.published()
    assert (kind, detail["code"]) == ("DatasetRejected", "object_gone")
    assert upload_row(stack, event)["status"] == "gone"
    with pytest.raises(NotFound):
        read_datasets.get_dataset("support-bot", stack.cloud)


def test_a_carried_over_split_that_was_deleted_rejects_the_version(uploader, stack):
    event = uploader.put(TRAIN, good())
    uploader.deliver(event)
    stack.s3.delete_object(Bucket=stack.bucket, Key=TRAIN, VersionId=event["detail"]["object"]["version-id"])
    uploader.upload(VALIDATION, good(40, 500))
    assert version(stack, 2).status == "rejected"
    assert uploader.report(2)["counts_by_code"] == {"object_gone": 1}
    assert read_datasets.accepted("support-bot", 1, "claude-3-haiku", stack.cloud).version == 1


def test_an_object_that_may_not_be_read_is_told_rather_than_tried_for_ever(uploader, stack):
    once(clients.s3(), "s3.GetObject", fault("InvalidObjectState", "GetObject", 403))
    uploader.upload(TRAIN, good())
    ((_, detail),) = stack.published()
    assert detail["code"] == "object_gone"
    assert "InvalidObjectState" in detail["summary"]


def large(records):
    """So many records of 24 KB and more."""
    return [examples.line(f"What is {number}?", f"no {number} " * 4_000) for number in range(records)]


def test_a_large_file_goes_through_in_parts_and_comes_out_whole(uploader, stack):
    records = large(700)
    uploader.upload(TRAIN, "\n".join(records))
    prepared = uploader.object("prepared/support-bot/1/claude-3-haiku/train.jsonl")
    assert len(prepared) > 2 * object_writer.PART_BYTES
    assert version(stack).preparations[0].output is not None
    assert version(stack).preparations[0].output.sha256 == hashlib.sha256(prepared).hexdigest()
    assert json.loads(prepared.splitlines()[699])["messages"][1]["content"] == "no 699 " * 4_000


def test_a_large_file_with_an_error_at_its_end_leaves_no_parts_behind(uploader, stack):
    parts = []
    clients.s3().meta.events.register("before-call.s3.UploadPart", lambda **_: parts.append(1))
    uploader.upload(TRAIN, "\n".join([*large(400), "oops"]))
    assert parts
    assert version(stack).status == "rejected"
    assert uploader.keys("prepared/") == []
    assert "Uploads" not in stack.s3.list_multipart_uploads(Bucket=stack.bucket)


def test_many_findings_of_a_delivery_that_failed_leave_no_parts_behind_and_the_next_stores_them(uploader, stack):
    turns = [{"role": role, "content": ""} for role in ("user", "assistant")] * 100
    event = uploader.put(TRAIN, "\n".join(json.dumps({"messages": turns}) for _ in range(200)))
    once(clients.s3(), "s3.CompleteMultipartUpload", fault("SlowDown", "CompleteMultipartUpload"))
    assert len(uploader.deliver(event)) == 1
    assert "Uploads" not in stack.s3.list_multipart_uploads(Bucket=stack.bucket)
    assert uploader.deliver(event) == []
    stored = uploader.object("reports/support-bot/1/claude-3-haiku/train.findings.jsonl")
    assert len(stored) > object_writer.PART_BYTES
    assert stored.count(b"\n") == sum(uploader.report()["counts_by_code"].values()) > 40_000


def test_train_and_validation_over_the_sum_reject_the_version_in_validation(uploader, stack):
    uploader.upload(SETTINGS, 'base_models = ["claude-3-haiku"]')
    uploader.upload(TRAIN, good(9_990))
    uploader.upload(VALIDATION, good(40, 20_000))
    assert uploader.report(2, split="train")["verdict"] == "accepted"
    assert uploader.report(2, split="validation")["counts_by_code"] == {"too_many_records_together": 1}
    assert version(stack, 2).status == "rejected"


def test_what_is_not_there_is_refused_with_the_newest_version(uploader, stack):
    with pytest.raises(NotFound) as missing:
        read_datasets.accepted("support-bot", None, "claude-3-haiku", stack.cloud)
    assert missing.value.code == "unknown_dataset"
    uploader.upload(TRAIN, good())
    for number in (0, 2, -1):
        with pytest.raises(NotFound) as missing:
            read_datasets.accepted("support-bot", number, "claude-3-haiku", stack.cloud)
        assert (missing.value.code, missing.value.details["latest"]) == ("unknown_version", 1)
    with pytest.raises(InvalidInput) as unknown:
        read_datasets.accepted("support-bot", 1, "claude-9", stack.cloud)
    assert unknown.value.code == "unknown_base_model"


def test_a_version_in_the_making_cannot_be_trained_on_yet(uploader, stack):
    once(clients.s3(), "s3.PutObject", fault("SlowDown"))
    uploader.deliver(uploader.put(TRAIN, good()))
    with pytest.raises(Conflict) as refused:
        read_datasets.accepted("support-bot", None, "claude-3-haiku", stack.cloud)
    assert refused.value.code == "version_processing"


def test_datasets_and_versions_are_listed_newest_first_by_pages(uploader, stack):
    for name in ("alpha", "beta"):
        uploader.upload(f"incoming/{name}/train.jsonl", good())
    uploader.upload("incoming/alpha/train.jsonl", good(41))
    first = read_datasets.list_datasets(1, None, stack.cloud)
    second = read_datasets.list_datasets(1, first.cursor, stack.cloud)
    assert [head.dataset for head in (*first.heads, *second.heads)] == ["alpha", "beta"]
    assert (first.heads[0].latest, first.heads[0].status) == (2, "accepted")
    page = read_datasets.list_versions("alpha", 1, None, stack.cloud)
    assert [item.number for item in page.versions] == [2]
    rest = read_datasets.list_versions("alpha", 5, page.cursor, stack.cloud)
    assert [item.number for item in rest.versions] == [1]


@pytest.mark.parametrize("base_model", list(catalogue.catalogue()))
def test_the_sample_data_of_the_demo_is_accepted_without_a_finding(uploader, stack, base_model):
    uploader.upload(SETTINGS, f'base_models = ["{base_model}"]')
    splits = ("train", "validation") if catalogue.find(base_model).validation else ("train",)
    for split in splits:
        body = (Path(__file__).parents[2] / "demo" / "data" / f"{split}.jsonl").read_bytes()
        uploader.upload(f"incoming/support-bot/{split}.jsonl", body)
    newest = version(stack, len(splits))
    assert newest.status == "accepted"
    elsewhere = "us-west-2" not in catalogue.find(base_model).regions
    told = {item.split: (item.errors, item.warnings) for item in newest.preparations}
    assert told == {split: (0, int(elsewhere and split == "train")) for split in splits}
    report = uploader.report(len(splits), base_model)
    assert report["counts_by_code"] == ({"not_trained_here": 1} if elsewhere else {})


def test_a_page_leads_to_the_version_before_with_what_changed(uploader, stack):
    uploader.upload(SETTINGS, 'base_models = ["claude-3-haiku", "nova-lite"]')
    uploader.upload(TRAIN, good())
    uploader.upload(VALIDATION, good(34, 600))
    uploader.upload(TRAIN, good() + good(3))
    page = uploader.object("reports/support-bot/3/claude-3-haiku/train.html").decode()
    assert 'href="../../2/claude-3-haiku/train.html"' in page
    assert 'href="../nova-lite/train.html"' in page
    assert 'href="validation.html"' in page
    assert "40 (+3 here)" in page
    assert "<code>exact_duplicate</code> 0 → 3" in page
    carried = uploader.object("reports/support-bot/2/claude-3-haiku/train.html").decode()
    assert 'href="../../1/claude-3-haiku/train.html"' in carried
