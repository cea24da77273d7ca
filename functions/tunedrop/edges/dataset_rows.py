"""Datasets, versions and uploads as rows of StateTable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from boto3.dynamodb.conditions import Attr, ConditionBase
from botocore.exceptions import ClientError

from tunedrop.data.versions import Head, NewVersion, Noted, Output, Preparation, SplitFile, UploadStatus, Version
from tunedrop.edges import moments
from tunedrop.edges.attributes import Row
from tunedrop.edges.table import Key, Put, Table, Update

SCHEMA = 1
KIND = "dataset"

_HEAD = "HEAD"
_VERSION = "VERSION#"


@dataclass(frozen=True, slots=True)
class Upload:
    """One S3 object version on its way: written before anything else is done with it."""

    dataset: str
    slot: str
    key: str
    version_id: str
    status: UploadStatus
    version: int | None
    """The dataset's version that it led to, or already stood in."""


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


def begin_upload(table: Table, dataset: str, slot: str, key: str, version_id: str, now: datetime) -> Upload:  # noqa: PLR0917
    """The upload's row, made unless it stands: what is known of this S3 object version."""
    place = _upload_key(dataset, slot, version_id)
    row = {
        "pk": place.pk,
        "sk": place.sk,
        "schema": SCHEMA,
        "key": key,
        "status": "processing",
        "received_at": moments.to_text(now),
    }
    outcome = table.put(Put(row, Attr("pk").not_exists()))
    return _upload(dataset, slot, version_id, outcome.row or row)


def load_upload(table: Table, upload: Upload) -> Upload:
    """The upload as it stands now."""
    row = table.get(_upload_key(upload.dataset, upload.slot, upload.version_id))
    return _upload(upload.dataset, upload.slot, upload.version_id, row) if row else upload


def finish_upload(table: Table, upload: Upload, status: UploadStatus, now: datetime) -> None:
    """Nothing is left to do for it."""
    known = {} if upload.version is None else {"version": upload.version}
    place = _upload_key(upload.dataset, upload.slot, upload.version_id)
    table.update(Update(place, set={"status": status, "finished_at": moments.to_text(now), **known}))


def load_head(table: Table, dataset: str) -> Head | None:
    """The dataset, None where nothing was ever uploaded to it."""
    row = table.get(Key(_pk(dataset), _HEAD))
    return _head(row) if row else None


def list_heads(table: Table, limit: int, cursor: str | None) -> HeadPage:
    """Datasets, most recently changed first."""
    page = table.listing(KIND, limit=limit, cursor=cursor)
    return HeadPage(tuple(_head(row) for row in page.rows), page.cursor)


def load_version(table: Table, dataset: str, number: int) -> Version | None:
    """One version."""
    row = table.get(Key(_pk(dataset), f"{_VERSION}{number:06d}"))
    return _version(row) if row else None


def list_versions(table: Table, dataset: str, limit: int, cursor: str | None) -> VersionPage:
    """Versions of a dataset, newest first."""
    page = table.query(_pk(dataset), _VERSION, limit=limit, cursor=cursor, newest_first=True)
    return VersionPage(tuple(_version(row) for row in page.rows), page.cursor)


def reserve(table: Table, upload: Upload, plan: NewVersion | Noted) -> bool:
    """Move the head, write the version, tie the upload to it: all or nothing. False where the head has moved on."""
    writes: list[Put | Update] = [Put(_head_row(plan.head), _unmoved(plan.head))]
    if isinstance(plan, NewVersion):
        place = _upload_key(upload.dataset, upload.slot, upload.version_id)
        writes += [
            Put(_version_row(plan.version), Attr("pk").not_exists()),
            Update(place, set={"version": plan.version.number}, when=Attr("version").not_exists()),
        ]
    try:
        return table.write_all(*writes)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"TransactionCanceledException", "TransactionConflictException"}:
            return False
        raise


def finish_version(table: Table, version: Version) -> bool:
    """Give a version its verdict. False where another delivery of the same event did that before."""
    if not table.put(Put(_version_row(version), Attr("status").eq("processing"))).done:
        return False
    newest = Attr("latest").eq(version.number)
    table.update(
        Update(Key(_pk(version.dataset), _HEAD), set={"status": version.status}, add={"revision": 1}, when=newest)
    )
    return True


def add_preparations(table: Table, version: Version, preparations: Sequence[Preparation]) -> bool:
    """Add one base model's preparations; the version's own verdict stays. False where the row has changed meanwhile."""
    base_model = preparations[0].base_model
    seen = Attr("base_models").eq(list(version.base_models)) & Attr("status").eq(version.status)
    added = {
        "base_models": [*version.base_models, base_model],
        "preparations": [asdict(item) for item in (*version.preparations, *preparations)],
    }
    place = Key(_pk(version.dataset), f"{_VERSION}{version.number:06d}")
    return table.update(Update(place, set=added, when=seen)).done


def _unmoved(head: Head) -> ConditionBase:
    return Attr("revision").eq(head.revision - 1) if head.revision > 1 else Attr("pk").not_exists()


def _pk(dataset: str) -> str:
    return f"DATASET#{dataset}"


def _upload_key(dataset: str, slot: str, version_id: str) -> Key:
    return Key(_pk(dataset), f"UPLOAD#{slot}#{version_id}")


def _upload(dataset: str, slot: str, version_id: str, row: Row) -> Upload:
    return Upload(dataset, slot, row["key"], version_id, row["status"], row.get("version"))


def _head_row(head: Head) -> Row:
    updated = moments.to_text(head.updated_at)
    return {
        "pk": _pk(head.dataset),
        "sk": _HEAD,
        "schema": SCHEMA,
        "kind": KIND,
        "listed_at": f"{updated}#{head.dataset}",
        "dataset": head.dataset,
        "created_at": moments.to_text(head.created_at),
        "updated_at": updated,
        "revision": head.revision,
        "latest": head.latest,
        "status": head.status,
        "files": _files_row(head.files),
        "system_file": head.system_file,
    }


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
    )


def _version_row(version: Version) -> Row:
    return {
        "pk": _pk(version.dataset),
        "sk": f"{_VERSION}{version.number:06d}",
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
    return Preparation(**{**item, "output": Output(**output) if output else None})


def _files_row(files: Mapping[str, SplitFile]) -> dict[str, Any]:
    return {
        slot: {**asdict(file), "last_modified": moments.to_text(file.last_modified)} for slot, file in files.items()
    }


def _files(row: Mapping[str, Mapping[str, Any]]) -> dict[str, SplitFile]:
    return {
        slot: SplitFile(**{**file, "last_modified": moments.from_text(file["last_modified"])})
        for slot, file in row.items()
    }
