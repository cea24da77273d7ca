"""What a deletion takes away, and what it leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.versions import deletions
from tunedrop.domain.versions.deletions import Deletion, Doomed, Erased
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.domain.versions.versioning import Head, Output, Preparation, SplitFile, Version

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SLOTS = ("train", "validation", "test", "dataset.toml")


def file(slot, version_id, parts=()):
    held = tuple(StoredFile(f"incoming/x/{slot}/{part}", part, 1, "aa") for part in parts)
    return SplitFile(f"incoming/x/{slot}", version_id, 10, "bb", slot, NOW, joined=len(held), parts=held)


def version(number, files):
    return Version("x", number, "accepted", files, None, NOW)


def deletion(number=None, latest=3):
    return Deletion("01D", "x", number, "arn:caller", NOW, latest)


_FILES = st.dictionaries(
    st.sampled_from(SLOTS), st.tuples(st.sampled_from("abc"), st.lists(st.sampled_from("pqr"), unique=True)), max_size=4
).map(lambda found: {slot: file(slot, name, parts) for slot, (name, parts) in found.items()})
_VERSIONS = st.lists(_FILES, min_size=1, max_size=5).map(
    lambda found: [version(number, files) for number, files in enumerate(found, 1)]
)


def objects(*versions):
    return {(one.key, one.version_id) for each in versions for held in each.files.values() for one in held.objects}


@given(_VERSIONS)
def test_what_goes_with_a_version_is_all_that_no_other_one_holds(versions):
    gone, *others = versions
    orphans = {(one.key, one.version_id) for one in deletions.orphans(gone, others)}
    assert orphans == objects(gone) - objects(*others)


@given(_VERSIONS)
def test_deleted_one_after_the_other_versions_leave_nothing_and_no_one_loses_a_file_before(versions):
    erased, standing = set(), list(versions)
    while standing:
        gone = standing.pop()
        erased |= {(one.key, one.version_id) for one in deletions.orphans(gone, standing)}
        assert not erased & objects(*standing)
    assert erased == objects(*versions)


@given(_VERSIONS, st.sampled_from([None, "dataset.toml"]))
def test_the_head_forgets_what_only_the_deleted_version_held(versions, system_file):
    *others, newest = versions
    head = Head("x", NOW, NOW, 7, newest.number, "accepted", newest.files, system_file)
    left = deletions.without(head, newest, others, NOW + timedelta(hours=1))
    kept = {(one.key, one.version_id) for one in left.files.values()}
    held = {(one.key, one.version_id) for each in others for one in each.files.values()}
    assert kept <= held
    assert (left.revision, left.latest, left.status) == (8, newest.number, None)
    assert left.system_file in {None, *left.files}


def test_an_older_versions_end_leaves_the_newest_verdict():
    old, new = version(1, {"train": file("train", "a")}), version(2, {"train": file("train", "b")})
    head = Head("x", NOW, NOW, 7, 2, "rejected", new.files)
    assert deletions.without(head, old, [new], NOW).status == "rejected"


@pytest.mark.parametrize(
    ("key", "seconds", "goes"),
    [
        ("incoming/x/train.jsonl", -1, True),
        ("incoming/x/train.jsonl", 0, True),
        ("incoming/x/train.jsonl", 1, False),
        ("prepared/x/3/nova-lite/train.jsonl", 60, True),
        ("prepared/x/4/nova-lite/train.jsonl", -60, False),
        ("reports/x/1/nova-lite/train.json", 60, True),
        ("reports/x/stray", 60, True),
    ],
)
def test_what_came_after_the_request_is_not_meant(key, seconds, goes):
    assert deletions.goes(deletion(), key, NOW + timedelta(seconds=seconds)) == goes


def test_the_places_of_a_dataset_and_of_a_version_end_in_a_slash():
    """support-bot must not take support-bot-2 along, nor version 1 version 10."""
    assert deletions.prefixes(deletion()) == ("incoming/x/", "prepared/x/", "reports/x/", "evaluations/x/")
    assert deletions.prefixes(deletion(1)) == ("prepared/x/1/", "reports/x/1/", "evaluations/x/1/")


def test_a_tombstone_holds_digests_and_no_settings_of_a_file():
    held = replace(file("train", "a", "pq"), system="You are a secret.")
    output = Output("prepared/x/1/m/train.jsonl", "v", 5, "cc", 40)
    prepared = Preparation("m", "train", "accepted", "reports/x/1/m/train.json", 41, 9, 0, 0, output)
    stone = deletions.tombstone(replace(version(1, {"train": held}), preparations=(prepared,)), deletion())
    assert [(one.slot, one.sha256, one.joined) for one in stone.files] == [("train", "bb", 2)]
    assert [(one.sha256, one.records, one.base_model) for one in stone.outputs] == [("cc", 40, "m")]
    assert (stone.deleted_by, stone.deleted_at, dict(stone.records)) == ("arn:caller", NOW, {"train": 41})
    assert "secret" not in repr(stone)


@given(st.lists(st.builds(Doomed, st.just("key"), st.just("v"), st.integers(0, 10**12), st.booleans())))
def test_counts_add_up(found):
    whole = Erased()
    for item in found:
        whole = deletions.plus(whole, deletions.tally([item]))
    assert whole == deletions.tally(found)


@pytest.mark.parametrize(("hours", "processing"), [(0, True), (2.9, True), (3.1, False)])
def test_a_version_that_nobody_works_on_any_more_holds_nothing_up(hours, processing):
    stuck = replace(version(1, {}), status="processing")
    assert deletions.is_processing(stuck, NOW + timedelta(hours=hours)) == processing
    assert not deletions.is_processing(version(1, {}), NOW)
