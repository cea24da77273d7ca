"""What stands, and stood, under a prefix of the data bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tunedrop.versions.joined import ObjectVersion

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def listed(s3: S3Client, bucket: str, prefix: str) -> Iterator[ObjectVersion]:
    """All S3 versions of all objects under the prefix, and the marks of those that were deleted."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Versions", ()):
            yield ObjectVersion(item["Key"], item["VersionId"], item["Size"], item["LastModified"], item["IsLatest"])
        for mark in page.get("DeleteMarkers", ()):
            yield ObjectVersion(mark["Key"], mark["VersionId"], 0, mark["LastModified"], mark["IsLatest"], deleted=True)
