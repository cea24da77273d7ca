"""What Bedrock wrote under `outputs/`: listed, read line by line, and lent out by a link."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LINK_SECONDS = 900


def keys(s3: S3Client, bucket: str, prefix: str) -> Iterator[str]:
    """Every key under the prefix."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", ()):
            yield entry["Key"]


def lines(s3: S3Client, bucket: str, key: str) -> Iterator[str]:
    """The object's lines, never all of it in memory; bytes that are no UTF-8 become replacement characters."""
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    try:
        for line in body.iter_lines(chunk_size=65_536):
            yield line.decode("utf-8", "replace")
    finally:
        body.close()


def link(s3: S3Client, bucket: str, key: str) -> str:
    """A URL that gives the object to whoever has it, for a quarter of an hour."""
    return s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=LINK_SECONDS)
