"""Form a version: add an upload's files to the dataset, and prepare the new version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tunedrop.actions.datasets import erase_data, prepare_version
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.checks.media_findings import MENDED_BY_UPLOAD
from tunedrop.domain.reports import dataset_notifications
from tunedrop.domain.reports.dataset_notifications import Publisher
from tunedrop.domain.training.on_accept import OnAccept
from tunedrop.domain.versions import dataset_toml, object_keys, versioning
from tunedrop.domain.versions.versioning import Head, Noted, NothingNew, SplitFile, Version
from tunedrop.edges import event_bus
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import dataset_rows, part_rows, upload_rows
from tunedrop.edges.rows.upload_rows import Upload
from tunedrop.edges.s3 import objects
from tunedrop.errors import Unavailable

MOST_RACES = 10
"""Tries to win the dataset's head against other uploads, before the message is left to be redelivered."""
ERASING_SECONDS = 120
"""The first wait for a deletion in progress; it doubles with each delivery, half an hour in all."""


StartJobOf = Callable[[Version], OnAccept | None]
"""Starts the job that an accepted version's settings ask for; None if they ask for none."""


def place(upload: Upload, files: Sequence[SplitFile], cloud: Cloud, start: StartJobOf) -> None:
    """Add the files to the dataset: plan from its head, and plan again if another upload changed the head meanwhile.

    Raises Unavailable while the dataset is being deleted, or if other uploads keep winning.
    """
    system_file = _named_system_file(files, cloud)
    for _ in range(MOST_RACES):
        head = dataset_rows.load_head(cloud.state, upload.dataset) or Head(upload.dataset, cloud.now(), cloud.now())
        if head.erasing:
            raise Unavailable("dataset_being_deleted", "To be retried.", retry_after_seconds=ERASING_SECONDS)
        again = _may_be_right_now(head, upload, cloud)
        plan = versioning.plan(head, files, system_file, cloud.now(), again=again)
        if isinstance(plan, NothingNew):
            seen = versioning.seen_again(head, files, cloud.now())
            if seen and not dataset_rows.reserve(cloud.state, upload, Noted(seen)):
                continue
            _say_nothing_new(upload, head, plan, cloud, start)
            return
        if dataset_rows.reserve(cloud.state, upload, plan):
            version = plan.version if isinstance(plan, versioning.NewVersion) else None
            _conclude(upload, version and part_rows.loaded(cloud.state, version), cloud, start)
            return
    raise Unavailable("dataset_busy", f"Too many uploads to {upload.dataset} at once; this one will be retried.")


def take_up(upload: Upload, cloud: Cloud, start: StartJobOf) -> None:
    """Continue an upload that an earlier or concurrent delivery of the same message already added."""
    placed = upload_rows.again(cloud.state, upload)
    version = None
    if placed.version is not None:
        version = dataset_rows.load_version(cloud.state, placed.dataset, placed.version)
    _conclude(placed, version, cloud, start)


def _named_system_file(files: Sequence[SplitFile], cloud: Cloud) -> str | None:
    for file in files:
        if file.slot == object_keys.SETTINGS_FILE:
            raw = objects.read(cloud.bucket, file, dataset_toml.MAX_BYTES)
            return dataset_toml.parse(raw, tuple(catalogue.catalogue())).system_file
    return None


def _may_be_right_now(head: Head, upload: Upload, cloud: Cloud) -> bool:
    """Whether the newest version was rejected for files beside its data, which may have been uploaded since.

    Not if this very upload made it: its message may come twice.
    """
    if head.status != "rejected" or _is_held(upload, head):
        return False
    latest = dataset_rows.load_version(cloud.state, head.dataset, head.latest)
    return latest is not None and any(row["code"] in MENDED_BY_UPLOAD for row in latest.top_findings)


def _is_held(upload: Upload, head: Head) -> bool:
    return any(file.version_id == upload.version_id for file in head.files.values())


def _say_nothing_new(upload: Upload, head: Head, plan: NothingNew, cloud: Cloud, start: StartJobOf) -> None:
    # "Nothing new" because another delivery of this message was faster? Then finish its work.
    if _is_held(upload, head):
        take_up(upload, cloud, start)
        return
    logger.info("nothing new", extra={"dataset": upload.dataset, "slot": upload.slot, "status": plan.status})
    latest = dataset_rows.load_version(cloud.state, upload.dataset, head.latest)
    if plan.status == "unchanged" and latest is not None and latest.finished_at is not None:
        told = dataset_notifications.judged(latest, publisher(cloud), unchanged=upload.version_id)
        event_bus.publish(cloud.bus, told)
    upload_rows.finish(cloud.state, replace(upload, version=head.latest or None), plan.status, cloud.now())


def _conclude(upload: Upload, version: Version | None, cloud: Cloud, start: StartJobOf) -> None:
    """Prepare the version unless that was done, publish its verdict, and close the upload. Every step is repeatable."""
    if version is None:
        upload_rows.finish(cloud.state, upload, "noted", cloud.now())
        return
    judged = _judged(version, cloud) if version.status == "processing" else version
    if judged is not None and judged.finished_at is not None:
        dataset_rows.show_verdict(cloud.state, judged)
        told = dataset_notifications.judged(judged, publisher(cloud), job=start(judged))
        event_bus.publish(cloud.bus, told)
    status = judged.status if judged else "deleted meanwhile"
    logger.info("version", extra={"dataset": version.dataset, "version": version.number, "status": status})
    upload_rows.finish(cloud.state, replace(upload, version=version.number), "done", cloud.now())


def _judged(version: Version, cloud: Cloud) -> Version | None:
    """The version with its verdict, from us or a concurrent delivery; None if it was deleted before that."""
    previous = dataset_rows.load_version(cloud.state, version.dataset, version.number - 1)
    outcome = prepare_version.prepare(version, cloud, previous=previous)
    judged = versioning.finished(version, outcome, cloud.now())
    if dataset_rows.finish_version(cloud.state, judged):
        return judged
    standing = dataset_rows.load_version(cloud.state, version.dataset, version.number)
    if standing is None and not erase_data.sweep(version.dataset, version.number, cloud):
        raise Unavailable("version_busy", f"{version.dataset}@{version.number} may or may not be deleted.")
    return standing


def publisher(cloud: Cloud) -> Publisher:
    """The fields that every dataset notification needs: stack, bucket and time."""
    return Publisher(cloud.settings.stack_id, cloud.settings.data_bucket, cloud.now())
