"""Deleting a dataset or one of its versions: what goes, what is remembered of it, and what must stay. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from tunedrop.data import keys
from tunedrop.data.versions import Head, Preparation, SplitFile, StoredFile, Version

DeletionState = Literal["planned", "asked", "erasing", "erased"]
"""`asked`: everything new is held off while running jobs are looked for; `erasing`: nothing takes it back any more."""

STUCK_AFTER = timedelta(hours=3)
"""A version that is processing for longer is not: its message came five times, of 15 minutes each, and was given up."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was taken out of the bucket."""

    objects: int = 0
    """S3 versions of objects."""
    bytes: int = 0
    delete_markers: int = 0


@dataclass(frozen=True, slots=True)
class Deletion:
    """One request to delete, as its row remembers it for good: who, when, what, and how far it came."""

    id: str
    dataset: str
    version: int | None
    """None: the whole dataset."""
    asked_by: str
    asked_at: datetime
    latest: int
    """The dataset's newest version at that time: what has a greater number is not meant."""
    state: DeletionState = "asked"
    files: tuple[StoredFile, ...] = ()
    """Uploads that no remaining version holds; of a whole dataset those that no version ever held."""
    erased: Erased = field(default_factory=Erased)
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RememberedFile(StoredFile):
    """The digest of a file that a version held."""

    slot: str


@dataclass(frozen=True, slots=True)
class RememberedOutput(StoredFile):
    """The digest of prepared data."""

    split: str
    base_model: str
    records: int


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What stays of a deleted version: digests, never content."""

    dataset: str
    number: int
    deletion: str
    """The id of the deletion."""
    deleted_at: datetime
    deleted_by: str
    created_at: datetime
    status: str
    files: tuple[RememberedFile, ...]
    outputs: tuple[RememberedOutput, ...]
    records: Mapping[str, int]
    """By split, as read."""


def tombstone(version: Version, deletion: Deletion) -> Tombstone:
    """What is remembered of a version that this deletion takes away."""
    return Tombstone(
        dataset=version.dataset,
        number=version.number,
        deletion=deletion.id,
        deleted_at=deletion.asked_at,
        deleted_by=deletion.asked_by,
        created_at=version.created_at,
        status=version.status,
        files=tuple(
            RememberedFile(file.key, file.version_id, file.bytes, file.sha256, slot)
            for slot, each in version.files.items()
            for file in stored(each)
        ),
        outputs=tuple(found for item in version.preparations for found in _output(item)),
        records={item.split: item.records for item in version.preparations},
    )


def stored(file: SplitFile) -> tuple[StoredFile, ...]:
    """The objects that a split file stands for."""
    return (StoredFile(file.key, file.version_id, file.bytes, file.sha256),)


def _output(item: Preparation) -> Iterable[RememberedOutput]:
    output = item.output
    if output is not None:
        place = (output.key, output.version_id, output.bytes, output.sha256)
        yield RememberedOutput(*place, item.split, item.base_model, output.records)


def orphans(version: Version, others: Iterable[Version]) -> tuple[StoredFile, ...]:
    """Objects of this version that none of the others holds."""
    held = {_identity(file) for other in others for each in other.files.values() for file in stored(each)}
    mine = (file for each in version.files.values() for file in stored(each))
    return tuple(file for file in mine if _identity(file) not in held)


def never_versioned(head: Head, versions: Iterable[Version]) -> tuple[StoredFile, ...]:
    """Current uploads that stand in no version."""
    held = {_identity(file) for each in versions for split in each.files.values() for file in stored(split)}
    current = (file for each in head.files.values() for file in stored(each))
    return tuple(file for file in current if _identity(file) not in held)


def without(head: Head, version: Version, gone: Iterable[StoredFile], now: datetime) -> Head:
    """The head once a version and its orphans are gone: later versions must not carry them over."""
    lost = {_identity(file) for file in gone}
    kept = {
        slot: file for slot, file in head.files.items() if not any(_identity(each) in lost for each in stored(file))
    }
    return replace(
        head,
        files=kept,
        system_file=head.system_file if head.system_file in kept else None,
        status=None if version.number == head.latest else head.status,
        revision=head.revision + 1,
        updated_at=now,
    )


def emptied(head: Head, now: datetime) -> Head:
    """The head of a deleted dataset: it only remembers which numbers were given."""
    return replace(head, files={}, system_file=None, status=None, revision=head.revision + 1, updated_at=now)


def is_processing(version: Version, now: datetime) -> bool:
    """Whether a function may be reading its files at this moment."""
    return version.status == "processing" and now - version.created_at < STUCK_AFTER


def prefixes(deletion: Deletion) -> tuple[str, ...]:
    """Where everything lies that goes; of a version's split files only those named in `files` go as well."""
    folder = deletion.dataset if deletion.version is None else f"{deletion.dataset}/{deletion.version}"
    made = (f"{keys.PREPARED}{folder}/", f"{keys.REPORTS}{folder}/")
    return made if deletion.version is not None else (f"{keys.INCOMING}{folder}/", *made)


def goes(deletion: Deletion, key: str, last_modified: datetime) -> bool:
    """Whether this S3 version under one of the prefixes is meant: not what came after the request.

    Versions' numbers are never given twice, so the number tells for what was prepared; for uploads their time does.
    """
    if key.startswith(keys.INCOMING):
        return last_modified <= deletion.asked_at
    number = key.split("/")[2]
    return not number.isdecimal() or int(number) <= deletion.latest


def _identity(file: StoredFile) -> tuple[str, str]:
    return file.key, file.version_id
