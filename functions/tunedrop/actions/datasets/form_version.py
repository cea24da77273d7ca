"""How a version is formed: an upload's files get their place in the dataset, and the new version is prepared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from tunedrop.actions.datasets import erase_data, prepare_version
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.reports import dataset_notifications
from tunedrop.domain.reports.dataset_notifications import Publisher
from tunedrop.domain.training.on_accept import OnAccept
from tunedrop.domain.versions import dataset_toml, object_keys, versioning
from tunedrop.domain.versions.versioning import Head, NothingNew, SplitFile, Version
from tunedrop.edges import events
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import dataset_rows, part_rows, upload_rows
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.upload_rows import Upload
from tunedrop.edges.s3 import objects
from tunedrop.edges.settings import Settings
from tunedrop.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client

MOST_RACES = 10
"""More uploads than that to one dataset in one moment wait for the queue to bring them again."""
ERASING_SECONDS = 120
"""The first wait for a deletion to be through; doubled each time, half an hour in all."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What it takes to form a version."""

    table: Table
    s3: S3Client
    bus: EventBridgeClient
    settings: Settings
    clock: Callable[[], datetime]
    start: Callable[[Version], OnAccept | None]
    """Starts what an accepted version starts by itself."""

    @property
    def now(self) -> datetime:
        """The time."""
        return self.clock()

    @property
    def sender(self) -> Publisher:
        """Who tells of it."""
        return Publisher(self.settings.stack_id, self.settings.data_bucket, self.now)


def place(reach: Reach, upload: Upload, files: Sequence[SplitFile]) -> None:
    """Give the files their place in the dataset: plan on the head as it is, and again when another upload moved it."""
    system_file = _named_system_file(reach, files)
    for _ in range(MOST_RACES):
        head = dataset_rows.load_head(reach.table, upload.dataset) or Head(upload.dataset, reach.now, reach.now)
        if head.erasing:
            raise Unavailable("dataset_being_deleted", "This comes again.", retry_after_seconds=ERASING_SECONDS)
        plan = versioning.plan(head, files, system_file, reach.now)
        if isinstance(plan, NothingNew):
            _say_nothing_new(reach, upload, head, plan)
            return
        if dataset_rows.reserve(reach.table, upload, plan):
            version = plan.version if isinstance(plan, versioning.NewVersion) else None
            _conclude(reach, upload, version and part_rows.loaded(reach.table, version))
            return
    raise Unavailable("dataset_busy", f"Too many uploads to {upload.dataset} at once; this one comes again.")


def take_up(reach: Reach, upload: Upload) -> None:
    """Another delivery of this very upload placed it, since or before it was cut off: go on from there."""
    placed = upload_rows.again(reach.table, upload)
    version = None
    if placed.version is not None:
        version = dataset_rows.load_version(reach.table, placed.dataset, placed.version)
    _conclude(reach, placed, version)


def _named_system_file(reach: Reach, files: Sequence[SplitFile]) -> str | None:
    for file in files:
        if file.slot == object_keys.SETTINGS_FILE:
            raw = objects.read(reach.s3, reach.settings.data_bucket, file, dataset_toml.MAX_BYTES)
            return dataset_toml.parse(raw, tuple(catalogue.catalogue())).system_file
    return None


def _say_nothing_new(reach: Reach, upload: Upload, head: Head, plan: NothingNew) -> None:
    if any(file.version_id == upload.version_id for file in head.files.values()):
        take_up(reach, upload)
        return
    logger.info("nothing new", extra={"dataset": upload.dataset, "slot": upload.slot, "status": plan.status})
    latest = dataset_rows.load_version(reach.table, upload.dataset, head.latest)
    if plan.status == "unchanged" and latest is not None and latest.finished_at is not None:
        events.publish(reach.bus, dataset_notifications.judged(latest, reach.sender, unchanged=upload.version_id))
    upload_rows.finish(reach.table, replace(upload, version=head.latest or None), plan.status, reach.now)


def _conclude(reach: Reach, upload: Upload, version: Version | None) -> None:
    """Prepare the version unless that was done, tell of it, and close the upload: each step may be repeated."""
    if version is None:
        upload_rows.finish(reach.table, upload, "noted", reach.now)
        return
    judged = _judged(reach, version) if version.status == "processing" else version
    if judged is not None and judged.finished_at is not None:
        dataset_rows.show_verdict(reach.table, judged)
        events.publish(reach.bus, dataset_notifications.judged(judged, reach.sender, job=reach.start(judged)))
    status = judged.status if judged else "deleted meanwhile"
    logger.info("version", extra={"dataset": version.dataset, "version": version.number, "status": status})
    upload_rows.finish(reach.table, replace(upload, version=version.number), "done", reach.now)


def _judged(reach: Reach, version: Version) -> Version | None:
    """The version with its verdict, ours or another delivery's; None where it was deleted before it had one."""
    previous = dataset_rows.load_version(reach.table, version.dataset, version.number - 1)
    outcome = prepare_version.prepare(version, s3=reach.s3, settings=reach.settings, previous=previous)
    judged = versioning.finished(version, outcome, reach.now)
    if dataset_rows.finish_version(reach.table, judged):
        return judged
    standing = dataset_rows.load_version(reach.table, version.dataset, version.number)
    if standing is None and not _swept(reach, version):
        raise Unavailable("version_busy", f"{version.dataset}@{version.number} may be deleted, or not.")
    return standing


def _swept(reach: Reach, version: Version) -> bool:
    bucket = reach.settings.data_bucket
    return erase_data.sweep(version.dataset, version.number, table=reach.table, s3=reach.s3, bucket=bucket)
