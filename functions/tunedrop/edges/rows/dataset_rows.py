"""Datasets and their versions as rows of StateTable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase
from botocore.exceptions import ClientError

from tunedrop.domain.versions.versioning import Head, NewVersion, Noted, Output, Preparation, SplitFile, Version
from tunedrop.edges.rows import moments, part_rows, upload_rows
from tunedrop.edges.rows.attributes import Row, build
from tunedrop.edges.rows.table import Key, Put, Table, Update
from tunedrop.edges.rows.upload_rows import Upload

SCHEMA = 1
KIND = "dataset"

HEAD = "HEAD"
VERSION = "VERSION#"


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
    return _head(row) if row else None


def list_heads(table: Table, limit: int, cursor: str | None) -> HeadPage:
    """Datasets, most recently changed first."""
    page = table.listing(KIND, limit=limit, cursor=cursor)
    return HeadPage(tuple(_head(row) for row in page.rows), page.cursor)


def load_version(
    table: Table, dataset: str, number: int, *, erasing: bool = False, parts: bool = True
) -> Version | None:
    """One version; one that is being deleted only where `erasing` is said.

    Without `parts` those of its joined uploads are left out: they take a query, which not every role may make.
    """
    row = table.get(version_key(dataset, number))
    if row is None or ("erasing" in row and not erasing):
        return None
    return part_rows.loaded(table, _version(row)) if parts else _version(row)


def may_return(table: Table, dataset: str, number: int) -> bool:
    """Whether the version stands, be it hidden by a deletion that may still be taken back."""
    row = table.get(version_key(dataset, number))
    return row is not None and "confirmed" not in row


def list_versions(table: Table, dataset: str, limit: int | None = None, cursor: str | None = None) -> VersionPage:
    """Versions of a dataset, newest first, without `limit` all of them; without the parts of joined uploads.

    Those that are being deleted are left out.
    """
    page = table.query(partition(dataset), VERSION, limit=limit, cursor=cursor, newest_first=True)
    return VersionPage(tuple(_version(row) for row in page.rows if "erasing" not in row), page.cursor)


def holders(table: Table, dataset: str) -> tuple[Version, ...]:
    """Versions whose uploads must stay: all but those whose deletion was confirmed, which nothing takes back."""
    rows = table.query(partition(dataset), VERSION).rows
    return tuple(_version(row) for row in rows if "confirmed" not in row)


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
        "preparations": [asdict(item) for item in (*version.preparations, *preparations)],
    }
    return table.update(Update(version_key(version.dataset, version.number), set=added, when=seen)).done


def put_head(head: Head) -> Put:
    """Write the head over the revision before this one; refused while the dataset is being deleted."""
    unmoved: ConditionBase = Attr("pk").not_exists()
    if head.revision > 1:
        unmoved = Attr("revision").eq(head.revision - 1) & Attr("erasing").not_exists()
    return Put(
        {**_key(head_key(head.dataset)), "schema": SCHEMA, **listed(head), **contents(head), **_numbers(head)}, unmoved
    )


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
        "updated_at": moments.to_text(head.updated_at),
        "status": head.status,
        "files": _files_row(head.files),
        "system_file": head.system_file,
    }


def _numbers(head: Head) -> Row:
    return {
        "dataset": head.dataset,
        "created_at": moments.to_text(head.created_at),
        "revision": head.revision,
        "latest": head.latest,
    }


def _key(key: Key) -> Row:
    return {"pk": key.pk, "sk": key.sk}


def _head(row: Row) -> Head:
    return Head(
        dataset=row["dataset"],
        created_at=moments.from_text(row["created_at"]),
        updated_at=moments.from_text(row["updated_at"]),
        revision=row["revision"],
        latest=row["latest"],
        status=row["status"],
        files=_files(row["files"]),
        system_file=row["system_file"],
        deletion=row.get("deletion"),
        erasing="erasing" in row,
    )


def _version_row(version: Version) -> Row:
    return {
        **_key(version_key(version.dataset, version.number)),
        "schema": SCHEMA,
        "dataset": version.dataset,
        "number": version.number,
        "status": version.status,
        "files": _files_row(version.files),
        "system_file": version.system_file,
        "created_at": moments.to_text(version.created_at),
        "finished_at": moments.to_text(version.finished_at),
        "base_models": list(version.base_models),
        "owner": version.owner,
        "preparations": [asdict(item) for item in version.preparations],
        "top_findings": [dict(item) for item in version.top_findings],
    }


def _version(row: Row) -> Version:
    return Version(
        dataset=row["dataset"],
        number=row["number"],
        status=row["status"],
        files=_files(row["files"]),
        system_file=row["system_file"],
        created_at=moments.from_text(row["created_at"]),
        finished_at=moments.from_text(row["finished_at"]),
        base_models=tuple(row["base_models"]),
        owner=row["owner"],
        preparations=tuple(_preparation(item) for item in row["preparations"]),
        top_findings=tuple(row["top_findings"]),
    )


def _preparation(item: Mapping[str, Any]) -> Preparation:
    output = item["output"]
    return build(Preparation, {**item, "output": build(Output, output) if output else None})


def _files_row(files: Mapping[str, SplitFile]) -> dict[str, Any]:
    return {slot: _file_row(file) for slot, file in files.items()}


def _file_row(file: SplitFile) -> dict[str, Any]:
    row = {**asdict(replace(file, parts=())), "last_modified": moments.to_text(file.last_modified)}
    left_out = {"parts"} if file.joined else {"parts", "joined"}
    return {name: value for name, value in row.items() if name not in left_out}


def _files(row: Mapping[str, Mapping[str, Any]]) -> dict[str, SplitFile]:
    return {
        slot: build(SplitFile, {**file, "last_modified": moments.from_text(file["last_modified"])})
        for slot, file in row.items()
    }
