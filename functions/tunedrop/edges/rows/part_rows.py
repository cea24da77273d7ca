"""Parts of joined uploads as rows of StateTable: too many for the row of a version or of a dataset's head."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.domain.versions.versioning import SplitFile, Version
from tunedrop.edges.rows import stored
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.writes import Key, Put

SCHEMA = 1
_CHUNK = 200
"""Parts in one row: under 100 KB of the 400 that DynamoDB takes (docs/facts.md#dynamodb)."""


@dataclass(frozen=True, slots=True)
class _Parts:
    parts: tuple[StoredFile, ...]


def puts(version: Version) -> list[Put]:
    """Rows of those parts that came with this version; the ones carried over stand already."""
    return [
        put
        for slot, file in version.files.items()
        if file.parts
        for put in _puts(version.dataset, slot, file.version_id, file.parts)
    ]


def named(dataset: str, slot: str, version_id: str, parts: Sequence[StoredFile]) -> list[Put]:
    """Rows of what a request named, before it is read."""
    return list(_puts(dataset, slot, version_id, parts))


def load(table: Table, dataset: str, slot: str, version_id: str) -> tuple[StoredFile, ...]:
    """The parts of one upload, in their order."""
    page = table.query(_pk(dataset), _prefix(slot, version_id))
    return tuple(part for row in page.rows for part in stored.from_row(_Parts, row).parts)


def all_loaded(table: Table, versions: Iterable[Version]) -> Iterator[Version]:
    """The versions with their parts; what several carry over is read once."""
    known: dict[tuple[str, str], tuple[StoredFile, ...]] = {}
    for version in versions:
        files = {
            slot: replace(file, parts=known[slot, file.version_id]) if (slot, file.version_id) in known else file
            for slot, file in version.files.items()
        }
        whole = loaded(table, replace(version, files=files))
        known |= {(slot, file.version_id): file.parts for slot, file in whole.files.items() if file.joined}
        yield whole


def loaded(table: Table, version: Version) -> Version:
    """The version with the parts of all its joined uploads."""
    missing = {slot: file for slot, file in version.files.items() if file.joined and not file.parts}
    if not missing:
        return version
    found = {slot: _with_parts(table, version.dataset, file) for slot, file in missing.items()}
    return replace(version, files={**version.files, **found})


def _with_parts(table: Table, dataset: str, file: SplitFile) -> SplitFile:
    return replace(file, parts=load(table, dataset, file.slot, file.version_id))


def _puts(dataset: str, slot: str, version_id: str, parts: Sequence[StoredFile]) -> Iterator[Put]:
    for number, start in enumerate(range(0, len(parts), _CHUNK)):
        key = Key(_pk(dataset), f"{_prefix(slot, version_id)}{number:03d}")
        yield Put(stored.to_row(key, SCHEMA, _Parts(tuple(parts[start : start + _CHUNK]))))


def _prefix(slot: str, version_id: str) -> str:
    return f"PARTS#{slot}#{version_id}#"


def _pk(dataset: str) -> str:
    return f"DATASET#{dataset}"
