"""Which objects are the parts of a joined upload, whenever one asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.versions import joined_parts
from tunedrop.domain.versions.object_versions import ObjectVersion
from tunedrop.domain.versions.stored_file import StoredFile

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
FOLDER = "incoming/support-bot/train/"


def stored(name: str, at: float, *, latest: bool = True, deleted: bool = False) -> ObjectVersion:
    moment = NOW + timedelta(seconds=at)
    return ObjectVersion(f"{FOLDER}{name}", f"{name}@{at}", 0 if deleted else 5, moment, latest, deleted=deleted)


def names(listed: list[ObjectVersion], at: float | None = None) -> list[str]:
    moment = None if at is None else NOW + timedelta(seconds=at)
    return [version.version_id for version in joined_parts.standing(listed, moment).values()]


def test_what_stood_at_a_moment_is_told_in_key_order():
    listed = [stored("b.jsonl", 1), stored("a.jsonl", 2), stored("c.jsonl", 9)]
    assert names(listed, 5) == ["a.jsonl@2", "b.jsonl@1"]
    assert names(listed) == ["a.jsonl@2", "b.jsonl@1", "c.jsonl@9"]


def test_what_was_overwritten_or_deleted_later_still_stood():
    overwritten = [stored("a.jsonl", 9), stored("a.jsonl", 1, latest=False)]
    deleted = [stored("b.jsonl", 1, latest=False), stored("b.jsonl", 9, deleted=True)]
    assert names(overwritten + deleted, 5) == ["a.jsonl@1", "b.jsonl@1"]
    assert names(overwritten + deleted) == ["a.jsonl@9"]


def test_what_was_deleted_before_did_not_stand_and_may_have_come_again():
    gone = [stored("a.jsonl", 1, latest=False), stored("a.jsonl", 2, deleted=True)]
    back = [stored("b.jsonl", 1, latest=False), stored("b.jsonl", 2, latest=False, deleted=True), stored("b.jsonl", 3)]
    assert names(gone + back, 5) == ["b.jsonl@3"]


def test_what_came_in_the_same_second_counts_and_the_latest_decides():
    assert names([stored("a.jsonl", 5.9)], 5) == ["a.jsonl@5.9"]
    assert names([stored("a.jsonl", 5, latest=False), stored("a.jsonl", 5, deleted=True)], 5) == []
    assert names([stored("a.jsonl", 6)], 5) == []


def test_parts_are_what_their_keys_say_they_are():
    found = [stored(name, 0) for name in ("_commit", "_SUCCESS", "a.jsonl", "b.txt", "more/c.jsonl")]
    other = ObjectVersion("incoming/support-bot/test/a.jsonl", "x", 1, NOW, latest=True)
    assert [part.key for part in joined_parts.parts_of("train", [*found, other])] == [f"{FOLDER}a.jsonl"]


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ([], "nothing_to_join"),
        (["a.jsonl"], None),
        ([f"{number}.jsonl" for number in range(joined_parts.MAX_PARTS)], None),
        ([f"{number}.jsonl" for number in range(joined_parts.MAX_PARTS + 1)], "too_many_parts"),
        (["a.jsonl", "b.jsonl.gz"], None),
        (["a.csv", "b.tsv"], "mixed_parts"),
        (["a.json", "b.jsonl"], "mixed_parts"),
        (["a.parquet", "b.csv.gz"], "mixed_parts"),
    ],
)
def test_what_cannot_be_joined_is_refused(keys, code):
    defect = joined_parts.refusal(keys)
    assert (defect and defect.code) == code


def test_a_joined_file_has_the_bytes_of_all_and_a_digest_of_their_digests():
    own = StoredFile(f"{FOLDER}_commit", "c1", 0, "")
    parts = [StoredFile(f"{FOLDER}{name}.jsonl", "v", 5, f"{number:064x}") for number, name in enumerate("ab")]
    file = joined_parts.join(parts, own, "train", NOW)
    assert (file.key, file.version_id, file.slot, file.bytes, file.joined) == (own.key, "c1", "train", 10, 2)
    assert file.objects == tuple(parts)
    assert file.sha256 not in {"", joined_parts.join(parts[::-1], own, "train", NOW).sha256}
    unread = [parts[0], StoredFile(f"{FOLDER}b.jsonl", "v", 5, "")]
    assert joined_parts.join(unread, own, "train", NOW).sha256 == ""


_VERSIONS = st.lists(
    st.builds(stored, st.sampled_from(["a.jsonl", "b.jsonl"]), st.integers(0, 9), deleted=st.booleans()), max_size=8
)


@given(_VERSIONS, st.integers(0, 9), st.randoms())
def test_nothing_that_came_later_and_no_order_of_the_listing_changes_what_stood(listed, at, random):
    listed = list({version.version_id: version for version in listed}.values())
    newest = {version.key: max(v.last_modified for v in listed if v.key == version.key) for version in listed}
    listed = [
        ObjectVersion(v.key, v.version_id, v.bytes, v.last_modified, v.last_modified == newest[v.key], v.deleted)
        for v in listed
    ]
    before = [version for version in listed if version.last_modified <= NOW + timedelta(seconds=at)]
    shuffled = random.sample(listed, len(listed))
    assert names(shuffled, at) == names(before, at)
