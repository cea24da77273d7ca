"""What a new file leads to: a version, a note, or nothing; never an older file over a newer one."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tunedrop.domain.versions import versioning
from tunedrop.domain.versions.joined_parts import join
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.domain.versions.versioning import Head, NewVersion, Noted, NothingNew, SplitFile

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
EMPTY = Head("support-bot", NOW, NOW)


def file(slot: str = "train", content: str = "a", *, at: int = 0, sequencer: str | None = None) -> SplitFile:
    extension = "" if "." in slot else ".jsonl"
    return SplitFile(
        key=f"incoming/support-bot/{slot}{extension}",
        version_id=f"{slot}-{content}-{at}",
        bytes=10,
        sha256=content,
        slot=slot,
        last_modified=NOW + timedelta(seconds=at),
        sequencer=sequencer,
    )


def follow(head: Head, *files: SplitFile, system_file: str | None = None) -> Head:
    for item in files:
        plan = versioning.plan(head, [item], system_file if item.slot == "dataset.toml" else None, NOW)
        if not isinstance(plan, NothingNew):
            head = plan.head
    return head


def test_the_first_train_file_makes_version_one():
    plan = versioning.plan(EMPTY, [file()], None, NOW)
    assert isinstance(plan, NewVersion)
    assert (plan.version.number, plan.version.status, list(plan.version.splits)) == (1, "processing", ["train"])
    assert (plan.head.latest, plan.head.revision) == (1, 1)


def test_a_version_without_train_is_incomplete():
    plan = versioning.plan(EMPTY, [file("validation")], None, NOW)
    assert isinstance(plan, NewVersion)
    assert plan.version.status == "incomplete"


def test_the_next_version_carries_the_other_splits_over():
    head = follow(EMPTY, file("validation"), file("train"))
    plan = versioning.plan(head, [file("train", "b", at=5)], None, NOW)
    assert isinstance(plan, NewVersion)
    assert plan.version.number == 3
    assert plan.version.splits == {"train": file("train", "b", at=5), "validation": file("validation")}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("by", ["sequencer", "time"])
def test_what_was_put_back_is_the_newest_in_whatever_order_events_come(order, by):
    contents = ("a", "b", "a")
    uploads = [
        file(content=content, at=0 if by == "sequencer" else at, sequencer=f"{at:04X}" if by == "sequencer" else None)
        for at, content in enumerate(contents)
    ]
    head = EMPTY
    for number in order:
        again = versioning.seen_again(head, [uploads[number]], NOW)
        head = again or follow(head, uploads[number])
    assert head.files["train"].sha256 == "a"


def test_what_was_seen_again_is_the_same_file_and_no_later_one_than_that():
    head = follow(EMPTY, file(sequencer="02"))
    assert versioning.seen_again(head, [file(sequencer="02")], NOW) is None
    assert versioning.seen_again(head, [file(sequencer="01")], NOW) is None
    assert versioning.seen_again(head, [file(content="b", at=9, sequencer="03")], NOW) is None
    again = versioning.seen_again(head, [file(at=9, sequencer="03")], NOW)
    assert again is not None
    assert (again.files["train"].version_id, again.files["train"].sequencer) == ("train-a-0", "03")
    assert (again.latest, again.revision) == (head.latest, head.revision + 1)


def test_the_same_bytes_again_make_none():
    head = follow(EMPTY, file())
    assert versioning.plan(head, [file(at=9)], None, NOW) == NothingNew("unchanged")


@pytest.mark.parametrize(
    "change", [{"base_model": "nova-lite"}, {"system": "Be brief."}, {"key": "incoming/x/train.csv"}]
)
def test_the_same_bytes_with_other_metadata_or_extension_make_one(change):
    head = follow(EMPTY, file())
    assert isinstance(versioning.plan(head, [replace(file(at=9), **change)], None, NOW), NewVersion)


def test_files_too_large_to_be_hashed_are_never_taken_for_the_same():
    head = follow(EMPTY, file(content=""))
    assert isinstance(versioning.plan(head, [file(content="", at=1)], None, NOW), NewVersion)


def test_an_older_file_never_replaces_a_newer_one():
    head = follow(EMPTY, file(content="new", at=10))
    assert versioning.plan(head, [file(content="old", at=3)], None, NOW) == NothingNew("superseded")


def test_the_sequencer_decides_on_one_key_and_is_padded():
    newer, older = file(content="new", sequencer="0A00"), file(content="old", sequencer="FF", at=60)
    assert older.is_older_than(newer)
    assert not newer.is_older_than(older)
    other_key = replace(older, key="incoming/support-bot/train.csv")
    assert not other_key.is_older_than(newer)


def test_settings_before_any_split_are_noted_and_part_of_the_first_version():
    plan = versioning.plan(EMPTY, [file("dataset.toml")], None, NOW)
    assert isinstance(plan, Noted)
    first = versioning.plan(plan.head, [file("train")], None, NOW)
    assert isinstance(first, NewVersion)
    assert set(first.version.files) == {"train", "dataset.toml"}


def test_settings_after_a_split_make_a_new_version_of_it():
    plan = versioning.plan(follow(EMPTY, file("train")), [file("dataset.toml")], None, NOW)
    assert isinstance(plan, NewVersion)
    assert (plan.version.number, set(plan.version.files)) == (2, {"train", "dataset.toml"})


def test_a_text_file_counts_once_the_settings_name_it():
    noted = versioning.plan(follow(EMPTY, file("train")), [file("system.txt")], None, NOW)
    assert isinstance(noted, Noted)
    named = versioning.plan(noted.head, [file("dataset.toml")], "system.txt", NOW)
    assert isinstance(named, NewVersion)
    assert set(named.version.files) == {"train", "dataset.toml", "system.txt"}
    changed = versioning.plan(named.head, [file("system.txt", "b", at=1)], None, NOW)
    assert isinstance(changed, NewVersion)
    assert changed.version.number == 3


def test_text_files_that_nobody_names_do_not_pile_up():
    notes = [file(f"note-{number}.txt", at=number) for number in range(40)]
    head = follow(EMPTY, file("train"), file("dataset.toml"), file("system.txt"), *notes, system_file="system.txt")
    assert len(head.files) == versioning.MAX_COMPANIONS + 3
    assert {"train", "dataset.toml", "system.txt", "note-39.txt"} <= set(head.files)


def joined(*names: str, at: int = 0, **changes) -> SplitFile:
    parts = [StoredFile(f"incoming/support-bot/train/{name}.jsonl", "v", 1, name) for name in names]
    own = StoredFile("incoming/support-bot/train/_commit", f"commit-{at}", 0, "")
    return replace(join(parts, own, "train", NOW + timedelta(seconds=at)), **changes)


def test_the_same_parts_again_make_none_however_they_were_joined():
    head = follow(EMPTY, joined("a", "b"))
    assert versioning.plan(head, [joined("a", "b", at=5)], None, NOW) == NothingNew("unchanged")
    requested = joined("a", "b", at=5, key="incoming/support-bot/train/", version_id="request")
    assert versioning.plan(head, [requested], None, NOW) == NothingNew("unchanged")
    for other in (joined("a", at=5), joined("a", "c", at=5), joined("a", "b", at=5, system="Be brief.")):
        assert isinstance(versioning.plan(head, [other], None, NOW), NewVersion)


def test_one_file_says_the_same_by_itself_and_as_the_only_part():
    assert versioning.plan(follow(EMPTY, file(content="a")), [joined("a", at=5)], None, NOW) == NothingNew("unchanged")
    assert versioning.plan(follow(EMPTY, joined("a")), [file(content="a", at=5)], None, NOW) == NothingNew("unchanged")
    renamed = replace(file(content="a", at=5), key="incoming/support-bot/train.json")
    assert isinstance(versioning.plan(follow(EMPTY, joined("a")), [renamed], None, NOW), NewVersion)


def test_a_whole_file_and_a_joined_one_replace_each_other_by_time():
    later_whole = versioning.plan(follow(EMPTY, joined("a")), [file(content="b", at=5)], None, NOW)
    later_joined = versioning.plan(follow(EMPTY, file(content="b")), [joined("a", at=5)], None, NOW)
    assert isinstance(later_whole, NewVersion)
    assert isinstance(later_joined, NewVersion)
    assert versioning.plan(later_whole.head, [joined("a", at=3)], None, NOW) == NothingNew("superseded")
    assert versioning.plan(later_joined.head, [file(content="b", at=3)], None, NOW) == NothingNew("superseded")


def test_the_parts_of_a_joined_file_must_have_been_loaded():
    whole = joined("a", "b")
    assert [part.sha256 for part in whole.objects] == ["a", "b"]
    assert whole.bytes == 2
    assert file().objects == (file(),)
    with pytest.raises(ValueError, match="not loaded"):
        _ = replace(whole, parts=()).objects


def test_several_files_of_one_upload_make_one_version():
    plan = versioning.plan(EMPTY, [file("train"), file("validation")], None, NOW)
    assert isinstance(plan, NewVersion)
    assert (plan.version.number, set(plan.version.splits)) == (1, {"train", "validation"})


def test_of_several_files_only_those_that_are_newer_count():
    head = follow(EMPTY, file("train", at=9), file("validation", at=1))
    plan = versioning.plan(head, [file("train", "old", at=5), file("validation", "new", at=5)], None, NOW)
    assert isinstance(plan, NewVersion)
    assert [item.sha256 for item in plan.version.splits.values()] == ["a", "new"]
    stale = [file("train", "old", at=5), file("validation", at=5)]
    assert versioning.plan(head, stale, None, NOW) == NothingNew("superseded")
    assert versioning.plan(head, [file("train", at=10), file("validation", at=5)], None, NOW) == NothingNew("unchanged")


_FILES = st.builds(
    file,
    st.sampled_from(["train", "validation", "test", "dataset.toml", "system.txt"]),
    st.sampled_from("abc"),
    at=st.integers(0, 5),
)


@given(st.lists(_FILES, max_size=12))
def test_versions_are_numbered_without_gaps_and_hold_every_current_split(files):
    head, seen = EMPTY, 0
    for item in files:
        plan = versioning.plan(head, [item], None, NOW)
        if isinstance(plan, NothingNew):
            continue
        assert plan.head.revision == head.revision + 1
        head = plan.head
        if isinstance(plan, NewVersion):
            seen += 1
            assert plan.version.number == seen == head.latest
            assert set(plan.version.splits) == {slot for slot in head.files if slot in {"train", "validation", "test"}}
            assert (plan.version.status == "incomplete") == ("train" not in head.files)


@given(st.permutations([file(content=str(n), sequencer=f"{n:04X}") for n in range(5)]))
def test_whatever_order_events_come_in_the_newest_upload_stands_at_the_end(files):
    assert follow(EMPTY, *files).files["train"].sha256 == "4"


@given(st.permutations([file(at=1), joined("a", at=2), file(content="b", at=3), joined("a", "b", at=4)]), st.data())
def test_whatever_order_whole_and_joined_uploads_come_in_however_often_the_newest_stands_at_the_end(files, data):
    again = data.draw(st.lists(st.sampled_from(files), max_size=4))
    assert follow(EMPTY, *files, *again).files["train"].last_modified == NOW + timedelta(seconds=4)
