"""Uploads as rows of StateTable: what became of each S3 object version, and of each request to join some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from boto3.dynamodb.conditions import Attr

from tunedrop.domain.base_models.catalogue import Split
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.versioning import UploadStatus
from tunedrop.edges.rows import stored
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.writes import Key, Put, Require, Update

SCHEMA = 1
REQUEST: Final = "request"
"""The slot of an upload that a request made of objects uploaded before; its S3 version id is the request's own."""


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
    received_at: datetime
    splits: Mapping[Split, int] = field(default_factory=dict)
    """Of a request to join: how many parts each split has."""


def begin(table: Table, dataset: str, slot: str, key: str, version_id: str, now: datetime) -> Upload:  # noqa: PLR0917
    """The upload's row, made unless it stands: what is known of this S3 object version."""
    return _begin(table, Upload(dataset, slot, key, version_id, "processing", None, now))


def begin_request(
    table: Table, dataset: str, request_id: str, splits: Mapping[Split, int], now: datetime, *beside: Put | Require
) -> Upload | None:
    """The same for a request to join so many parts, together with what is written `beside` it.

    None where one of these was refused: then nothing was written.
    """
    upload = Upload(dataset, REQUEST, object_keys.incoming(dataset, ""), request_id, "processing", None, now, splits)
    if table.write_all(Put(_row(upload), Attr("pk").not_exists()), *beside):
        return upload
    return load(table, dataset, REQUEST, request_id)


def load(table: Table, dataset: str, slot: str, version_id: str) -> Upload | None:
    """The upload of that S3 version id, or the request of that id."""
    row = table.get(place(dataset, slot, version_id))
    return _upload(dataset, slot, version_id, row) if row else None


def again(table: Table, upload: Upload) -> Upload:
    """The upload as it stands now."""
    return load(table, upload.dataset, upload.slot, upload.version_id) or upload


def finish(table: Table, upload: Upload, status: UploadStatus, now: datetime) -> None:
    """Nothing is left to do for it; one whose row was erased with its dataset stays erased."""
    known = {} if upload.version is None else {"version": upload.version}
    change = {"status": status, "finished_at": now, **known}
    row_key = place(upload.dataset, upload.slot, upload.version_id)
    table.update(Update(row_key, set=change, when=Attr("pk").exists()))


def tie(upload: Upload, version: int) -> Update:
    """Say once to which version the upload led."""
    row_key = place(upload.dataset, upload.slot, upload.version_id)
    return Update(row_key, set={"version": version}, when=Attr("version").not_exists())


def place(dataset: str, slot: str, version_id: str) -> Key:
    """Where the row of an upload stands."""
    return Key(f"DATASET#{dataset}", f"UPLOAD#{slot}#{version_id}")


def _begin(table: Table, upload: Upload) -> Upload:
    row = _row(upload)
    outcome = table.put(Put(row, Attr("pk").not_exists()))
    return _upload(upload.dataset, upload.slot, upload.version_id, outcome.row or row)


def _row(upload: Upload) -> Row:
    key = place(upload.dataset, upload.slot, upload.version_id)
    splits = {"splits": dict(upload.splits)} if upload.splits else {}
    return stored.to_row(key, SCHEMA, key=upload.key, status=upload.status, received_at=upload.received_at, **splits)


def _upload(dataset: str, slot: str, version_id: str, row: Row) -> Upload:
    identity = {"dataset": dataset, "slot": slot, "version_id": version_id}
    return stored.from_row(Upload, {"version": None, **row, **identity})
