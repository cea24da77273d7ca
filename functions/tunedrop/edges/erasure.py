"""Taking objects out of the bucket for good: every S3 version, and the delete markers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BATCH = 1_000
"""What one DeleteObjects takes at most."""


class EraseRefused(Exception):
    """S3 kept an object: a permission is missing, or a lock holds it."""


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One S3 version of an object, or a delete marker, which holds no bytes."""

    key: str
    version_id: str
    bytes: int
    last_modified: datetime | None = None
    marker: bool = False


def pages(s3: S3Client, bucket: str, prefix: str) -> Iterator[list[ObjectVersion]]:
    """All versions of all objects under the prefix, a thousand at a time."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        objects = [
            ObjectVersion(item["Key"], item["VersionId"], item["Size"], item["LastModified"])
            for item in page.get("Versions", ())
        ]
        markers = [
            ObjectVersion(item["Key"], item["VersionId"], 0, item["LastModified"], marker=True)
            for item in page.get("DeleteMarkers", ())
        ]
        yield objects + markers


def erase(s3: S3Client, bucket: str, versions: Sequence[ObjectVersion]) -> None:
    """Erase these, at most `BATCH`; what is gone already stays gone. Raises EraseRefused."""
    answer = s3.delete_objects(
        Bucket=bucket,
        Delete={"Objects": [{"Key": item.key, "VersionId": item.version_id} for item in versions], "Quiet": True},
    )
    errors = answer.get("Errors", [])
    if errors:
        raise EraseRefused(f"{len(errors)} of {len(versions)} object versions stay: {errors[0].get('Code')}")
