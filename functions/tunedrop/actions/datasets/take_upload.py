"""An object arrived under `incoming/`, or a request named some that did: they become files of a new version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tunedrop.actions.datasets import form_version, join_parts
from tunedrop.actions.datasets.form_version import Reach
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import SPLITS
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.reports import dataset_notifications
from tunedrop.domain.training.on_accept import OnAccept
from tunedrop.domain.versions import dataset_toml, object_keys
from tunedrop.domain.versions.object_keys import (
    CommitUpload,
    CompanionUpload,
    PartUpload,
    SettingsUpload,
    SplitUpload,
    Unrecognised,
)
from tunedrop.domain.versions.versioning import SplitFile, StoredFile, UploadStatus, Version
from tunedrop.edges import events
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import upload_rows
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.upload_rows import REQUEST, Upload
from tunedrop.edges.s3 import objects
from tunedrop.edges.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client

_LARGEST: dict[str, int] = {
    **{split: catalogue.most_bytes(split) for split in SPLITS},
    object_keys.SETTINGS_FILE: dataset_toml.MAX_BYTES,
}
"""Bytes; by slot, for text files beside dataset.toml see there."""

_OwnUpload = SplitUpload | CommitUpload | SettingsUpload | CompanionUpload


@dataclass(frozen=True, slots=True)
class _Arrival:
    key: str
    version_id: str | None
    sequencer: str | None


def arrived(
    event: Mapping[str, Any],
    *,
    table: Table,
    s3: S3Client,
    bus: EventBridgeClient,
    settings: Settings,
    clock: Callable[[], datetime],
    start: Callable[[Version], OnAccept | None],
) -> None:
    """Take in the object of an S3 event of EventBridge. The same event again changes nothing.

    `start` starts what an accepted version starts by itself.
    Bad data ends in a report and an event; what rises is transient and comes again by the queue.
    """
    detail = event["detail"]
    described = detail["object"]
    key: str = described["key"]  # plain in EventBridge's events, never to be unquoted (bedrock-facts 8)
    if detail["bucket"]["name"] != settings.data_bucket or not key.startswith(object_keys.INCOMING):
        logger.warning("an event about an object that is not ours", extra={"event_id": event.get("id")})
        return
    reach = Reach(table, s3, bus, settings, clock, start)
    arrival = _Arrival(key, described.get("version-id"), described.get("sequencer"))
    upload = object_keys.parse(key)
    if key.endswith("/"):
        logger.info("a folder marker")
    elif isinstance(upload, PartUpload):
        logger.info("a part, which lies there until it is joined", extra={"dataset": upload.dataset})
    elif isinstance(upload, Unrecognised):
        _tell(reach, Defect("unrecognized_key", upload.message, hint=upload.hint), key, None, arrival.version_id)
    else:
        _take_in(reach, arrival, upload)


def requested(
    message: Mapping[str, Any],
    *,
    table: Table,
    s3: S3Client,
    bus: EventBridgeClient,
    settings: Settings,
    clock: Callable[[], datetime],
    start: Callable[[Version], OnAccept | None],
) -> None:
    """Carry out a `join_parts` message: what a request named, in one new version. Repeated, it changes nothing."""
    reach = Reach(table, s3, bus, settings, clock, start)
    upload = upload_rows.load(table, message["dataset"], REQUEST, message["upload_id"])
    if upload is None or upload.status != "processing":
        logger.info("nothing to join", extra={"dataset": message["dataset"], "upload_id": message["upload_id"]})
    elif upload.version is not None:
        form_version.take_up(reach, upload)
    else:
        try:
            files = join_parts.named(upload, _LARGEST, table=table, s3=s3, settings=settings)
        except objects.Unreadable as gone:
            _refuse(reach, upload, Defect("object_gone", str(gone)))
        else:
            form_version.place(reach, upload, files)


def _take_in(reach: Reach, arrival: _Arrival, kind: _OwnUpload) -> None:
    upload: Upload | None = None
    try:
        if arrival.version_id is not None:
            upload = _begin(reach, kind, arrival.key, arrival.version_id)
        described = objects.describe(reach.s3, reach.settings.data_bucket, arrival.key, arrival.version_id)
        upload = upload or _begin(reach, kind, arrival.key, described.version_id)
        if upload.status == "processing":
            _lead_on(reach, upload, kind, described, arrival.sequencer)
    except objects.Unreadable as gone:
        defect = Defect("object_gone", str(gone))
        if upload is None:
            _tell(reach, defect, arrival.key, kind.dataset, arrival.version_id)
        else:
            _refuse(reach, upload, defect)


def _begin(reach: Reach, kind: _OwnUpload, key: str, version_id: str) -> Upload:
    return upload_rows.begin(reach.table, kind.dataset, _slot(kind), key, version_id, reach.now)


def _slot(kind: _OwnUpload) -> str:
    match kind:
        case SplitUpload(split=split) | CommitUpload(split=split):
            return split
        case SettingsUpload():
            return object_keys.SETTINGS_FILE
        case CompanionUpload(file=file):
            return file


def _lead_on(
    reach: Reach, upload: Upload, kind: _OwnUpload, described: objects.Described, sequencer: str | None
) -> None:
    """From the upload's row on: a version reserved by an earlier delivery is gone on with, else one is planned."""
    if upload.version is not None:
        form_version.take_up(reach, upload)
        return
    file: SplitFile | Defect
    if isinstance(kind, CommitUpload):
        file = join_parts.committed(kind, described, _LARGEST[kind.split], s3=reach.s3, settings=reach.settings)
    else:
        stored = _stored(reach, upload, described)
        file = SplitFile(
            stored.key, stored.version_id, stored.bytes, stored.sha256, upload.slot, described.last_modified
        )
    if isinstance(file, Defect):
        _refuse(reach, upload, file)
    else:
        form_version.place(reach, upload, [_as_described(file, described, sequencer)])


def _as_described(file: SplitFile, described: objects.Described, sequencer: str | None) -> SplitFile:
    return replace(
        file,
        sequencer=sequencer,
        base_model=described.metadata.get("base-model"),
        system=described.metadata.get("system"),
    )


def _stored(reach: Reach, upload: Upload, described: objects.Described) -> StoredFile:
    """The file with its SHA-256, unless it is too large for any use: then it is not read at all."""
    file = StoredFile(upload.key, described.version_id, described.bytes, "")
    if file.bytes > _LARGEST.get(upload.slot, dataset_toml.MAX_SYSTEM_FILE_BYTES):
        return file
    return objects.fingerprint(reach.s3, reach.settings.data_bucket, file)


def _refuse(reach: Reach, upload: Upload, defect: Defect) -> None:
    """It makes no version: say why, and close it."""
    _tell(reach, defect, upload.key, upload.dataset, upload.version_id)
    status: UploadStatus = "gone" if defect.code == "object_gone" else "refused"
    upload_rows.finish(reach.table, upload, status, reach.now)


def _tell(reach: Reach, defect: Defect, key: str, dataset: str | None, version_id: str | None) -> None:
    events.publish(reach.bus, dataset_notifications.refused(defect, key, dataset, version_id or "", reach.sender))
