"""Datasets over time: split files, numbered versions, the head that numbers them, and what a new file leads to.

Pure: `plan` decides from the head that was read; the caller's write is conditional on that head's revision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from tunedrop.domain.base_models.catalogue import SPLITS, Split
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.stored_file import StoredFile

VersionStatus = Literal["incomplete", "processing", "accepted", "rejected"]
Verdict = Literal["accepted", "rejected"]
UploadStatus = Literal["processing", "done", "unchanged", "superseded", "noted", "gone", "refused"]

JUDGED: frozenset[VersionStatus] = frozenset({"accepted", "rejected"})
"""Statuses of versions that may be prepared for another base model."""

_ALWAYS = frozenset({*SPLITS, object_keys.SETTINGS_FILE, object_keys.SCHEMA_FILE})
"""Slots whose files are in each version; of others, only the one that `dataset.toml` names."""
MAX_COMPANIONS = 20
"""Unused text files that a head remembers: its row must stay within an item's 400 KB (docs/facts.md#dynamodb)."""


@dataclass(frozen=True, slots=True)
class SplitFile(StoredFile):
    """One upload. `slot` is its split, `dataset.toml`, `schema.json`, or the name of a text file beside them.

    A joined upload has the key and S3 version id of what joined its parts (a `_commit`, or the folder and a request's
    id), the bytes of all parts, and their `content_digest` as SHA-256.
    """

    slot: str
    last_modified: datetime
    sequencer: str | None = None
    """Hexadecimal; orders S3's events on one key (docs/facts.md#s3-events)."""
    base_model: str | None = None
    """Object metadata `base-model`; overrides `dataset.toml`."""
    system_sha256: str | None = None
    """Of object metadata `system`, which overrides `dataset.toml` for this file. The text itself stays in S3."""
    system: str | None = None
    """The text itself, once it was read from S3; rows written before there was a digest hold it, too."""
    joined: int = 0
    """The number of joined parts; 0: it is one object."""
    parts: tuple[StoredFile, ...] = ()
    """The parts of a joined upload, in order. They have their own rows, which listings do not load."""

    @property
    def objects(self) -> tuple[StoredFile, ...]:
        """The objects that hold its bytes, in order. Raises ValueError if its parts were not loaded."""
        if self.joined != len(self.parts):
            raise ValueError(f"the parts of {self.key} were not loaded")
        return self.parts or (self,)

    def says_the_same(self, other: SplitFile) -> bool:
        """Whether preparing either file would give the same result."""
        return bool(self.sha256) and self._said == other._said

    @property
    def _said(self) -> tuple[str | None, ...]:
        content = self.sha256 if self.joined else content_digest([self])
        return (content, self.base_model, self.system_sha256 or (self.system and text_digest(self.system)))

    def is_older_than(self, other: SplitFile) -> bool:
        """Whether S3 received this file before the other: by sequencer for the same key, else by time."""
        if self.key == other.key and self.sequencer and other.sequencer:
            # Sequencers differ in length; the shorter one is padded on the left (docs/facts.md#s3-events).
            width = max(len(self.sequencer), len(other.sequencer))
            return self.sequencer.rjust(width, "0") < other.sequencer.rjust(width, "0")
        return self.last_modified < other.last_modified


def text_digest(text: str) -> str:
    """SHA-256 (hexadecimal) of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def content_digest(files: Sequence[StoredFile]) -> str:
    """SHA-256 (hexadecimal) over the files' digests and extensions, in order; empty if one of them was not read.

    Names do not count, so a single file equals the same file as the only part of a joined upload.
    """
    if not all(file.sha256 for file in files):
        return ""
    said = "".join(f"{file.sha256}  {object_keys.extension(file.key) or file.key}\n" for file in files)
    return hashlib.sha256(said.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Output(StoredFile):
    """The prepared data of one split for one base model."""

    records: int


@dataclass(frozen=True, slots=True)
class Preparation:
    """The result of preparing one split for one base model."""

    base_model: str
    split: Split
    verdict: Verdict
    report_key: str
    records: int
    tokens: int
    """Estimated tokens of all records."""
    errors: int
    warnings: int
    output: Output | None
    recipe: str = ""
    """Digest of everything that determines the result, which a later version may reuse; empty if it must not."""


@dataclass(frozen=True, slots=True)
class Version:
    """An immutable, numbered snapshot of a dataset's files, and the results of preparing it."""

    dataset: str
    number: int
    status: VersionStatus
    files: Mapping[str, SplitFile]
    """By slot: the splits, and, if there are any, `dataset.toml`, the system file it names, and `schema.json`."""
    system_file: str | None
    created_at: datetime
    finished_at: datetime | None = None
    base_models: tuple[str, ...] = ()
    owner: str | None = None
    preparations: tuple[Preparation, ...] = ()
    top_findings: tuple[Mapping[str, Any], ...] = ()
    """The most severe codes over all reports, with counts and first locations, never content."""

    @property
    def splits(self) -> Mapping[Split, SplitFile]:
        """The split files, train first."""
        return {split: self.files[split] for split in SPLITS if split in self.files}

    def prepared_for(self, base_model: str) -> tuple[Preparation, ...]:
        """One preparation per split; empty if the version was not prepared for this base model."""
        return tuple(item for item in self.preparations if item.base_model == base_model)


