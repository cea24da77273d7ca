"""An object arrived under `incoming/`: it becomes part of a numbered version of its dataset, and that is prepared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tunedrop import preparation
from tunedrop.base_models import catalogue
from tunedrop.data import dataset_toml, keys, versions
from tunedrop.data.defects import Defect
from tunedrop.data.keys import CompanionUpload, SettingsUpload, SplitUpload, Unrecognised
from tunedrop.data.versions import Head, NothingNew, SplitFile, StoredFile, Version
from tunedrop.edges import dataset_rows, events, objects
from tunedrop.edges.dataset_rows import Upload
from tunedrop.edges.observability import logger
from tunedrop.edges.settings import Settings
from tunedrop.edges.table import Table
from tunedrop.errors import Unavailable
from tunedrop.reports import dataset_notifications
from tunedrop.reports.dataset_notifications import Sender

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client

MOST_RACES = 10
"""More uploads than that to one dataset in one moment wait for the queue to bring them again."""


_LARGEST = {
    "train": max(model.limits.train_bytes for model in catalogue.catalogue().values()),
    "validation": max(model.limits.validation_bytes for model in catalogue.catalogue().values()),
    "test": max(model.limits.train_bytes for model in catalogue.catalogue().values()),
    keys.SETTINGS_FILE: dataset_toml.MAX_BYTES,
}
"""Bytes; by slot, for text files beside dataset.toml see there."""


@dataclass(frozen=True, slots=True)
class _Reach:
    table: Table
    s3: S3Client
    bus: EventBridgeClient
    settings: Settings
    clock: Callable[[], datetime]

    @property
    def now(self) -> datetime:
        return self.clock()

    @property
    def sender(self) -> Sender:
        return Sender(self.settings.stack_id, self.settings.data_bucket, self.now)


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
) -> None:
    """Take in the object of an S3 event of EventBridge. The same event again changes nothing.

    Bad data ends in a report and an event; what rises is transient and comes again by the queue.
    """
    detail = event["detail"]
    described = detail["object"]
    key: str = described["key"]  # plain in EventBridge's events, never to be unquoted (bedrock-facts 8)
    if detail["bucket"]["name"] != settings.data_bucket or not key.startswith(keys.INCOMING):
        logger.warning("an event about an object that is not ours", extra={"event_id": event.get("id")})
        return
    reach = _Reach(table, s3, bus, settings, clock)
    arrival = _Arrival(key, described.get("version-id"), described.get("sequencer"))
    upload = keys.parse(key)
    if key.endswith("/"):
        logger.info("a folder marker")
    elif isinstance(upload, Unrecognised):
        defect = Defect("unrecognized_key", upload.message, hint=upload.hint)
        events.publish(
            reach.bus, dataset_notifications.refused(defect, key, None, arrival.version_id or "", reach.sender)
        )
    else:
        _take_in(reach, arrival, upload)


def _take_in(reach: _Reach, arrival: _Arrival, kind: keys.Upload) -> None:
    upload: Upload | None = None
    try:
        if arrival.version_id is not None:
            upload = _begin(reach, kind, arrival.key, arrival.version_id)
        described = objects.describe(reach.s3, reach.settings.data_bucket, arrival.key, arrival.version_id)
        upload = upload or _begin(reach, kind, arrival.key, described.version_id)
        if upload.status == "processing":
            _lead_on(reach, upload, described, arrival.sequencer)
    except objects.Unreadable as gone:
        _give_up(reach, arrival, kind, upload, str(gone))


def _begin(reach: _Reach, kind: keys.Upload, key: str, version_id: str) -> Upload:
    return dataset_rows.begin_upload(reach.table, kind.dataset, _slot(kind), key, version_id, reach.now)


def _slot(kind: keys.Upload) -> str:
    match kind:
        case SplitUpload(split=split):
            return split
        case SettingsUpload():
            return keys.SETTINGS_FILE
        case CompanionUpload(file=file):
            return file


def _lead_on(reach: _Reach, upload: Upload, described: objects.Described, sequencer: str | None) -> None:
    """From the upload's row on: a version reserved by an earlier delivery is gone on with, else one is planned."""
    if upload.version is not None:
        _take_up(reach, upload)
        return
    stored = _stored(reach, upload, described)
    file = SplitFile(
        key=stored.key,
        version_id=stored.version_id,
        bytes=stored.bytes,
        sha256=stored.sha256,
        slot=upload.slot,
        last_modified=described.last_modified,
        sequencer=sequencer,
        base_model=described.metadata.get("base-model"),
        system=described.metadata.get("system"),
    )
    _place(reach, upload, file)


