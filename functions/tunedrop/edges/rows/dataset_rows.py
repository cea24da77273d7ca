"""Datasets and their versions as rows of StateTable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from boto3.dynamodb.conditions import Attr, ConditionBase
from botocore.exceptions import ClientError

from tunedrop.domain.versions.versioning import Head, NewVersion, Noted, Preparation, SplitFile, Version
from tunedrop.edges.rows import moments, part_rows, stored, upload_rows
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.upload_rows import Upload
from tunedrop.edges.rows.writes import Key, Put, Update

SCHEMA = 1
KIND = "dataset"

HEAD = "HEAD"
VERSION = "VERSION#"
_ONLY_IF_THERE = frozenset({"joined", "parts", "system_sha256"})
_OF_A_DELETION = ("deletion", "erasing")
"""What a head has from the deletion of its dataset, which writes it by itself; the next upload ends it."""


@dataclass(frozen=True, slots=True)
class HeadPage:
    """Some datasets, most recently changed first."""

    heads: tuple[Head, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class VersionPage:
    """Some versions of a dataset, newest first."""

    versions: tuple[Version, ...]
    cursor: str | None


def load_head(table: Table, dataset: str) -> Head | None:
    """The dataset, None where nothing was ever uploaded to it."""
    row = table.get(head_key(dataset))
    return stored.from_row(Head, row) if row else None


def list_heads(table: Table, limit: int, cursor: str | None) -> HeadPage:
    """Datasets, most recently changed first."""
    page = table.listing(KIND, limit=limit, cursor=cursor)
    return HeadPage(tuple(stored.from_row(Head, row) for row in page.rows), page.cursor)


def load_version(
    table: Table, dataset: str, number: int, *, erasing: bool = False, parts: bool = True
) -> Version | None:
    """One version; one that is being deleted only where `erasing` is said.

    Without `parts` those of its joined uploads are left out: they take a query, which not every role may make.
    """
    row = table.get(version_key(dataset, number))
    if row is None or ("erasing" in row and not erasing):
        return None
    version = stored.from_row(Version, row)
    return part_rows.loaded(table, version) if parts else version


def may_return(table: Table, dataset: str, number: int) -> bool:
    """Whether the version stands, be it hidden by a deletion that may still be taken back."""
    row = table.get(version_key(dataset, number))
    return row is not None and "confirmed" not in row


def list_versions(table: Table, dataset: str, limit: int | None = None, cursor: str | None = None) -> VersionPage:
    """Versions of a dataset, newest first, without `limit` all of them; without the parts of joined uploads.

    Those that are being deleted are left out.
    """
    page = table.query(partition(dataset), VERSION, limit=limit, cursor=cursor, newest_first=True)
    return VersionPage(tuple(stored.from_row(Version, row) for row in page.rows if "erasing" not in row), page.cursor)


def holders(table: Table, dataset: str) -> tuple[Version, ...]:
    """Versions whose uploads must stay: all but those whose deletion was confirmed, which nothing takes back."""
    rows = table.query(partition(dataset), VERSION).rows
    return tuple(stored.from_row(Version, row) for row in rows if "confirmed" not in row)


def reserve(table: Table, upload: Upload, plan: NewVersion | Noted) -> bool:
    """Move the head, write the version, tie the upload to it: all or nothing. False where the head has moved on."""
    writes: list[Put | Update] = [put_head(plan.head)]
    if isinstance(plan, NewVersion):
        writes += [
            Put(_version_row(plan.version), Attr("pk").not_exists()),
            upload_rows.tie(upload, plan.version.number),
            *part_rows.puts(plan.version),
        ]
    try:
        return table.write_all(*writes)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"TransactionCanceledException", "TransactionConflictException"}:
            return False
        raise


def finish_version(table: Table, version: Version) -> bool:
    """Give a version its verdict. False where another delivery of the same event did that before."""
    undecided = Attr("status").eq("processing") & Attr("erasing").not_exists()
    return table.put(Put(_version_row(version), undecided)).done


def show_verdict(table: Table, version: Version) -> None:
    """Let the head say the verdict of its newest version, unless it does, or that is deleted or no more the newest."""
    waiting = Attr("latest").eq(version.number) & Attr("status").eq("processing")
    table.update(Update(head_key(version.dataset), set={"status": version.status}, add={"revision": 1}, when=waiting))


def add_preparations(table: Table, version: Version, preparations: Sequence[Preparation]) -> bool:
    """Add one base model's preparations; the version's own verdict stays. False where the row has changed meanwhile."""
    base_model = preparations[0].base_model
    seen = Attr("base_models").eq(list(version.base_models)) & Attr("status").eq(version.status)
    seen &= Attr("erasing").not_exists()
    added = {
        "base_models": [*version.base_models, base_model],
        "preparations": stored.plain((*version.preparations, *preparations)),
    }
    return table.update(Update(version_key(version.dataset, version.number), set=added, when=seen)).done


def put_head(head: Head) -> Put:
    """Write the head over the revision before this one; refused while the dataset is being deleted."""
    unmoved: ConditionBase = Attr("pk").not_exists()
    if head.revision > 1:
        unmoved = Attr("revision").eq(head.revision - 1) & Attr("erasing").not_exists()
    row = stored.to_row(head_key(head.dataset), SCHEMA, replace(head, files={}), **listed(head), **contents(head))
    return Put({name: value for name, value in row.items() if name not in _OF_A_DELETION}, unmoved)


def partition(dataset: str) -> str:
    """Where all rows of a dataset stand."""
    return f"DATASET#{dataset}"


def head_key(dataset: str) -> Key:
    """Where the head stands."""
    return Key(partition(dataset), HEAD)


def version_key(dataset: str, number: int) -> Key:
    """Where a version stands."""
    return Key(partition(dataset), f"{VERSION}{number:06d}")


def listed(head: Head) -> Row:
    """What makes a head appear in listings."""
    return {"kind": KIND, "listed_at": f"{moments.to_text(head.updated_at)}#{head.dataset}"}


def contents(head: Head) -> Row:
    """What a head says of the current files and of the newest version."""
    return {
        "updated_at": head.updated_at,
        "status": head.status,
        "files": _files_row(head.files),
        "system_file": head.system_file,
    }


def _version_row(version: Version) -> Row:
    key = version_key(version.dataset, version.number)
    return stored.to_row(key, SCHEMA, replace(version, files={}), files=_files_row(version.files))


def _files_row(files: Mapping[str, SplitFile]) -> Row:
    return {slot: _file_row(file) for slot, file in files.items()}


def _file_row(file: SplitFile) -> Row:
    """Of a joined one without its parts, which have rows of their own; of others without what only some have."""
    row: Row = stored.plain(replace(file, parts=()))
    return {name: value for name, value in row.items() if value or name not in _ONLY_IF_THERE}
