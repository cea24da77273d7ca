"""Deletions of datasets and versions, and what stays of these, as rows of StateTable.

A deletion first holds off everything new (`asked`), then is confirmed (`erasing`) or withdrawn, and is kept for good.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr

from tunedrop.domain.versions.deletions import Deletion, Erased, Tombstone
from tunedrop.domain.versions.versioning import Head
from tunedrop.edges.rows import dataset_rows, moments, stored
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.writes import Delete, Key, Put, Require, Update

SCHEMA = 1
KIND = "deletion"
"""In the listing index only while it is not erased: reconcile finds there what was given up."""

HELD = timedelta(minutes=15)
"""A function runs no longer; its message comes again a minute later."""

_DELETION = "DELETION#"
_TOMBSTONE = "TOMBSTONE#"
_KEPT = (dataset_rows.HEAD, _DELETION, _TOMBSTONE)


@dataclass(frozen=True, slots=True)
class TombstonePage:
    """Some tombstones of a dataset, newest version first."""

    tombstones: tuple[Tombstone, ...]
    cursor: str | None


def load(table: Table, dataset: str, deletion_id: str) -> Deletion | None:
    """The deletion of that id."""
    row = table.get(_deletion_key(dataset, deletion_id))
    return _deletion(row) if row else None


def load_tombstone(table: Table, dataset: str, number: int) -> Tombstone | None:
    """What stays of a version that was deleted, or is about to be."""
    row = table.get(_tombstone_key(dataset, number))
    return stored.from_row(Tombstone, row) if row else None


def list_tombstones(table: Table, dataset: str, limit: int, cursor: str | None) -> TombstonePage:
    """A dataset's tombstones, newest version first."""
    page = table.query(dataset_rows.partition(dataset), _TOMBSTONE, limit=limit, cursor=cursor, newest_first=True)
    return TombstonePage(tuple(stored.from_row(Tombstone, row) for row in page.rows), page.cursor)


def unfinished(table: Table) -> tuple[Deletion, ...]:
    """Deletions that are not through, of all datasets; the index is eventually consistent."""
    return tuple(_deletion(row) for row in table.listing(KIND).rows)


def undisturbed(dataset: str, number: int) -> list[Require]:
    """Conditions of a job's writes: neither its dataset nor its version is being deleted."""
    return [
        Require(dataset_rows.head_key(dataset), Attr("deletion").not_exists()),
        Require(_tombstone_key(dataset, number), Attr("pk").not_exists()),
    ]


def not_being_erased(dataset: str) -> Require:
    """Condition of a request's writes: no deletion of the dataset is under way, which would take them along."""
    return Require(dataset_rows.head_key(dataset), Attr("erasing").not_exists())


def ask_dataset(table: Table, deletion: Deletion, head: Head) -> bool:
    """Hold off all that is new for the dataset. False where the head has moved on."""
    return table.write_all(
        Put(_deletion_row(deletion), Attr("pk").not_exists()),
        Update(
            dataset_rows.head_key(deletion.dataset),
            set={"deletion": deletion.id, "erasing": True},
            remove=("kind", "listed_at"),
            add={"revision": 1},
            when=Attr("revision").eq(head.revision) & Attr("deletion").not_exists(),
        ),
    )


def ask_version(table: Table, deletion: Deletion, tombstone: Tombstone) -> bool:
    """Hold off all that is new for the version. False where it has changed or is being deleted already."""
    return table.write_all(
        Put(_deletion_row(deletion), Attr("pk").not_exists()),
        Put(_tombstone_row(tombstone), Attr("pk").not_exists()),
        Update(
            dataset_rows.version_key(deletion.dataset, tombstone.number),
            set={"erasing": deletion.id},
            when=Attr("status").eq(tombstone.status) & Attr("erasing").not_exists(),
        ),
    )


def withdraw(table: Table, deletion: Deletion, head: Head) -> bool:
    """As if it had never been asked for; refused once it was confirmed, and while all of its dataset goes."""
    gone = Delete(_deletion_key(deletion.dataset, deletion.id), Attr("state").eq("asked"))
    if deletion.version is not None:
        version = dataset_rows.version_key(deletion.dataset, deletion.version)
        return table.write_all(
            gone,
            not_being_erased(deletion.dataset),
            Delete(_tombstone_key(deletion.dataset, deletion.version)),
            Update(version, remove=("erasing",), when=Attr("erasing").eq(deletion.id)),
        )
    restored = Update(
        dataset_rows.head_key(deletion.dataset),
        set=dataset_rows.listed(head),
        remove=("deletion", "erasing"),
        add={"revision": 1},
        when=Attr("deletion").eq(deletion.id),
    )
    return table.write_all(gone, restored)


