"""dataset.toml from its arrival to what it does to a version."""

from __future__ import annotations

import json

import pytest
from tunedrop.actions.datasets import read_datasets
from tunedrop.domain.reading import kept_fields
from tunedrop.domain.versions import object_keys
from tunedrop.edges import settings as settings_module

from tests.integration.uploads_world import SETTINGS, TRAIN, VALIDATION, good, upload_row, version


def findings(uploader, number=1, base_model="claude-3-haiku", split="train"):
    """(code, line) of everything found in dataset.toml."""
    report = uploader.report(number, base_model, split)
    return [(item["code"], item["line"]) for item in report["findings"] if item["source"] == SETTINGS]


def test_settings_alone_are_noted_and_make_no_version(uploader, stack):
    event = uploader.put(SETTINGS, 'owner = "team"')
    assert uploader.deliver(event) == []
    assert upload_row(stack, event, "dataset.toml")["status"] == "noted"
    assert read_datasets.get_dataset("support-bot", stack.cloud).latest == 0
    assert stack.published() == []


def test_new_settings_make_a_version_of_the_splits_as_they_are_and_the_same_again_none(uploader, stack):
    uploader.upload(TRAIN, good(100))
    uploader.upload(VALIDATION, good(40, 500))
    uploader.upload(SETTINGS, 'owner = "team"')
    uploader.upload(SETTINGS, 'owner = "team"')
    newest = version(stack, 3)
    assert (newest.owner, newest.status, set(newest.splits)) == ("team", "accepted", {"train", "validation"})
    assert newest.files["train"] == version(stack, 1).files["train"]
    assert read_datasets.get_dataset("support-bot", stack.cloud).latest == 3


def test_late_older_settings_never_replace_newer_ones(uploader, stack):
    uploader.upload(TRAIN, good())
    older, newer = uploader.put(SETTINGS, 'owner = "old"'), uploader.put(SETTINGS, 'owner = "new"')
    uploader.deliver(newer, older)
    assert version(stack, 2).owner == "new"
    assert read_datasets.get_dataset("support-bot", stack.cloud).latest == 2
    assert upload_row(stack, older, "dataset.toml")["status"] == "superseded"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("owner = 'me'\n[job\n", ("invalid_settings", 2)),
        ("owner = 'me'\n\n[jobs]\n", ("unknown_setting", 3)),
        ("\nvalidation_share = 0.9", ("wrong_setting", 2)),
        ("[base_models.claude-3-haiku]\n[base_models.gpt]", ("unknown_base_model", 2)),
        ("[checks]\nerror = ['no_such_check']", ("unknown_check", 2)),
        ("[checks]\nignore = [\n 'reserved_word',\n]", ("check_not_tunable", 2)),
        ("owner = 'me'\nsystem = { file = 'system.txt' }", ("system_file_missing", 2)),
    ],
)
def test_settings_that_cannot_be_followed_reject_the_version_with_their_line(uploader, stack, text, expected):
    uploader.upload(SETTINGS, text)
    uploader.upload(TRAIN, good())
    assert version(stack).status == "rejected"
    assert findings(uploader) == [expected]
    assert uploader.keys("prepared/") == []


def test_mended_settings_make_the_same_files_an_accepted_version(uploader, stack):
    uploader.upload(TRAIN, good())
    uploader.upload(SETTINGS, "ownr = 'me'")
    uploader.upload(SETTINGS, "owner = 'me'")
    assert [version(stack, number).status for number in (1, 2, 3)] == ["accepted", "rejected", "accepted"]


def test_a_configured_system_text_is_dropped_for_one_base_model_and_the_report_says_so(uploader, stack):
    uploader.upload(
        SETTINGS,
        'system = "Be brief."\n[base_models.claude-3-haiku]\n[base_models.nova-lite]\nsystem = "Be kind."\n'
        '[base_models.llama-3-1-8b]\nsystem = ""',
    )
    uploader.upload(TRAIN, good(100))
    assert version(stack).status == "accepted"
    first = {
        name: json.loads(uploader.object(f"prepared/support-bot/1/{name}/train.jsonl").splitlines()[0])
        for name in ("claude-3-haiku", "nova-lite", "llama-3-1-8b")
    }
    assert first["claude-3-haiku"]["system"] == "Be brief."
    assert first["nova-lite"]["system"] == [{"text": "Be kind."}]
    assert set(first["llama-3-1-8b"]) == {"prompt", "completion"}
    normalised = {
        name: {item["what"]: item["count"] for item in uploader.report(base_model=name)["normalised"]} for name in first
    }
    assert normalised["llama-3-1-8b"] == {"configured_system_dropped": 100}
    assert normalised["nova-lite"] == {"default_system_added": 100}


def test_a_records_own_system_text_is_never_dropped(uploader, stack):
    uploader.upload(SETTINGS, 'system = "Be brief."\n[base_models.llama-3-1-8b]\nsystem = ""')
    turns = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}]
    uploader.upload(TRAIN, json.dumps({"system": "Be rude.", "messages": turns}))
    assert uploader.report(base_model="llama-3-1-8b")["counts_by_code"]["not_expressible"] == 1


