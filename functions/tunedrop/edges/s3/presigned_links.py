"""Presigned URLs that let whoever holds one read or put a single object, for 15 minutes."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunedrop.edges.s3.bucket import Bucket

LINK_SECONDS = 900


@dataclass(frozen=True, slots=True)
class UploadLink:
    """A URL for one PUT of one key, and the headers to send with it."""

    url: str
    headers: Mapping[str, str]


def upload(bucket: Bucket, key: str, *, size: int | None, sha256: str | None) -> UploadLink:
    """A link for this key. If `size` (bytes) or `sha256` (hexadecimal) is given, S3 accepts nothing else.

    It signs no encryption header: the bucket encrypts by default (docs/facts.md#s3-objects).
    """
    headers: dict[str, str] = {}
    signed: dict[str, Any] = {}
    if size is not None:
        headers["Content-Length"] = str(size)
        signed["ContentLength"] = size
    if sha256 is not None:
        headers["x-amz-checksum-sha256"] = signed["ChecksumSHA256"] = base64.b64encode(bytes.fromhex(sha256)).decode()
    place = {"Bucket": bucket.name, "Key": key}
    url = bucket.s3.generate_presigned_url("put_object", Params={**place, **signed}, ExpiresIn=LINK_SECONDS)
    return UploadLink(url, headers)


def download(bucket: Bucket, key: str) -> str:
    """A URL that lets whoever has it download the object."""
    return bucket.s3.generate_presigned_url(
        "get_object", Params={"Bucket": bucket.name, "Key": key}, ExpiresIn=LINK_SECONDS
    )
