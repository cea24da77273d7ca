"""Request the deletion of a dataset or version: show what it would delete, check what forbids it, and record who asked.

A row first blocks new jobs and uploads. Once no running job reads the data, the row is confirmed (`erasing`), and
`erase_data` does the rest. Repeating the request continues wherever the last one stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tunedrop.actions.datasets import erase_data, read_datasets, trace_models
from tunedrop.actions.datasets.trace_models import StillBilling, TrainedModel
from tunedrop.domain.versions import deletions
from tunedrop.domain.versions.deletions import Deletion, Erased
from tunedrop.domain.versions.versioning import Head
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import dataset_rows, evaluation_rows, tombstone_rows
from tunedrop.errors import Conflict, Unavailable

MOST_TRIES = 5
MOST_PAGES = 30
"""Pages of 1,000 S3 versions to count at most: API Gateway waits only 29 seconds (docs/facts.md#api-gateway)."""
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Remaining(Erased):
    """What the bucket still holds of the deleted data."""

    complete: bool = True
    """False if there is more than was counted."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller learns about a deletion, whether planned, in progress or done."""

    deletion: Deletion
    versions: tuple[int, ...]
    """The numbers of the versions that still exist and will be deleted, ascending."""
    remaining: Remaining
    models: tuple[TrainedModel, ...]
    still_bills: tuple[StillBilling, ...]


def delete(dataset: str, number: int | None, cloud: Cloud, *, caller: str, plan: bool = False) -> Told:
    """Have a dataset erased, or only version `number`; with `plan`, only show what that would delete.

    Raises NotFound `unknown_dataset`, `dataset_deleted`, `unknown_version`, Conflict `dataset_in_use`,
    `version_processing` (then nothing was changed), and Unavailable.
    """
    for _ in range(MOST_TRIES):
        head = _head(dataset, number, cloud)
        known = _known(head, number, cloud)
        if known and known.state != "asked":
            return _told(_sent(known, cloud), cloud)
        _refuse(head, number, cloud)
        if plan:
            return _told(replace(known or _new(head, number, caller, cloud), state="planned"), cloud)
        asked = known or _asked(head, number, caller, cloud)
        confirmed = _confirmed(asked, cloud) if asked else None
        if confirmed:
            return _told(_sent(confirmed, cloud), cloud)
    raise Unavailable("dataset_busy", f"{dataset} is being changed. Send the request again.", dataset=dataset)


def _head(dataset: str, number: int | None, cloud: Cloud) -> Head:
    """The dataset's head. A request for a whole dataset may be a repeat, so it also finds a deleted one."""
    head = read_datasets.find_head(dataset, cloud)
    if head is None or (number is not None and head.deletion):
        return read_datasets.get_dataset(dataset, cloud)
    return head


def _known(head: Head, number: int | None, cloud: Cloud) -> Deletion | None:
    """The deletion that was already requested, or None. Raises NotFound for a version that never existed."""
    if number is None:
        return tombstone_rows.load(cloud.state, head.dataset, head.deletion) if head.deletion else None
    given = 0 < number <= head.latest
    tombstone = tombstone_rows.load_tombstone(cloud.state, head.dataset, number) if given else None
    if tombstone:
        return tombstone_rows.load(cloud.state, head.dataset, tombstone.deletion)
    read_datasets.get_version(head.dataset, number, cloud)
    return None


def _refuse(head: Head, number: int | None, cloud: Cloud) -> None:
    """Raises Conflict while a function or a running job may be reading the data."""
    standing = dataset_rows.list_versions(cloud.state, head.dataset).versions
    processing = [
        version.number
        for version in standing
        if number in {None, version.number} and deletions.is_processing(version, cloud.now())
    ]
    if processing:
        raise Conflict(
            "version_processing",
            f"{head.dataset}@{processing[0]} is being prepared. Delete it when it has its verdict.",
            versions=processing[:MOST_NAMED],
        )
    asked = [
        evaluation
        for evaluation in evaluation_rows.standing(cloud.state)
        if evaluation.dataset == head.dataset and number in {None, evaluation.version}
    ]
    if asked:
        raise Conflict(
            "dataset_in_use",
            f"Evaluations that have not ended use it: {len(asked)}, the first is {asked[0].id}. Stop them, or wait.",
            evaluations=[{"id": each.id, "state": each.state} for each in asked[:MOST_NAMED]],
        )
    running = trace_models.running_jobs(head.dataset, number, cloud)
    if running:
        raise Conflict(
            "dataset_in_use",
            f"Jobs that have not ended use it: {len(running)}, the first is {running[0].id}. Stop them, or wait.",
            jobs=[{"id": job.id, "status": job.status, "version": job.version} for job in running[:MOST_NAMED]],
        )


def _new(head: Head, number: int | None, caller: str, cloud: Cloud) -> Deletion:
    return Deletion(cloud.new_id(), head.dataset, number, caller, cloud.now(), head.latest)


def _asked(head: Head, number: int | None, caller: str, cloud: Cloud) -> Deletion | None:
    """Write the row that blocks new jobs and uploads. None if somebody else changed the dataset at the same time."""
    deletion = _new(head, number, caller, cloud)
    if number is None:
        return deletion if tombstone_rows.ask_dataset(cloud.state, deletion, head) else None
    version = read_datasets.get_version(head.dataset, number, cloud)
    done = tombstone_rows.ask_version(cloud.state, deletion, deletions.tombstone(version, deletion))
    return deletion if done else None


def _confirmed(asked: Deletion, cloud: Cloud) -> Deletion | None:
    """Confirm the deletion, which can't be undone from here on. None if a write lost a race.

    Looks for running jobs again: one that started just before new ones were blocked withdraws the deletion.
    """
    head = dataset_rows.load_head(cloud.state, asked.dataset)
    assert head is not None, "a dataset's head is never deleted"
    try:
        _refuse(head, asked.version, cloud)
    except Conflict:
        tombstone_rows.withdraw(cloud.state, asked, head)
        raise
    done = tombstone_rows.confirm(cloud.state, asked, _left(head, asked, cloud))
    return replace(asked, state="erasing") if done else None


def _left(head: Head, asked: Deletion, cloud: Cloud) -> Head | None:
    """The head without the files that only the deleted version holds; None if the whole dataset goes."""
    if asked.version is None:
        return None
    going = dataset_rows.load_version(cloud.state, asked.dataset, asked.version, erasing=True)
    if going is None:
        return None
    others = [other for other in dataset_rows.holders(cloud.state, asked.dataset) if other.number != going.number]
    return deletions.without(head, going, others, cloud.now())


def _sent(deletion: Deletion, cloud: Cloud) -> Deletion:
    """Send a hint. If it gets lost, reconcile finds the row, and repeating the request sends it again."""
    if deletion.state == "erasing":
        cloud.upload_queue.send(erase_data.MESSAGE, dataset=deletion.dataset, deletion=deletion.id)
    return deletion


def _told(deletion: Deletion, cloud: Cloud) -> Told:
    standing = dataset_rows.list_versions(cloud.state, deletion.dataset).versions
    meant = (version.number for version in standing if deletion.version in {None, version.number})
    models = trace_models.trained_on(deletion.dataset, deletion.version, cloud)
    return Told(
        deletion=deletion,
        versions=tuple(sorted(number for number in meant if number <= deletion.latest)),
        remaining=_count(deletion, cloud),
        models=models,
        still_bills=trace_models.still_billing(models),
    )


def _count(deletion: Deletion, cloud: Cloud) -> Remaining:
    found, complete = Erased(), True
    pages = erase_data.doomed(deletion, cloud)
    for number, page in enumerate(pages):
        complete = number < MOST_PAGES
        if not complete:
            break
        found = deletions.plus(found, deletions.tally(page))
    return Remaining(found.objects, found.bytes, found.delete_markers, complete)