def test_the_policy_passes_over_some_warnings_and_rejects_for_others(uploader, stack):
    body = good(40) + good(1)
    uploader.upload(TRAIN, body)
    uploader.upload(SETTINGS, "[checks]\nignore = ['exact_duplicate']")
    uploader.upload(SETTINGS, "[checks]\nerror = ['exact_duplicate']")
    severities = [[item["severity"] for item in uploader.report(number)["findings"]] for number in (1, 2, 3)]
    assert severities == [["warning"], [], ["error"]]
    assert [uploader.report(number)["counts_by_code"] for number in (1, 2, 3)] == [{"exact_duplicate": 1}] * 3
    assert [version(stack, number).status for number in (1, 2, 3)] == ["accepted", "accepted", "rejected"]


def test_mapped_fields_are_read_as_prompt_and_completion(uploader, stack):
    uploader.upload(SETTINGS, "[mapping]\nprompt = 'ask'\ncompletion = 'say'")
    lines = [json.dumps({"ask": f"What is {n} + 1?", "say": f"It is {n + 1}.", "day": 5}) for n in range(40)]
    uploader.upload(TRAIN, "\n".join(lines))
    assert uploader.report()["counts_by_code"] == {}
    assert version(stack).status == "accepted"


def test_no_byte_of_a_kept_field_is_in_what_trains_and_those_of_test_are_stored_beside_it(uploader, stack):
    def lines(split: str, count: int) -> str:
        asked = ({"prompt": f"What is {n} + 1 in {split}?", "completion": f"It is {n + 1}."} for n in range(count))
        kept = {"references": [f"SECRET of {split}"], "conversation": "SECRET"}
        return "\n".join(json.dumps({**each, **kept}) for each in asked)

    uploader.upload(SETTINGS, "validation_share = 0.3\n[fields]\nkeep = ['references', 'conversation', 'absent']")
    uploader.upload("incoming/support-bot/test.jsonl", lines("test", 40))
    uploader.upload(TRAIN, lines("train", 200))
    made = version(stack, 2)
    assert made.status == "accepted"
    outputs = {item.split: item.output.key for item in made.preparations if item.output}
    assert outputs.keys() == {"train", "validation", "test"}
    assert not [split for split, key in outputs.items() if b"SECRET" in uploader.object(key)]
    found = kept_fields.load(uploader.object(object_keys.kept_fields("support-bot", 2)).splitlines())
    assert found == {n: {"references": ["SECRET of test"], "conversation": "SECRET"} for n in range(1, 41)}


SCHEMA = "incoming/support-bot/schema.json"


def test_a_schema_is_part_of_the_version_and_lies_beside_its_prepared_data(uploader, stack):
    uploader.upload(SCHEMA, '{"type": "object"}')
    uploader.upload(TRAIN, good(40))
    uploader.upload(SCHEMA, '{"type": "array"}')
    uploader.upload(SCHEMA, '{"type": "array"}')
    for number, kind in ((1, b"object"), (2, b"array")):
        made = version(stack, number)
        assert (made.status, "schema.json" in made.files) == ("accepted", True)
        assert kind in uploader.object(object_keys.prepared_schema("support-bot", number))
    listed = stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix="prepared/support-bot/3/")
    assert listed["KeyCount"] == 0, "the same bytes make no third one"


def test_what_is_no_schema_rejects_the_version(uploader, stack):
    uploader.upload(SCHEMA, '{"type": "strin"}')
    uploader.upload(TRAIN, good(40))
    (finding,) = uploader.report()["findings"]
    assert (finding["code"], finding["source"]) == ("invalid_schema", SCHEMA)
    assert version(stack).status == "rejected"


def test_a_field_that_trains_cannot_be_kept(uploader):
    uploader.upload(SETTINGS, "[fields]\nkeep = ['completion']")
    uploader.upload(TRAIN, good(40))
    assert uploader.report()["counts_by_code"] == {"wrong_setting": 1}


def test_a_train_file_alone_may_give_up_a_share_as_validation(uploader, stack):
    uploader.upload(SETTINGS, "validation_share = 0.3")
    uploader.upload(TRAIN, good(200))
    prepared = read_datasets.accepted("support-bot", 1, "claude-3-haiku", stack.cloud)
    assert prepared.train.records + prepared.validation.records == 200
    assert 30 <= prepared.validation.records <= 90


@pytest.mark.parametrize(("said", "splits"), [("", 2), ("validation_share = 0", 1), ("validation_share = 0.3", 2)])
def test_the_stacks_own_share_counts_where_dataset_toml_says_nothing(uploader, environment, said, splits):
    environment.setenv("TUNEDROP_VALIDATION_SHARE", "0.3")
    settings_module.settings.cache_clear()
    uploader.upload(SETTINGS, said)
    uploader.upload(TRAIN, good(400))
    assert len(version(uploader.stack, 1).preparations) == splits
