"""Notification that a dataset or a version was erased."""

from __future__ import annotations

from datetime import datetime

from tunedrop.domain.reports import next_commands
from tunedrop.domain.reports.notifications import Notification, fact_id
from tunedrop.domain.versions.deletions import Deletion


def deleted(deletion: Deletion, stack: str, now: datetime) -> Notification:
    """The notification that nothing is left in the bucket but what was uploaded after the request."""
    name = deletion.dataset if deletion.version is None else f"{deletion.dataset}@{deletion.version}"
    erased = deletion.erased
    return Notification(
        type="DatasetDeleted",
        id=fact_id("DatasetDeleted", stack, deletion.id),
        stack=stack,
        time=now,
        summary=(
            f"{name} is erased, as {deletion.asked_by} asked: {erased.objects:,} object versions, "
            f"{erased.bytes:,} bytes. Models that were trained on it stay, and so does what they cost."
        ),
        next_command=next_commands.list_jobs(deletion.dataset),
        facts={
            "dataset": deletion.dataset,
            "version": deletion.version,
            "deletion_id": deletion.id,
            "asked_by": deletion.asked_by,
            "objects": erased.objects,
            "bytes": erased.bytes,
            "delete_markers": erased.delete_markers,
        },
    )
