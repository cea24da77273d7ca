"""Carrying out a deletion: every S3 version of what belongs to a dataset or a version goes, then its rows.

Each step may be repeated: a run that was cut off is gone on with by the next delivery of its message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from tunedrop.domain.reports import deletion_notifications
from tunedrop.domain.versions import deletions
from tunedrop.domain.versions.deletions import Deletion, Doomed
from tunedrop.edges import events
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import dataset_rows, part_rows, tombstone_rows
from tunedrop.edges.rows.table import Delete, Key, Table
from tunedrop.edges.s3 import version_listing
from tunedrop.edges.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client

MESSAGE = "erase_dataset"
"""On UploadQueue, with `dataset` and the id of the `deletion`."""

LOST_AFTER = timedelta(minutes=20)
"""A message takes at most 15 minutes: then it is put on the queue again."""


def due(table: Table, now: datetime) -> tuple[Deletion, ...]:
    """Deletions whose request died, or whose message got lost."""
    return tuple(found for found in tombstone_rows.unfinished(table) if now - found.asked_at > LOST_AFTER)


def erase(
    message: Mapping[str, Any],
    *,
    table: Table,
    s3: S3Client,
    bus: EventBridgeClient,
    settings: Settings,
    clock: Callable[[], datetime],
) -> None:
    """Carry out the deletion of the message. Raises EraseRefused; whatever rises brings the message back."""
    deletion = tombstone_rows.load(table, message["dataset"], message["deletion"])
    if deletion is None or deletion.state == "erased":
        logger.info("nothing to erase", extra={"dataset": message["dataset"]})
    elif deletion.state == "asked":
        _take_back(deletion, table, clock())
    else:
        _alone(deletion, table, clock(), partial(_carry_out, deletion, table, s3, bus, settings, clock))


def _alone(deletion: Deletion, table: Table, now: datetime, carry_out: Callable[[], None]) -> None:
    """Two at once would count everything twice; the message of one that dies comes again when its time is over."""
    try:
        if tombstone_rows.hold(table, deletion, now):
            carry_out()
    except Exception:
        tombstone_rows.let_go(table, deletion, now)
        raise


def sweep(dataset: str, number: int, *, table: Table, s3: S3Client, bucket: str) -> bool:
    """Erase what was still being prepared of a version while that was deleted.

    False, and nothing is erased, where it stands or may yet stand again: its deletion was asked for and not confirmed.
    """
    if dataset_rows.may_return(table, dataset, number):
        return False
    for prefix in deletions.made(f"{dataset}/{number}"):
        for page in version_listing.pages(s3, bucket, prefix):
            if page:
                version_listing.erase(s3, bucket, [deletions.doomed(item) for item in page])
    return True


def doomed(deletion: Deletion, *, table: Table, s3: S3Client, bucket: str) -> Iterator[list[Doomed]]:
    """What the deletion takes out of the bucket, some at a time."""
    for prefix in deletions.prefixes(deletion):
        for page in version_listing.pages(s3, bucket, prefix):
            yield [deletions.doomed(item) for item in page if deletions.goes(deletion, item.key, item.last_modified)]
    yield from _orphans(deletion, table)


def _orphans(deletion: Deletion, table: Table) -> Iterator[list[Doomed]]:
    """A version's uploads that no other one holds: those S3 versions and no others of their keys."""
    if deletion.version is None:
        return
    going = dataset_rows.load_version(table, deletion.dataset, deletion.version, erasing=True)
    if going is None:
        return
    holders = dataset_rows.holders(table, deletion.dataset)
    others = part_rows.all_loaded(table, (other for other in holders if other.number != going.number))
    found = [Doomed(file.key, file.version_id, file.bytes) for file in deletions.orphans(going, others)]
    for start in range(0, len(found), version_listing.BATCH):
        yield found[start : start + version_listing.BATCH]


def _carry_out(  # noqa: PLR0917
    deletion: Deletion,
    table: Table,
    s3: S3Client,
    bus: EventBridgeClient,
    settings: Settings,
    clock: Callable[[], datetime],
) -> None:
    """Digests first, then objects, then rows; told before it is finished, so that it is told at least once."""
    rows = list(tombstone_rows.rows_to_go(table, deletion))
    _remember(deletion, rows, table)
    for page in doomed(deletion, table=table, s3=s3, bucket=settings.data_bucket):
        if page:
            version_listing.erase(s3, settings.data_bucket, page)
            tombstone_rows.count(table, deletion, deletions.tally(page))
    for key in rows:
        table.delete(Delete(key))
    done = tombstone_rows.load(table, deletion.dataset, deletion.id) or deletion
    events.publish(bus, deletion_notifications.deleted(done, settings.stack_id, clock()))
    _finish(deletion, table, clock())


def _remember(deletion: Deletion, rows: list[Key], table: Table) -> None:
    """Digests of every version stay, before anything goes."""
    for key in rows:
        if key.sk.startswith(dataset_rows.VERSION):
            number = int(key.sk.removeprefix(dataset_rows.VERSION))
            version = dataset_rows.load_version(table, deletion.dataset, number, erasing=True)
            if version:
                tombstone_rows.remember(table, deletions.tombstone(version, deletion))


def _finish(deletion: Deletion, table: Table, now: datetime) -> None:
    head = dataset_rows.load_head(table, deletion.dataset)
    assert head is not None, "a dataset's head is never deleted"
    tombstone_rows.finish(table, deletion, deletions.emptied(head, now), now)
    logger.info("erased", extra={"dataset": deletion.dataset, "version": deletion.version})


def _take_back(deletion: Deletion, table: Table, now: datetime) -> None:
    """Its request died before it was confirmed, so the caller was told nothing: as if it had not been asked for.

    A version that went with its whole dataset meanwhile stays gone.
    """
    head = dataset_rows.load_head(table, deletion.dataset)
    if head is None or now - deletion.asked_at <= LOST_AFTER or tombstone_rows.withdraw(table, deletion, head):
        return
    number = deletion.version
    if number is not None and dataset_rows.load_version(table, deletion.dataset, number, erasing=True) is None:
        tombstone_rows.overtake(table, deletion, now)
