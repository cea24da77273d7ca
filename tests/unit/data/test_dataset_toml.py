"""dataset.toml: followed where it can be, and every line that cannot be is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.data import dataset_toml

KNOWN = ("claude-3-haiku", "nova-lite", "llama-3-1-8b")


def parse(text: str | bytes) -> dataset_toml.DatasetSettings:
    return dataset_toml.parse(text.encode() if isinstance(text, str) else text, KNOWN)


def test_all_settings_are_read():
    found = parse('base_models = ["nova-lite", "claude-3-haiku"]\nsystem = "Sei höflich."\nowner = "team@example.com"')
    assert found.base_models == ("nova-lite", "claude-3-haiku")
    assert found.system == "Sei höflich."
    assert found.owner == "team@example.com"
    assert found.defects == ()


def test_a_system_file_is_named():
    found = parse('system = { file = "system.txt" }')
    assert (found.system, found.system_file, found.defects) == (None, "system.txt", ())


def test_an_empty_file_and_a_byte_order_mark_are_fine():
    assert parse("") == dataset_toml.DatasetSettings()
    assert parse(b'\xef\xbb\xbfowner = "a"').owner == "a"


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ('base_model = "nova-lite"', "unknown_setting", "base_models, system, owner"),
        ("[job]\nstart = 'on_accept'", "setting_not_supported_yet", "job"),
        ("validation_share = 0.1", "setting_not_supported_yet", "validation_share"),
        ('base_models = "nova-lite"', "wrong_setting", "list"),
        ("base_models = []", "wrong_setting", "empty list"),
        ("base_models = [1]", "wrong_setting", "list"),
        ('base_models = ["nova-lite", "gpt"]', "unknown_base_model", "claude-3-haiku, nova-lite, llama-3-1-8b"),
        ("system = 3", "wrong_setting", "number"),
        ('system = "  "', "wrong_setting", "empty string"),
        ('system = { file = "../secret.txt" }', "wrong_setting", ".txt or .md"),
        ('system = { file = "system.txt", more = 1 }', "wrong_setting", "table"),
        ("owner = true", "wrong_setting", "boolean"),
        ('owner = "Zoë"', "wrong_setting", "letters"),
        ('owner = ""', "wrong_setting", "empty string"),
    ],
)
def test_a_setting_that_cannot_be_followed_is_named_with_what_is_allowed(text, code, named):
    (defect,) = parse(text).defects
    assert defect.code == code
    assert named in defect.message


def test_the_rest_of_the_settings_holds_beside_a_wrong_one():
    found = parse('base_models = ["nova-lite", "gpt"]\nsystem = 3\nowner = "me"')
    assert (found.base_models, found.owner) == (("nova-lite",), "me")


def test_what_is_not_toml_is_told_with_its_line():
    (defect,) = parse('owner = "a"\nsystem = "unfinished').defects
    assert (defect.code, defect.line) == ("invalid_settings", 2)


@pytest.mark.parametrize("raw", [b"owner = '\xff'", b"#" * (dataset_toml.MAX_BYTES + 1), b"a = " + b"[" * 5_000])
def test_what_cannot_be_read_at_all_is_one_defect(raw):
    (defect,) = parse(raw).defects
    assert defect.code == "invalid_settings"


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_make_it_raise(raw):
    parse(raw)
