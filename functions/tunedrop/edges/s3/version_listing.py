"""List, and permanently delete, every S3 version under a prefix of the data bucket, current or not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from tunedrop.domain.versions.deletions import Doomed
from tunedrop.domain.versions.object_versions import ObjectVersion
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.edges.s3.bucket import Bucket

BATCH = 1_000
"""The most that one DeleteObjects takes (docs/facts.md#s3-objects)."""


class EraseRefused(Exception):
    """S3 did not delete an object: a permission is missing, or an object lock holds it."""


def pages(bucket: Bucket, prefix: str) -> Iterator[list[ObjectVersion]]:
    """All object versions and delete markers under the prefix, up to 1,000 per page."""
    for page in bucket.s3.get_paginator("list_object_versions").paginate(Bucket=bucket.name, Prefix=prefix):
        objects = [
            ObjectVersion(item["Key"], item["VersionId"], item["Size"], item["LastModified"], item["IsLatest"])
            for item in page.get("Versions", ())
        ]
        markers = [
            ObjectVersion(item["Key"], item["VersionId"], 0, item["LastModified"], item["IsLatest"], deleted=True)
            for item in page.get("DeleteMarkers", ())
        ]
        yield objects + markers


def listed(bucket: Bucket, prefix: str) -> Iterator[ObjectVersion]:
    """All object versions and delete markers under the prefix, one by one."""
    return chain.from_iterable(pages(bucket, prefix))


def current_etag(bucket: Bucket, key: str) -> str | None:
    """The ETag of the object at this key, quotes included; None if there is none, or it was deleted."""
    # Keys come in order and the newest version first, so one entry decides; a delete marker is one, too.
    page = bucket.s3.list_object_versions(Bucket=bucket.name, Prefix=key, MaxKeys=1)
    return next((item["ETag"] for item in page.get("Versions", ()) if item["Key"] == key), None)


def standing(bucket: Bucket, prefix: str) -> dict[str, StoredFile]:
    """The object versions that stand under the prefix now, by key, their SHA-256 unread."""
    now = (item for item in listed(bucket, prefix) if item.latest and not item.deleted)
    return {item.key: StoredFile(item.key, item.version_id, item.bytes, "") for item in now}


def current(bucket: Bucket, key: str) -> StoredFile | None:
    """The object version that stands at this key, its SHA-256 unread; None if there is none, or it was deleted."""
    page = bucket.s3.list_object_versions(Bucket=bucket.name, Prefix=key, MaxKeys=1)
    found = (item for item in page.get("Versions", ()) if item["Key"] == key)
    return next((StoredFile(key, item["VersionId"], item["Size"], "") for item in found), None)


def erase(bucket: Bucket, versions: Sequence[Doomed]) -> None:
    """Permanently delete these, at most `BATCH`; those already gone are no error. Raises EraseRefused."""
    answer = bucket.s3.delete_objects(
        Bucket=bucket.name,
        Delete={"Objects": [{"Key": item.key, "VersionId": item.version_id} for item in versions], "Quiet": True},
    )
    errors = answer.get("Errors", [])
    if errors:
        raise EraseRefused(
            f"{len(errors)} of {len(versions)} object versions were not deleted: {errors[0].get('Code')}"
        )
