"""Keys under incoming/: what each means, and why one means nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.object_keys import (
    AnswersUpload,
    CommitUpload,
    CompanionUpload,
    PartUpload,
    SchemaUpload,
    SettingsUpload,
    SplitUpload,
    Unrecognised,
)

BEDROCK_KEY = re.compile(r"(?:[-!_*'().a-z0-9A-Z]+)(?:/[-!_*'().a-z0-9A-Z]+)*")  # docs/facts.md#names, s3Uri


@pytest.mark.parametrize(
    ("key", "meaning"),
    [
        ("incoming/support-bot/train.jsonl", SplitUpload("support-bot", "train", "jsonl")),
        ("incoming/a/validation.csv.gz", SplitUpload("a", "validation", "csv.gz")),
        ("incoming/a1-b2/test.parquet", SplitUpload("a1-b2", "test", "parquet")),
        ("incoming/a/train/part-1.jsonl", PartUpload("a", "train", "jsonl")),
        ("incoming/a/test/part-00000-c000.snappy.parquet", PartUpload("a", "test", "parquet")),
        ("incoming/a/train/2026-11-22.csv.gz", PartUpload("a", "train", "csv.gz")),
        ("incoming/a/train/_commit", CommitUpload("a", "train")),
        ("incoming/support-bot/dataset.toml", SettingsUpload("support-bot")),
        ("incoming/support-bot/schema.json", SchemaUpload("support-bot")),
        ("incoming/support-bot/system.txt", CompanionUpload("support-bot", "system.txt")),
        ("incoming/support-bot/Prompt_2.md", CompanionUpload("support-bot", "Prompt_2.md")),
        ("incoming/support-bot/answers/gpt-4.1.jsonl", AnswersUpload("support-bot", "gpt-4.1.jsonl")),
    ],
)
def test_a_key_that_fits_a_pattern_means_one_thing(key, meaning):
    assert object_keys.parse(key) == meaning


@pytest.mark.parametrize(
    "key",
    [
        "incoming/train.jsonl",
        "incoming//train.jsonl",
        "incoming/Support/train.jsonl",
        "incoming/support--bot/train.jsonl",
        "incoming/-a/train.jsonl",
        "incoming/a-/train.jsonl",
        f"incoming/{'a' * 33}/train.jsonl",
        "incoming/a/training.jsonl",
        "incoming/a/train",
        "incoming/a/train.JSONL",
        "incoming/a/train.xlsx",
        "incoming/a/train.jsonl.jsonl",
        "incoming/a/train/more/part-1.jsonl",
        "incoming/a/train/_SUCCESS",
        "incoming/a/answers/old.csv",
        "incoming/a/answers/.jsonl",
        "incoming/a/answers/more/old.jsonl",
        "incoming/a/answers/_commit",
        "incoming/a/train/_part.jsonl",
        "incoming/a/train/.part.jsonl",
        "incoming/a/train/part 1.jsonl",
        "incoming/a/train/part+1.jsonl",
        "incoming/a/train/part%2B1.jsonl",
        "incoming/a/train/part.JSONL",
        "incoming/a/train/part.txt",
        "incoming/a/train/jsonl",
        "incoming/a/train/.jsonl",
        "incoming/a/train/../part.jsonl",
        "incoming/a/train//part.jsonl",
        f"incoming/a/train/{'p' * 200}.jsonl",
        "incoming/a/train/_commit/part.jsonl",
        "incoming/a/train/_COMMIT",
        "incoming/a/_commit",
        "incoming/a/training/part.jsonl",
        "incoming/a/../b/train.jsonl",
        "incoming/a/my file.txt",
        "incoming/a/über.txt",
        "incoming/a b/train.jsonl",
        "incoming/a%2Bb/train.jsonl",
        "incoming/\u202ea/train.jsonl",
        "prepared/a/1/claude-3-haiku/train.jsonl",
        "",
        "/incoming/a/train.jsonl",
    ],
)
def test_a_key_that_fits_none_says_where_to_upload_instead(key):
    found = object_keys.parse(key)
    assert isinstance(found, Unrecognised)
    assert found.hint
    assert "\u202e" not in found.message


@given(st.text(max_size=80))
def test_no_key_makes_it_raise(key):
    object_keys.parse(key)
    object_keys.parse(f"incoming/{key}")


@given(st.from_regex(object_keys.NAME_PATTERN, fullmatch=True).filter(object_keys.is_name), st.integers(1, 999_999))
def test_prepared_and_report_keys_are_such_that_bedrock_takes_them(dataset, number):
    for name in catalogue.catalogue():
        for split in catalogue.SPLITS:
            for key in (
                object_keys.prepared(dataset, number, name, split),
                object_keys.report(dataset, number, name, split),
            ):
                assert BEDROCK_KEY.fullmatch(key)
                assert not key.startswith(object_keys.INCOMING)


def test_a_hostile_name_is_refused_at_once():
    assert not object_keys.is_name("a" + "-" * 31)
    assert not object_keys.is_name("a-" * 100_000)


@pytest.mark.parametrize(
    ("key", "extension"),
    [
        ("incoming/a/train.jsonl", "jsonl"),
        ("incoming/a/train.json.gz", "json.gz"),
        ("incoming/a/train/part-1.c000.snappy.parquet", "parquet"),
        ("incoming/a.b/train/x", None),
        ("a.gz", None),
        (".csv", None),
    ],
)
def test_an_extension_is_the_end_of_the_name_that_a_reader_knows(key, extension):
    assert object_keys.extension(key) == extension
