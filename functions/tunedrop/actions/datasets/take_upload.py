"""Take in an object that arrived under `incoming/`, or the ones that a request named, as files of a new version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tunedrop.actions.datasets import form_version, join_parts
from tunedrop.actions.datasets.form_version import StartJobOf
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import SPLITS
from tunedrop.domain.evaluation import answer_schema
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.reports import dataset_notifications, json_report
from tunedrop.domain.versions import dataset_toml, object_keys, versioning
from tunedrop.domain.versions.object_keys import (
    AnswersUpload,
    CommitUpload,
    CompanionUpload,
    MediaUpload,
    PartUpload,
    SchemaUpload,
    SettingsUpload,
    SplitUpload,
    Unrecognised,
)
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.domain.versions.versioning import SplitFile, UploadStatus
from tunedrop.edges import event_bus
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import upload_rows
from tunedrop.edges.rows.upload_rows import REQUEST, Upload
from tunedrop.edges.s3 import objects

_LARGEST: dict[str, int] = {
    **{split: catalogue.most_bytes(split) for split in SPLITS},
    object_keys.SETTINGS_FILE: dataset_toml.MAX_BYTES,
    object_keys.SCHEMA_FILE: answer_schema.MAX_BYTES,
}
"""The most bytes to read, by slot; text files beside `dataset.toml` have MAX_SYSTEM_FILE_BYTES."""

_OwnUpload = SplitUpload | CommitUpload | SettingsUpload | SchemaUpload | CompanionUpload


@dataclass(frozen=True, slots=True)
class _Arrival:
    key: str
    version_id: str | None
    sequencer: str | None


def arrived(event: Mapping[str, Any], cloud: Cloud, start: StartJobOf) -> None:
    """Take in the object that an S3 event from EventBridge names. Repeating the event changes nothing.

    `start` starts the job that an accepted version's settings ask for. Bad data ends in a report and a notification;
    only transient faults are raised, so that the message is redelivered.
    """
    detail = event["detail"]
    described = detail["object"]
    key: str = described["key"]  # plain text in EventBridge's events: do not unquote it (docs/facts.md#s3-events)
    if detail["bucket"]["name"] != cloud.settings.data_bucket or not key.startswith(object_keys.INCOMING):
        logger.warning("an event about an object that is not ours", extra={"event_id": event.get("id")})
        return
    arrival = _Arrival(key, described.get("version-id"), described.get("sequencer"))
    upload = object_keys.parse(key)
    if key.endswith("/"):
        logger.info("a folder marker")
    elif isinstance(upload, PartUpload):
        logger.info("a part, not joined yet", extra={"dataset": upload.dataset})
    elif isinstance(upload, AnswersUpload):
        logger.info("answers for evaluations, in no version", extra={"dataset": upload.dataset})
    elif isinstance(upload, MediaUpload):
        logger.info("a file that records may refer to", extra={"dataset": upload.dataset})
    elif isinstance(upload, Unrecognised):
        _refuse_key(upload, arrival, cloud)
    else:
        _take_in(arrival, upload, cloud, start)


def requested(message: Mapping[str, Any], cloud: Cloud, start: StartJobOf) -> None:
    """Carry out a `join_parts` message: put the objects that a request named into one new version. Safe to repeat."""
    upload = upload_rows.load(cloud.state, message["dataset"], REQUEST, message["upload_id"])
    if upload is None or upload.status != "processing":
        logger.info("nothing to join", extra={"dataset": message["dataset"], "upload_id": message["upload_id"]})
    elif upload.version is not None:
        form_version.take_up(upload, cloud, start)
    else:
        try:
            files = join_parts.named(upload, _LARGEST, cloud)
        except objects.Unreadable as gone:
            _refuse(upload, Defect("object_gone", str(gone)), cloud)
        else:
            form_version.place(upload, files, cloud, start)


def _take_in(arrival: _Arrival, kind: _OwnUpload, cloud: Cloud, start: StartJobOf) -> None:
    upload: Upload | None = None
    try:
        if arrival.version_id is not None:  # first of all, so that the upload can be seen while S3 is slow or refuses
            upload = _begin(kind, arrival.key, arrival.version_id, cloud)
        described = objects.describe(cloud.bucket, arrival.key, arrival.version_id)
        upload = upload or _begin(kind, arrival.key, described.version_id, cloud)
        if upload.status == "processing":
            _lead_on(upload, kind, described, arrival.sequencer, cloud, start)
    except objects.Unreadable as gone:
        defect = Defect("object_gone", str(gone))
        if upload is None:
            _tell(defect, arrival.key, kind.dataset, arrival.version_id, cloud)
        else:
            _refuse(upload, defect, cloud)


def _begin(kind: _OwnUpload, key: str, version_id: str, cloud: Cloud) -> Upload:
    return upload_rows.begin(cloud.state, kind.dataset, _slot(kind), key, version_id, cloud.now())


def _slot(kind: _OwnUpload) -> str:
    match kind:
        case SplitUpload(split=split) | CommitUpload(split=split):
            return split
        case SettingsUpload():
            return object_keys.SETTINGS_FILE
        case SchemaUpload():
            return object_keys.SCHEMA_FILE
        case CompanionUpload(file=file):
            return file


def _lead_on(  # noqa: PLR0917
    upload: Upload,
    kind: _OwnUpload,
    described: objects.Described,
    sequencer: str | None,
    cloud: Cloud,
    start: StartJobOf,
) -> None:
    """Continue from the upload's row: resume the version that an earlier delivery reserved, or plan one."""
    if upload.version is not None:
        form_version.take_up(upload, cloud, start)
        return
    file: SplitFile | Defect
    if isinstance(kind, CommitUpload):
        file = join_parts.committed(kind, described, _LARGEST[kind.split], cloud)
    else:
        stored = _stored(upload, described, cloud)
        file = SplitFile(
            stored.key, stored.version_id, stored.bytes, stored.sha256, upload.slot, described.last_modified
        )
    if isinstance(file, Defect):
        _refuse(upload, file, cloud)
    else:
        form_version.place(upload, [_as_described(file, described, sequencer)], cloud, start)