@dataclass(frozen=True, slots=True)
class Head:
    """The one row that numbers a dataset's versions."""

    dataset: str
    created_at: datetime
    updated_at: datetime
    revision: int = 0
    """Counts writes of the row; every write is conditional on the revision it read."""
    latest: int = 0
    """The number of the newest version; 0: none yet."""
    status: VersionStatus | None = None
    """The status of the newest version; None if it was deleted."""
    files: Mapping[str, SplitFile] = field(default_factory=dict)
    system_file: str | None = None
    """The text file that the current `dataset.toml` names."""
    deletion: str | None = None
    """The id of the deletion if the dataset was deleted or is about to be. A new upload revives the dataset."""
    erasing: bool = False
    """Whether that deletion is in progress; until it is done, uploads have to wait."""

    @property
    def stands(self) -> bool:
        """Whether the newest version still exists. If it was deleted, the same bytes make a new version."""
        return self.status is not None or not self.latest


@dataclass(frozen=True, slots=True)
class NewVersion:
    """The file makes a new version: both rows as they should be written."""

    head: Head
    version: Version


@dataclass(frozen=True, slots=True)
class Noted:
    """The file is remembered for later versions but makes none itself."""

    head: Head


@dataclass(frozen=True, slots=True)
class NothingNew:
    """The file changes nothing: the head has the same content (`unchanged`) or a newer file (`superseded`)."""

    status: Literal["unchanged", "superseded"]


Plan = NewVersion | Noted | NothingNew


def plan(
    head: Head, files: Sequence[SplitFile], system_file: str | None, now: datetime, *, again: bool = False
) -> Plan:
    """What one upload's files lead to. `system_file` is the file that a `dataset.toml` among them names.

    `again`: the same bytes make a new version, because the newest was rejected for something outside of them.
    """
    standing = [(file, head.files.get(file.slot)) for file in files]
    newer = [(file, current) for file, current in standing if current is None or not file.is_older_than(current)]
    fresh = [
        file for file, current in newer if not (current and head.stands and not again and file.says_the_same(current))
    ]
    if not fresh:
        return NothingNew("unchanged" if len(newer) == len(files) else "superseded")
    slots = {file.slot: file for file in fresh}
    if object_keys.SETTINGS_FILE in slots:
        head = replace(head, system_file=system_file)
    head = replace(head, files=_bounded({**head.files, **slots}, head.system_file))
    head = replace(head, revision=head.revision + 1, updated_at=now)
    if not _makes_version(head, slots):
        return Noted(head)
    version = _next_version(head, now)
    return NewVersion(replace(head, latest=version.number, status=version.status), version)


def seen_again(head: Head, files: Sequence[SplitFile], now: datetime) -> Head | None:
    """The head, if it has to know that it was given again what it holds; None: it was not, or not later.

    Else a file that came between the two, and whose event comes last, would be taken for the newest.
    """
    again = {
        file.slot: replace(
            current, last_modified=file.last_modified, sequencer=file.sequencer if file.key == current.key else None
        )
        for file in files
        if (current := head.files.get(file.slot)) and current.is_older_than(file) and file.says_the_same(current)
    }
    if not again:
        return None
    return replace(head, files={**head.files, **again}, revision=head.revision + 1, updated_at=now)


def _makes_version(head: Head, slots: Iterable[str]) -> bool:
    holds_splits = any(split in head.files for split in SPLITS)
    return holds_splits and not {*_ALWAYS, head.system_file}.isdisjoint(slots)


def _next_version(head: Head, now: datetime) -> Version:
    wanted = {*_ALWAYS, head.system_file}
    files = {slot: file for slot, file in head.files.items() if slot in wanted}
    return Version(
        dataset=head.dataset,
        number=head.latest + 1,
        status="processing" if "train" in files else "incomplete",
        files=files,
        system_file=head.system_file,
        created_at=now,
    )


def _bounded(files: Mapping[str, SplitFile], system_file: str | None) -> Mapping[str, SplitFile]:
    """The files without the oldest unused text files, so that the head's row stays small."""
    keep = {*_ALWAYS, system_file}
    spare = sorted((file for file in files.values() if file.slot not in keep), key=lambda file: file.last_modified)
    dropped = {file.slot for file in spare[: max(0, len(spare) - MAX_COMPANIONS)]}
    return {slot: file for slot, file in files.items() if slot not in dropped}


def verdict(preparations: Sequence[Preparation]) -> Verdict:
    """A version's verdict: rejected if any of its reports is."""
    return "rejected" if any(item.verdict == "rejected" for item in preparations) else "accepted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of preparing a version."""

    preparations: tuple[Preparation, ...]
    top_findings: tuple[Mapping[str, Any], ...]
    owner: str | None


def finished(version: Version, outcome: Outcome, now: datetime) -> Version:
    """The version with its verdict and results."""
    return replace(
        version,
        status=verdict(outcome.preparations),
        base_models=tuple(dict.fromkeys(item.base_model for item in outcome.preparations)),
        owner=outcome.owner,
        preparations=outcome.preparations,
        top_findings=outcome.top_findings,
        finished_at=now,
    )
