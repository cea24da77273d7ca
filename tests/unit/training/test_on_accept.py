"""Whether an accepted version starts a job by itself, and the request that a person would send instead."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tunedrop.domain.training import on_accept
from tunedrop.domain.versions.job_settings import JobSettings
from tunedrop.domain.versions.versioning import Head, Preparation, SplitFile, Version

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SETTINGS = SplitFile("incoming/support/dataset.toml", "one", 10, "aa", "dataset.toml", NOW)
TRAIN = SplitFile("incoming/support/train.jsonl", "two", 10, "bb", "train", NOW)
VERSION = Version(
    dataset="support",
    number=3,
    status="accepted",
    files={"train": TRAIN, "dataset.toml": SETTINGS},
    system_file=None,
    created_at=NOW,
    base_models=("nova-lite", "claude-3-haiku"),
    preparations=(Preparation("nova-lite", "train", "accepted", "r", 40, 400, 0, 0, None),),
)
HEAD = Head("support", NOW, NOW, files=VERSION.files)
JOB = JobSettings(start="on_accept")


def test_nothing_stands_in_the_way_of_a_version_with_current_settings_and_all_splits():
    assert on_accept.refusal(VERSION, HEAD, JOB, allowed=True) is None


def test_the_stack_has_the_first_word():
    found = on_accept.refusal(VERSION, None, replace(JOB, splits=("test",)), allowed=False)
    assert found is not None
    assert found[0] == "jobs_on_accept_off"


def test_every_split_that_is_missing_is_named():
    found = on_accept.refusal(VERSION, HEAD, replace(JOB, splits=("train", "validation", "test")), allowed=True)
    assert found == ("splits_missing", "[job] waits for a version that also holds validation and test.")


def test_a_split_that_was_made_of_train_counts_as_held():
    made = replace(VERSION.preparations[0], split="validation")
    version = replace(VERSION, preparations=(*VERSION.preparations, made))
    assert on_accept.refusal(version, HEAD, replace(JOB, splits=("train", "validation")), allowed=True) is None


def test_settings_that_are_no_longer_current_start_nothing():
    for head in (
        None,
        replace(HEAD, files={}),
        replace(HEAD, files={"dataset.toml": replace(SETTINGS, version_id="x")}),
    ):
        found = on_accept.refusal(VERSION, head, JOB, allowed=True)
        assert found is not None
        assert found[0] == "settings_changed"


def test_the_first_base_model_is_trained_unless_another_is_named():
    assert on_accept.request(VERSION, JOB, None).base_model == "nova-lite"
    assert on_accept.request(VERSION, replace(JOB, base_model="nova-pro"), None).base_model == "nova-pro"
