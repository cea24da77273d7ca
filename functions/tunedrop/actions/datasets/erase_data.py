"""Carry out a deletion: delete every S3 version of a dataset's or version's objects, then its rows.

Every step may be repeated, so the next delivery of the message continues a run that was cut off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tunedrop.domain.reports import deletion_notifications
from tunedrop.domain.versions import deletions
from tunedrop.domain.versions.deletions import Deletion, Doomed
from tunedrop.edges import event_bus
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import dataset_rows, part_rows, tombstone_rows
from tunedrop.edges.rows.writes import Delete, Key
from tunedrop.edges.s3 import version_listing

MESSAGE = "erase_dataset"
"""The message's kind, on UploadQueue; it has `dataset` and the id of the `deletion`."""

LOST_AFTER = timedelta(minutes=20)
"""When a message counts as lost and is sent again; the function runs for at most 15 minutes."""


def due(cloud: Cloud) -> tuple[Deletion, ...]:
    """Deletions that reconcile should enqueue: their request crashed, or their message got lost."""
    now = cloud.now()
    return tuple(found for found in tombstone_rows.unfinished(cloud.state) if now - found.asked_at > LOST_AFTER)


def erase(message: Mapping[str, Any], cloud: Cloud) -> None:
    """Carry out the deletion that the message names. Raises EraseRefused and botocore's errors, to be redelivered."""
    deletion = tombstone_rows.load(cloud.state, message["dataset"], message["deletion"])
    if deletion is None or deletion.state == "erased":
        logger.info("nothing to erase", extra={"dataset": message["dataset"]})
    elif deletion.state == "asked":
        _take_back(deletion, cloud)
    else:
        _alone(deletion, cloud)


def _alone(deletion: Deletion, cloud: Cloud) -> None:
    """Carry out the deletion unless another function does: two at once would count everything twice."""
    now = cloud.now()
    try:
        if tombstone_rows.hold(cloud.state, deletion, now):
            _carry_out(deletion, cloud)
    except Exception:
        tombstone_rows.let_go(cloud.state, deletion, now)
        raise


def sweep(dataset: str, number: int, cloud: Cloud) -> bool:
    """Erase what was prepared for a version while it was being deleted.

    False, and nothing is erased, if the version exists or may come back: its deletion is not confirmed.
    """
    if dataset_rows.may_return(cloud.state, dataset, number):
        return False
    for prefix in deletions.made(f"{dataset}/{number}"):
        for page in version_listing.pages(cloud.bucket, prefix):
            if page:
                version_listing.erase(cloud.bucket, [deletions.doomed(item) for item in page])
    return True


def doomed(deletion: Deletion, cloud: Cloud) -> Iterator[list[Doomed]]:
    """What the deletion deletes from the bucket, in pages of up to 1,000."""
    for prefix in deletions.prefixes(deletion):
        for page in version_listing.pages(cloud.bucket, prefix):
            yield [deletions.doomed(item) for item in page if deletions.goes(deletion, item.key, item.last_modified)]
    yield from _orphans(deletion, cloud)


def _orphans(deletion: Deletion, cloud: Cloud) -> Iterator[list[Doomed]]:
    """A version's uploads that no other version holds: exactly those S3 versions of their keys."""
    if deletion.version is None:
        return
    going = dataset_rows.load_version(cloud.state, deletion.dataset, deletion.version, erasing=True)
    if going is None:
        return
    holders = dataset_rows.holders(cloud.state, deletion.dataset)
    others = part_rows.all_loaded(cloud.state, (other for other in holders if other.number != going.number))
    found = [Doomed(file.key, file.version_id, file.bytes) for file in deletions.orphans(going, others)]
    for start in range(0, len(found), version_listing.BATCH):
        yield found[start : start + version_listing.BATCH]


def _carry_out(deletion: Deletion, cloud: Cloud) -> None:
    """Keep digests, delete objects, then rows. Publish before the last write, so that it is announced at least once."""
    rows = list(tombstone_rows.rows_to_go(cloud.state, deletion))
    _remember(deletion, rows, cloud)
    for page in doomed(deletion, cloud):
        if page:
            version_listing.erase(cloud.bucket, page)
            tombstone_rows.count(cloud.state, deletion, deletions.tally(page))
    for key in rows:
        cloud.state.delete(Delete(key))
    done = tombstone_rows.load(cloud.state, deletion.dataset, deletion.id) or deletion
    event_bus.publish(cloud.bus, deletion_notifications.deleted(done, cloud.settings.stack_id, cloud.now()))
    _finish(deletion, cloud)


def _remember(deletion: Deletion, rows: list[Key], cloud: Cloud) -> None:
    """Store the tombstone of every version, before anything is deleted."""
    for key in rows:
        if key.sk.startswith(dataset_rows.VERSION):
            number = int(key.sk.removeprefix(dataset_rows.VERSION))
            version = dataset_rows.load_version(cloud.state, deletion.dataset, number, erasing=True)
            if version:
                tombstone_rows.remember(cloud.state, deletions.tombstone(version, deletion))


def _finish(deletion: Deletion, cloud: Cloud) -> None:
    head = dataset_rows.load_head(cloud.state, deletion.dataset)
    assert head is not None, "a dataset's head is never deleted"
    now = cloud.now()
    tombstone_rows.finish(cloud.state, deletion, deletions.emptied(head, now), now)
    logger.info("erased", extra={"dataset": deletion.dataset, "version": deletion.version})


def _take_back(deletion: Deletion, cloud: Cloud) -> None:
    """Withdraw a deletion whose request crashed before it was confirmed, and so was never answered.

    If the whole dataset was deleted meanwhile, its version stays deleted.
    """
    head, now = dataset_rows.load_head(cloud.state, deletion.dataset), cloud.now()
    if head is None or now - deletion.asked_at <= LOST_AFTER or tombstone_rows.withdraw(cloud.state, deletion, head):
        return
    number = deletion.version
    if number is not None and dataset_rows.load_version(cloud.state, deletion.dataset, number, erasing=True) is None:
        tombstone_rows.overtake(cloud.state, deletion, now)