def _stored(reach: _Reach, upload: Upload, described: objects.Described) -> StoredFile:
    """The file with its SHA-256, unless it is too large for any use: then it is not read at all."""
    if described.bytes > _LARGEST.get(upload.slot, dataset_toml.MAX_SYSTEM_FILE_BYTES):
        return StoredFile(upload.key, described.version_id, described.bytes, "")
    return objects.fingerprint(reach.s3, reach.settings.data_bucket, upload.key, described)


def _place(reach: _Reach, upload: Upload, file: SplitFile) -> None:
    """Give the file its place in the dataset: plan on the head as it is, and again when another upload moved it."""
    system_file = _named_system_file(reach, file)
    for _ in range(MOST_RACES):
        head = dataset_rows.load_head(reach.table, upload.dataset) or Head(upload.dataset, reach.now, reach.now)
        plan = versions.plan(head, file, system_file, reach.now)
        if isinstance(plan, NothingNew):
            _say_nothing_new(reach, upload, head, plan)
            return
        if dataset_rows.reserve(reach.table, upload, plan):
            version = plan.version if isinstance(plan, versions.NewVersion) else None
            _conclude(reach, upload, version)
            return
    raise Unavailable("dataset_busy", f"Too many uploads to {upload.dataset} at once; this one comes again.")


def _named_system_file(reach: _Reach, file: SplitFile) -> str | None:
    if file.slot != keys.SETTINGS_FILE:
        return None
    raw = objects.read(reach.s3, reach.settings.data_bucket, file, dataset_toml.MAX_BYTES)
    return dataset_toml.parse(raw, tuple(catalogue.catalogue())).system_file


def _say_nothing_new(reach: _Reach, upload: Upload, head: Head, plan: NothingNew) -> None:
    if head.files[upload.slot].version_id == upload.version_id:
        _take_up(reach, upload)
        return
    logger.info("nothing new", extra={"dataset": upload.dataset, "slot": upload.slot, "status": plan.status})
    latest = dataset_rows.load_version(reach.table, upload.dataset, head.latest)
    if plan.status == "unchanged" and latest is not None and latest.finished_at is not None:
        events.publish(reach.bus, dataset_notifications.judged(latest, reach.sender, unchanged=upload.version_id))
    dataset_rows.finish_upload(reach.table, replace(upload, version=head.latest or None), plan.status, reach.now)


def _take_up(reach: _Reach, upload: Upload) -> None:
    """Another delivery of this very upload placed it, since or before it was cut off: go on from there."""
    placed = dataset_rows.load_upload(reach.table, upload)
    version = None
    if placed.version is not None:
        version = dataset_rows.load_version(reach.table, placed.dataset, placed.version)
    _conclude(reach, placed, version)


def _conclude(reach: _Reach, upload: Upload, version: Version | None) -> None:
    """Prepare the version unless that was done, tell of it, and close the upload: each step may be repeated."""
    if version is None:
        dataset_rows.finish_upload(reach.table, upload, "noted", reach.now)
        return
    if version.status == "processing":
        outcome = preparation.prepare(version, s3=reach.s3, settings=reach.settings)
        version = versions.finished(version, outcome, reach.now)
        if not dataset_rows.finish_version(reach.table, version):
            version = dataset_rows.load_version(reach.table, version.dataset, version.number) or version
    if version.finished_at is not None:
        events.publish(reach.bus, dataset_notifications.judged(version, reach.sender))
    logger.info("version", extra={"dataset": version.dataset, "version": version.number, "status": version.status})
    dataset_rows.finish_upload(reach.table, replace(upload, version=version.number), "done", reach.now)


def _give_up(reach: _Reach, arrival: _Arrival, kind: keys.Upload, upload: Upload | None, reason: str) -> None:
    version_id = arrival.version_id or ""
    defect = Defect("object_gone", reason)
    events.publish(
        reach.bus, dataset_notifications.refused(defect, arrival.key, kind.dataset, version_id, reach.sender)
    )
    if upload is not None:
        dataset_rows.finish_upload(reach.table, upload, "gone", reach.now)
