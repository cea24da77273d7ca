"""Carrying out a deletion: every S3 version of what belongs to a dataset or a version goes, then its rows.

Each step may be repeated: a run that was cut off is gone on with by the next delivery of its message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tunedrop.domain.reports import deletion_notifications
from tunedrop.domain.versions import deletions
from tunedrop.domain.versions.deletions import Deletion, Doomed
from tunedrop.edges import events
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import dataset_rows, part_rows, tombstone_rows
from tunedrop.edges.rows.table import Delete, Key
from tunedrop.edges.s3 import version_listing

MESSAGE = "erase_dataset"
"""On UploadQueue, with `dataset` and the id of the `deletion`."""

LOST_AFTER = timedelta(minutes=20)
"""A message takes at most 15 minutes: then it is put on the queue again."""


def due(cloud: Cloud) -> tuple[Deletion, ...]:
    """Deletions whose request died, or whose message got lost."""
    now = cloud.now()
    return tuple(found for found in tombstone_rows.unfinished(cloud.state) if now - found.asked_at > LOST_AFTER)


def erase(message: Mapping[str, Any], cloud: Cloud) -> None:
    """Carry out the deletion of the message. Raises EraseRefused; whatever rises brings the message back."""
    deletion = tombstone_rows.load(cloud.state, message["dataset"], message["deletion"])
    if deletion is None or deletion.state == "erased":
        logger.info("nothing to erase", extra={"dataset": message["dataset"]})
    elif deletion.state == "asked":
        _take_back(deletion, cloud)
    else:
        _alone(deletion, cloud)


def _alone(deletion: Deletion, cloud: Cloud) -> None:
    """Two at once would count everything twice; the message of one that dies comes again when its time is over."""
    now = cloud.now()
    try:
        if tombstone_rows.hold(cloud.state, deletion, now):
            _carry_out(deletion, cloud)
    except Exception:
        tombstone_rows.let_go(cloud.state, deletion, now)
        raise


def sweep(dataset: str, number: int, cloud: Cloud) -> bool:
    """Erase what was still being prepared of a version while that was deleted.

    False, and nothing is erased, where it stands or may yet stand again: its deletion was asked for and not confirmed.
    """
    if dataset_rows.may_return(cloud.state, dataset, number):
        return False
    for prefix in deletions.made(f"{dataset}/{number}"):
        for page in version_listing.pages(cloud.bucket, prefix):
            if page:
                version_listing.erase(cloud.bucket, [deletions.doomed(item) for item in page])
    return True


def doomed(deletion: Deletion, cloud: Cloud) -> Iterator[list[Doomed]]:
    """What the deletion takes out of the bucket, some at a time."""
    for prefix in deletions.prefixes(deletion):
        for page in version_listing.pages(cloud.bucket, prefix):
            yield [deletions.doomed(item) for item in page if deletions.goes(deletion, item.key, item.last_modified)]
    yield from _orphans(deletion, cloud)


def _orphans(deletion: Deletion, cloud: Cloud) -> Iterator[list[Doomed]]:
    """A version's uploads that no other one holds: those S3 versions and no others of their keys."""
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
    """Digests first, then objects, then rows; told before it is finished, so that it is told at least once."""
    rows = list(tombstone_rows.rows_to_go(cloud.state, deletion))
    _remember(deletion, rows, cloud)
    for page in doomed(deletion, cloud):
        if page:
            version_listing.erase(cloud.bucket, page)
            tombstone_rows.count(cloud.state, deletion, deletions.tally(page))
    for key in rows:
        cloud.state.delete(Delete(key))
    done = tombstone_rows.load(cloud.state, deletion.dataset, deletion.id) or deletion
    events.publish(cloud.bus, deletion_notifications.deleted(done, cloud.settings.stack_id, cloud.now()))
    _finish(deletion, cloud)


def _remember(deletion: Deletion, rows: list[Key], cloud: Cloud) -> None:
    """Digests of every version stay, before anything goes."""
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
    """Its request died before it was confirmed, so the caller was told nothing: as if it had not been asked for.

    A version that went with its whole dataset meanwhile stays gone.
    """
    head, now = dataset_rows.load_head(cloud.state, deletion.dataset), cloud.now()
    if head is None or now - deletion.asked_at <= LOST_AFTER or tombstone_rows.withdraw(cloud.state, deletion, head):
        return
    number = deletion.version
    if number is not None and dataset_rows.load_version(cloud.state, deletion.dataset, number, erasing=True) is None:
        tombstone_rows.overtake(cloud.state, deletion, now)
