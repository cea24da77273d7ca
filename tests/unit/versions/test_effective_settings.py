"""Metadata over dataset.toml over the stack's default."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.versions import effective_settings
from tunedrop.domain.versions.dataset_toml import DatasetSettings
from tunedrop.domain.versions.job_settings import DeploymentSettings, JobSettings
from tunedrop.domain.versions.versioning import SplitFile, Version

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KNOWN = ("claude-3-haiku", "nova-lite", "llama-3-1-8b")
TRAIN = SplitFile("incoming/x/train.jsonl", "v1", 1, "a", "train", NOW)
VALIDATION = SplitFile("incoming/x/validation.jsonl", "v2", 1, "b", "validation", NOW)


def resolve(settings: DatasetSettings | None = None, train: SplitFile = TRAIN, validation: SplitFile = VALIDATION):
    settings = settings or DatasetSettings()
    version = Version("x", 1, "processing", {"train": train, "validation": validation}, None, NOW)
    return effective_settings.resolve(version, settings, settings.system, known_models=KNOWN, default_model="nova-lite")


def test_without_any_wish_it_is_the_stacks_default():
    assert resolve().base_models == ("nova-lite",)


def test_dataset_toml_wins_over_the_default_and_metadata_over_both():
    settings = DatasetSettings(base_models=("claude-3-haiku", "llama-3-1-8b"))
    assert resolve(settings).base_models == ("claude-3-haiku", "llama-3-1-8b")
    train = replace(TRAIN, base_model="nova-lite, claude-3-haiku")
    assert resolve(settings, train).base_models == ("nova-lite", "claude-3-haiku")
    validation = replace(VALIDATION, base_model="llama-3-1-8b")
    assert resolve(settings, validation=validation).base_models == ("llama-3-1-8b",)
    assert resolve(settings, train, validation).base_models == ("nova-lite", "claude-3-haiku")


def test_a_system_text_in_metadata_is_for_that_file_alone():
    found = resolve(DatasetSettings(system="From the file."), replace(TRAIN, system="From metadata."))
    assert texts(found) == {("nova-lite", "train"): "From metadata.", ("nova-lite", "validation"): "From the file."}


def texts(found):
    return {place: block.text for place, block in found.systems.items()}


def test_a_base_model_may_have_a_system_text_of_its_own_or_none():
    names = ("claude-3-haiku", "nova-lite", "llama-3-1-8b")
    settings = DatasetSettings(names, {"nova-lite": "Its own.", "llama-3-1-8b": ""}, "For all.")
    found = resolve(settings)
    assert texts(found) == {
        ("claude-3-haiku", "train"): "For all.",
        ("claude-3-haiku", "validation"): "For all.",
        ("nova-lite", "train"): "Its own.",
        ("nova-lite", "validation"): "Its own.",
    }
    assert found.dropped_systems == {("llama-3-1-8b", "train"), ("llama-3-1-8b", "validation")}


def test_dropping_holds_against_metadata_and_an_own_text_does_not():
    settings = DatasetSettings(("nova-lite", "llama-3-1-8b"), {"nova-lite": "Its own.", "llama-3-1-8b": ""})
    found = resolve(settings, replace(TRAIN, system="From metadata."))
    assert texts(found) == {("nova-lite", "train"): "From metadata.", ("nova-lite", "validation"): "Its own."}
    assert found.dropped_systems == {("llama-3-1-8b", "train")}, "where nothing is configured, nothing is dropped"


def test_everything_else_is_handed_on_as_it_was_said():
    settings = DatasetSettings(
        owner="team",
        mapping=FieldMapping("q", "a"),
        validation_share=0.1,
        policy=Policy(ignore=frozenset({"exact_duplicate"})),
        job=JobSettings("on_accept"),
        deployment=DeploymentSettings("bot"),
    )
    found = resolve(settings)
    for name in ("owner", "mapping", "validation_share", "policy", "job", "deployment"):
        assert getattr(found, name) == getattr(settings, name)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"base_model": "gpt"}, "unknown_base_model"),
        ({"base_model": "=?UTF-8?Q?x?="}, "invalid_metadata"),
        ({"system": "=?UTF-8?B?w6k=?="}, "invalid_metadata"),
        ({"system": " "}, "invalid_metadata"),
    ],
)
def test_metadata_that_cannot_be_followed_is_told_with_its_object(change, code):
    found = resolve(train=replace(TRAIN, **change))
    assert [(defect.code, source) for defect, source in found.defects] == [(code, TRAIN.key)]
    assert found.base_models == ("nova-lite",)


@pytest.mark.parametrize("raw", [b"", b" \n", b"\xff", b"a" * (256 * 1024 + 1)])
def test_a_system_file_must_be_text(raw):
    found = effective_settings.system_text(raw)
    assert not isinstance(found, str)
    assert found.code == "invalid_system_file"


def test_a_system_file_keeps_its_text_but_for_the_last_line_end():
    assert effective_settings.system_text("\ufeffSei höflich.\n\nUnd kurz.\r\n".encode()) == "Sei höflich.\n\nUnd kurz."
