"""Deleting a dataset or one version: what is deleted, what is remembered, and what must stay. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.object_versions import ObjectVersion
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.domain.versions.versioning import Head, Preparation, Version

DeletionState = Literal["planned", "asked", "erasing", "erased"]
"""`asked`: new jobs and uploads are blocked while we look for running jobs; `erasing`: it can't be undone any more."""

STUCK_AFTER = timedelta(hours=3)
"""A version that is processing for longer was abandoned: five deliveries of its message, 16 minutes apart, failed."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was deleted from the bucket."""

    objects: int = 0
    """Object versions; delete markers are counted apart."""
    bytes: int = 0
    delete_markers: int = 0


@dataclass(frozen=True, slots=True)
class Deletion:
    """One request to delete, kept forever: who asked, when, for what, and its progress."""

    id: str
    dataset: str
    version: int | None
    """None: the whole dataset."""
    asked_by: str
    asked_at: datetime
    latest: int
    """The dataset's newest version at that time; later versions are not deleted."""
    state: DeletionState = "asked"
    erased: Erased = field(default_factory=Erased)
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RememberedFile(StoredFile):
    """The digest of a file in a deleted version; for a joined upload, the digest over all its parts."""

    slot: str
    joined: int
    """The number of parts; 0: it was one object."""


@dataclass(frozen=True, slots=True)
class RememberedOutput(StoredFile):
    """The digest of a deleted version's prepared data."""

    split: str
    base_model: str
    records: int


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What remains of a deleted version: digests, never content."""

    dataset: str
    number: int
    deletion: str
    """The id of the `Deletion`."""
    deleted_at: datetime
    deleted_by: str
    created_at: datetime
    status: str
    files: tuple[RememberedFile, ...]
    outputs: tuple[RememberedOutput, ...]
    records: Mapping[str, int]
    """Records read, by split."""


def tombstone(version: Version, deletion: Deletion) -> Tombstone:
    """The tombstone of a version that this deletion deletes."""
    return Tombstone(
        dataset=version.dataset,
        number=version.number,
        deletion=deletion.id,
        deleted_at=deletion.asked_at,
        deleted_by=deletion.asked_by,
        created_at=version.created_at,
        status=version.status,
        files=tuple(
            RememberedFile(file.key, file.version_id, file.bytes, file.sha256, slot, file.joined)
            for slot, file in version.files.items()
        ),
        outputs=tuple(found for item in version.preparations for found in _output(item)),
        records={item.split: item.records for item in version.preparations},
    )


def _output(item: Preparation) -> Iterator[RememberedOutput]:
    output = item.output
    if output is not None:
        place = (output.key, output.version_id, output.bytes, output.sha256)
        yield RememberedOutput(*place, item.split, item.base_model, output.records)


def orphans(version: Version, others: Iterable[Version]) -> Iterator[StoredFile]:
    """This version's objects that no other version holds. Raises ValueError if a joined upload's parts are missing."""
    held = {_identity(file) for other in others for file in _objects(other)}
    return (file for file in _objects(version) if _identity(file) not in held)


def without(head: Head, version: Version, others: Iterable[Version], now: datetime) -> Head:
    """The head once the version is gone: later versions must not carry over files that only this one held."""
    held = {_identity(file) for other in others for file in other.files.values()}
    lost = {_identity(file) for file in version.files.values()} - held
    kept = {slot: file for slot, file in head.files.items() if _identity(file) not in lost}
    return replace(
        head,
        files=kept,
        system_file=head.system_file if head.system_file in kept else None,
        status=None if version.number == head.latest else head.status,
        revision=head.revision + 1,
        updated_at=now,
    )


def emptied(head: Head, now: datetime) -> Head:
    """The head of a deleted dataset. It stays to remember which version numbers were used."""
    return replace(head, files={}, system_file=None, status=None, updated_at=now)


@dataclass(frozen=True, slots=True)
class Doomed:
    """One S3 version to delete, or a delete marker, which has no bytes."""

    key: str
    version_id: str
    bytes: int
    marker: bool = False


def doomed(found: ObjectVersion) -> Doomed:
    """A listed S3 version as one to delete."""
    return Doomed(found.key, found.version_id, found.bytes, found.deleted)


def tally(found: Sequence[Doomed]) -> Erased:
    """Count the object versions, bytes and delete markers."""
    markers = sum(item.marker for item in found)
    return Erased(len(found) - markers, sum(item.bytes for item in found), markers)


def plus(one: Erased, other: Erased) -> Erased:
    """The sum of two counts."""
    return Erased(one.objects + other.objects, one.bytes + other.bytes, one.delete_markers + other.delete_markers)


def is_processing(version: Version, now: datetime) -> bool:
    """Whether a function may be reading the version's files now."""
    return version.status == "processing" and now - version.created_at < STUCK_AFTER


def prefixes(deletion: Deletion) -> tuple[str, ...]:
    """The key prefixes to delete. A version's uploads are not among them: only its `orphans` are deleted."""
    if deletion.version is not None:
        return made(f"{deletion.dataset}/{deletion.version}")
    return (f"{object_keys.INCOMING}{deletion.dataset}/", *made(deletion.dataset))


def made(folder: str) -> tuple[str, ...]:
    """The prefixes of what was made of a dataset's (`name`) or a version's (`name/number`) data."""
    return tuple(f"{kind}{folder}/" for kind in (object_keys.PREPARED, object_keys.REPORTS, object_keys.EVALUATIONS))


def goes(deletion: Deletion, key: str, last_modified: datetime) -> bool:
    """Whether to delete this S3 version, found under one of the `prefixes`: not if it is newer than the request.

    Uploads are judged by their time, everything else by its version's number, since numbers are never reused.
    """
    if key.startswith(object_keys.INCOMING):
        return last_modified <= deletion.asked_at
    number = key.split("/")[2]
    return not number.isdecimal() or int(number) <= deletion.latest


def _objects(version: Version) -> Iterator[StoredFile]:
    return (found for file in version.files.values() for found in file.objects)


def _identity(file: StoredFile) -> tuple[str, str]:
    return file.key, file.version_id
