"""Parts of joined uploads as rows of StateTable: too many for the row of a version or of a dataset's head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

from boto3.dynamodb.conditions import Attr, ConditionBase

from tunedrop.data.versions import SplitFile, StoredFile, Version
from tunedrop.edges.attributes import build
from tunedrop.edges.table import Put, Table

SCHEMA = 1
_CHUNK = 200
"""Parts in one row: under 100 KB of the 400 that DynamoDB takes (bedrock-facts 9)."""


def puts(version: Version) -> list[Put]:
    """Rows of those parts that came with this version; the ones carried over stand already."""
    return [
        put
        for slot, file in version.files.items()
        if file.parts
        for put in _puts(version.dataset, slot, file.version_id, file.parts, None)
    ]


def keep(table: Table, dataset: str, slot: str, version_id: str, parts: Sequence[StoredFile]) -> None:
    """What a request named, before it is read. What stands already stays: a repetition might see newer objects."""
    for put in _puts(dataset, slot, version_id, parts, Attr("pk").not_exists()):
        table.put(put)


def load(table: Table, dataset: str, slot: str, version_id: str) -> tuple[StoredFile, ...]:
    """The parts of one upload, in their order."""
    page = table.query(_pk(dataset), _prefix(slot, version_id))
    return tuple(build(StoredFile, part) for row in page.rows for part in row["parts"])


def loaded(table: Table, version: Version) -> Version:
    """The version with the parts of all its joined uploads."""
    missing = {slot: file for slot, file in version.files.items() if file.joined and not file.parts}
    if not missing:
        return version
    found = {slot: _with_parts(table, version.dataset, file) for slot, file in missing.items()}
    return replace(version, files={**version.files, **found})


def _with_parts(table: Table, dataset: str, file: SplitFile) -> SplitFile:
    return replace(file, parts=load(table, dataset, file.slot, file.version_id))


def _puts(
    dataset: str, slot: str, version_id: str, parts: Sequence[StoredFile], when: ConditionBase | None
) -> Iterator[Put]:
    for number, start in enumerate(range(0, len(parts), _CHUNK)):
        row = {
            "pk": _pk(dataset),
            "sk": f"{_prefix(slot, version_id)}{number:03d}",
            "schema": SCHEMA,
            "parts": [asdict(part) for part in parts[start : start + _CHUNK]],
        }
        yield Put(row, when)


def _prefix(slot: str, version_id: str) -> str:
    return f"PARTS#{slot}#{version_id}#"


def _pk(dataset: str) -> str:
    return f"DATASET#{dataset}"
