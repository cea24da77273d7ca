"""A dataset's folder: what belongs to it, and what is wrong with it, before anything is uploaded."""

from __future__ import annotations

import pytest
from tunedrop.domain.checks import examples
from tunedrop_cli import folders
from tunedrop_cli.errors import WrongUsage

GOOD = examples.good(60)()


def names(paths):
    return [path.name for path in paths]


def test_splits_settings_and_what_is_neither_are_told_apart(put, tmp_path):
    for name in ("b/train/2.csv", "b/train/10.csv", "b/train/_commit", "b/test.jsonl.gz", "b/system.md", "b/other.txt"):
        put(name, b"")
    put("b/dataset.toml", b'system = { file = "system.md" }')
    found = folders.read(str(tmp_path / "b"))
    assert found.name == "b"
    assert {split: names(paths) for split, paths in found.splits.items()} == {
        "train": ["10.csv", "2.csv"],
        "test": ["test.jsonl.gz"],
    }
    assert names(found.settings) == ["system.md", "dataset.toml"]
    assert names(found.ignored) == ["other.txt"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["readme.md"], "holds no train"),
        (["train.jsonl", "train.csv"], "more than once"),
        (["train.jsonl", "train/a.jsonl"], "more than once"),
        (["train/a.docx"], "not a file that can be joined"),
        (["train/sub/a.jsonl"], "not a file that can be joined"),
    ],
)
def test_a_folder_that_is_no_datasets_says_why(put, tmp_path, files, said):
    for name in files:
        put(f"b/{name}", b"")
    with pytest.raises(WrongUsage, match=said):
        folders.read(str(tmp_path / "b"))


def test_a_name_that_no_dataset_can_have_is_wrong_usage(tunedrop, put):
    put("My Data/train.jsonl", GOOD)
    ran = tunedrop("push", "My Data")
    assert ran.code == 2
    assert "--name" in ran.err


def test_a_folder_that_is_not_there_is_exit_code_2(tunedrop):
    assert tunedrop("push", "nowhere").code == 2


def test_waiting_needs_control_api(tunedrop, put):
    put("b/train.jsonl", GOOD)
    assert tunedrop("push", "b", "--wait", "--by-events").code == 2


def test_what_would_be_rejected_is_not_uploaded(tunedrop, put):
    put("b/train.jsonl", GOOD + b"oops\n")
    ran = tunedrop("push", "b")
    assert ran.code == 1
    assert "invalid_json" in ran.err
