"""Every S3 version of what stands, and stood, under a prefix of the data bucket: listed, and erased for good."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from tunedrop.domain.versions.deletions import Doomed
from tunedrop.domain.versions.object_versions import ObjectVersion
from tunedrop.edges.s3.bucket import Bucket

BATCH = 1_000
"""What one DeleteObjects takes at most."""


class EraseRefused(Exception):
    """S3 kept an object: a permission is missing, or a lock holds it."""


def pages(bucket: Bucket, prefix: str) -> Iterator[list[ObjectVersion]]:
    """All versions of all objects under the prefix, and the markers of deleted ones, a thousand at a time."""
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
    """The same, one by one."""
    return chain.from_iterable(pages(bucket, prefix))


def erase(bucket: Bucket, versions: Sequence[Doomed]) -> None:
    """Erase these, at most `BATCH`; what is gone already stays gone. Raises EraseRefused."""
    answer = bucket.s3.delete_objects(
        Bucket=bucket.name,
        Delete={"Objects": [{"Key": item.key, "VersionId": item.version_id} for item in versions], "Quiet": True},
    )
    errors = answer.get("Errors", [])
    if errors:
        raise EraseRefused(f"{len(errors)} of {len(versions)} object versions stay: {errors[0].get('Code')}")