def _as_described(file: SplitFile, described: objects.Described, sequencer: str | None) -> SplitFile:
    system = described.metadata.get("system")
    return replace(
        file,
        sequencer=sequencer,
        base_model=described.metadata.get("base-model"),
        system_sha256=None if system is None else versioning.text_digest(system),
    )


def _stored(upload: Upload, described: objects.Described, cloud: Cloud) -> StoredFile:
    """The file with its SHA-256, or unread if it is too large for every base model."""
    file = StoredFile(upload.key, described.version_id, described.bytes, "")
    if file.bytes > _LARGEST.get(upload.slot, dataset_toml.MAX_SYSTEM_FILE_BYTES):
        return file
    return objects.fingerprint(cloud.bucket, file)


def _refuse_key(upload: Unrecognised, arrival: _Arrival, cloud: Cloud) -> None:
    """Say why the key fits nowhere: in a report, where whoever may upload there finds it, and in an event."""
    defect = Defect("unrecognized_key", upload.message, hint=upload.hint)
    report = json_report.encode(json_report.of_key(defect, arrival.key, arrival.version_id))
    objects.put(cloud.bucket, object_keys.unrecognized_report(arrival.key), report, "application/json")
    _tell(defect, arrival.key, None, arrival.version_id, cloud)


def _refuse(upload: Upload, defect: Defect, cloud: Cloud) -> None:
    """Publish why the upload makes no version, and close it."""
    _tell(defect, upload.key, upload.dataset, upload.version_id, cloud)
    status: UploadStatus = "gone" if defect.code == "object_gone" else "refused"
    upload_rows.finish(cloud.state, upload, status, cloud.now())


def _tell(defect: Defect, key: str, dataset: str | None, version_id: str | None, cloud: Cloud) -> None:
    told = dataset_notifications.refused(defect, key, dataset, version_id or "", form_version.publisher(cloud))
    event_bus.publish(cloud.bus, told)
