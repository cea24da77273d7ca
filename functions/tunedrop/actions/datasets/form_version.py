"""How a version is formed: an upload's files get their place in the dataset, and the new version is prepared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tunedrop.actions.datasets import erase_data, prepare_version
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.reports import dataset_notifications
from tunedrop.domain.reports.dataset_notifications import Publisher
from tunedrop.domain.training.on_accept import OnAccept
from tunedrop.domain.versions import dataset_toml, object_keys, versioning
from tunedrop.domain.versions.versioning import Head, NothingNew, SplitFile, Version
from tunedrop.edges import events
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import dataset_rows, part_rows, upload_rows
from tunedrop.edges.rows.upload_rows import Upload
from tunedrop.edges.s3 import objects
from tunedrop.errors import Unavailable

MOST_RACES = 10
"""More uploads than that to one dataset in one moment wait for the queue to bring them again."""
ERASING_SECONDS = 120
"""The first wait for a deletion to be through; doubled each time, half an hour in all."""


StartJobOf = Callable[[Version], OnAccept | None]
"""Starts what an accepted version starts by itself; None where it starts nothing."""


def place(upload: Upload, files: Sequence[SplitFile], cloud: Cloud, start: StartJobOf) -> None:
    """Give the files their place in the dataset: plan on the head as it is, and again when another upload moved it."""
    system_file = _named_system_file(files, cloud)
    for _ in range(MOST_RACES):
        head = dataset_rows.load_head(cloud.state, upload.dataset) or Head(upload.dataset, cloud.now(), cloud.now())
        if head.erasing:
            raise Unavailable("dataset_being_deleted", "This comes again.", retry_after_seconds=ERASING_SECONDS)
        plan = versioning.plan(head, files, system_file, cloud.now())
        if isinstance(plan, NothingNew):
            _say_nothing_new(upload, head, plan, cloud, start)
            return
        if dataset_rows.reserve(cloud.state, upload, plan):
            version = plan.version if isinstance(plan, versioning.NewVersion) else None
            _conclude(upload, version and part_rows.loaded(cloud.state, version), cloud, start)
            return
    raise Unavailable("dataset_busy", f"Too many uploads to {upload.dataset} at once; this one comes again.")


def take_up(upload: Upload, cloud: Cloud, start: StartJobOf) -> None:
    """Another delivery of this very upload placed it, since or before it was cut off: go on from there."""
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


def _say_nothing_new(upload: Upload, head: Head, plan: NothingNew, cloud: Cloud, start: StartJobOf) -> None:
    if any(file.version_id == upload.version_id for file in head.files.values()):
        take_up(upload, cloud, start)
        return
    logger.info("nothing new", extra={"dataset": upload.dataset, "slot": upload.slot, "status": plan.status})
    latest = dataset_rows.load_version(cloud.state, upload.dataset, head.latest)
    if plan.status == "unchanged" and latest is not None and latest.finished_at is not None:
        told = dataset_notifications.judged(latest, publisher(cloud), unchanged=upload.version_id)
        events.publish(cloud.bus, told)
    upload_rows.finish(cloud.state, replace(upload, version=head.latest or None), plan.status, cloud.now())


def _conclude(upload: Upload, version: Version | None, cloud: Cloud, start: StartJobOf) -> None:
    """Prepare the version unless that was done, tell of it, and close the upload: each step may be repeated."""
    if version is None:
        upload_rows.finish(cloud.state, upload, "noted", cloud.now())
        return
    judged = _judged(version, cloud) if version.status == "processing" else version
    if judged is not None and judged.finished_at is not None:
        dataset_rows.show_verdict(cloud.state, judged)
        told = dataset_notifications.judged(judged, publisher(cloud), job=start(judged))
        events.publish(cloud.bus, told)
    status = judged.status if judged else "deleted meanwhile"
    logger.info("version", extra={"dataset": version.dataset, "version": version.number, "status": status})
    upload_rows.finish(cloud.state, replace(upload, version=version.number), "done", cloud.now())


def _judged(version: Version, cloud: Cloud) -> Version | None:
    """The version with its verdict, ours or another delivery's; None where it was deleted before it had one."""
    previous = dataset_rows.load_version(cloud.state, version.dataset, version.number - 1)
    outcome = prepare_version.prepare(version, cloud, previous=previous)
    judged = versioning.finished(version, outcome, cloud.now())
    if dataset_rows.finish_version(cloud.state, judged):
        return judged
    standing = dataset_rows.load_version(cloud.state, version.dataset, version.number)
    if standing is None and not erase_data.sweep(version.dataset, version.number, cloud):
        raise Unavailable("version_busy", f"{version.dataset}@{version.number} may be deleted, or not.")
    return standing


def publisher(cloud: Cloud) -> Publisher:
    """Who tells of a dataset."""
    return Publisher(cloud.settings.stack_id, cloud.settings.data_bucket, cloud.now())
