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


def upload(bucket: Bucket, key: str, *, size: int, sha256: str | None, replaces: str | None) -> UploadLink:
    """A link for this key that works once. S3 accepts only `size` bytes, and only this `sha256` (hexadecimal) if given.

    `replaces`: the ETag of the object that is there now, None if there is none: S3 refuses the link with 412 once
    anything else is there, the link's own upload included. It signs no encryption header: the bucket encrypts by
    default (docs/facts.md#s3-objects).
    """
    headers: dict[str, str] = {"Content-Length": str(size)}
    signed: dict[str, Any] = {"ContentLength": size}
    if replaces is None:
        headers["If-None-Match"] = signed["IfNoneMatch"] = "*"
    else:
        headers["If-Match"] = signed["IfMatch"] = replaces
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