def overtake(table: Table, deletion: Deletion, now: datetime) -> None:
    """What it was asked for has gone with its dataset: nothing is left to confirm or to take back."""
    done = {"state": "erased", "erased_at": now}
    asked = Attr("state").eq("asked")
    place = _deletion_key(deletion.dataset, deletion.id)
    table.update(Update(place, set=done, remove=("kind", "listed_at"), when=asked))


def confirm(table: Table, deletion: Deletion, head: Head | None) -> bool:
    """From here on it is carried out. `head`: of a version's deletion, without what goes. False where it was moved."""
    confirmed = Update(
        _deletion_key(deletion.dataset, deletion.id),
        set={"state": "erasing"},
        when=Attr("state").eq("asked"),
    )
    if deletion.version is None or head is None:
        return table.write_all(confirmed)
    version = dataset_rows.version_key(deletion.dataset, deletion.version)
    going = Update(version, set={"confirmed": True}, when=Attr("erasing").eq(deletion.id))
    return table.write_all(confirmed, going, dataset_rows.put_head(head))


def remember(table: Table, tombstone: Tombstone) -> None:
    """Keep what is remembered of a version, unless an earlier deletion of it did."""
    table.put(Put(_tombstone_row(tombstone), Attr("pk").not_exists()))


def hold(table: Table, deletion: Deletion, now: datetime) -> bool:
    """Carry it out alone for as long as a function may run. False where another one is at it."""
    free = Attr("held_until").not_exists() | Attr("held_until").lt(now)
    held = {"held_until": now + HELD}
    return table.update(Update(_deletion_key(deletion.dataset, deletion.id), set=held, when=free)).done


def let_go(table: Table, deletion: Deletion, now: datetime) -> None:
    """What `hold` took at that moment is over: the next one may go on at once."""
    ours = Attr("held_until").eq(now + HELD)
    table.update(Update(_deletion_key(deletion.dataset, deletion.id), remove=("held_until",), when=ours))


def count(table: Table, deletion: Deletion, erased: Erased) -> None:
    """Add to what was erased so far."""
    table.update(Update(_deletion_key(deletion.dataset, deletion.id), add=stored.plain(erased)))


def rows_to_go(table: Table, deletion: Deletion) -> Iterator[Key]:
    """Rows that go with it: of a dataset all but its head, later versions, and what is kept for good."""
    if deletion.version is not None:
        yield dataset_rows.version_key(deletion.dataset, deletion.version)
        return
    for row in table.query(dataset_rows.partition(deletion.dataset)).rows:
        later = row["sk"].startswith(dataset_rows.VERSION) and row["number"] > deletion.latest
        if not later and not row["sk"].startswith(_KEPT):
            yield Key(row["pk"], row["sk"])


def finish(table: Table, deletion: Deletion, head: Head, now: datetime) -> bool:
    """All is gone. The emptied head remembers which numbers were given; a new upload makes it a dataset again."""
    done = Update(
        _deletion_key(deletion.dataset, deletion.id),
        set={"state": "erased", "erased_at": now},
        remove=("kind", "listed_at"),
        when=Attr("state").eq("erasing"),
    )
    if deletion.version is not None:
        return table.update(done).done
    emptied = Update(
        dataset_rows.head_key(deletion.dataset),
        set=dataset_rows.contents(head),
        remove=("erasing",),
        add={"revision": 1},
        when=Attr("deletion").eq(deletion.id) & Attr("erasing").exists(),
    )
    return table.write_all(done, emptied)


def _deletion_key(dataset: str, deletion_id: str) -> Key:
    return Key(dataset_rows.partition(dataset), f"{_DELETION}{deletion_id}")


def _tombstone_key(dataset: str, number: int) -> Key:
    return Key(dataset_rows.partition(dataset), f"{_TOMBSTONE}{number:06d}")


def _deletion_row(deletion: Deletion) -> Row:
    """What was erased stands beside the rest, so that it can be counted up."""
    listed = f"{moments.to_text(deletion.asked_at)}#{deletion.id}"
    row = stored.to_row(_deletion_key(deletion.dataset, deletion.id), SCHEMA, deletion, kind=KIND, listed_at=listed)
    erased = row.pop("erased")
    return {**row, **erased}


def _deletion(row: Row) -> Deletion:
    return stored.from_row(Deletion, {**row, "erased": row})


def _tombstone_row(tombstone: Tombstone) -> Row:
    return stored.to_row(_tombstone_key(tombstone.dataset, tombstone.number), SCHEMA, tombstone)
