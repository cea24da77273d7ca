"""Read, copy and write objects in the data bucket, each read by its S3 version and in constant memory."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.edges.s3 import overlapped_transfer
from tunedrop.edges.s3.bucket import Bucket

CHUNK_BYTES = 2**20
MAX_COPY_BYTES = 5 * 2**30
"""The largest object that one CopyObject takes (docs/facts.md#s3-objects)."""

# HEAD has no error body, so botocore reports the bare status (docs/facts.md#s3-objects).
_GONE = frozenset({"404", "405", "MethodNotAllowed", "NoSuchKey", "NoSuchVersion", "NotFound"})
_PASSING = frozenset({"KMS.InternalException", "KMS.KMSInternalException", "KMS.ThrottlingException"})
_DENIED = frozenset({"403", "AccessDenied"})
_FORBIDDEN = frozenset({"400", "InvalidObjectState", "InvalidRequest"}) | _DENIED


class Unreadable(Exception):
    """Retrying will not help: the object was deleted or archived, or its KMS key refuses us."""


@dataclass(frozen=True, slots=True)
class Described:
    """What HeadObject reports about one object version."""

    version_id: str
    bytes: int
    last_modified: datetime
    metadata: Mapping[str, str]


def describe(bucket: Bucket, key: str, version_id: str | None) -> Described:
    """One version of an object; the current one if `version_id` is None. Raises Unreadable and botocore's errors."""
    with _permanent_faults(bucket, key):
        answer = bucket.s3.head_object(Bucket=bucket.name, Key=key, **_version(version_id))
        return Described(
            version_id=answer.get("VersionId", "null"),
            bytes=answer["ContentLength"],
            last_modified=answer["LastModified"],
            metadata=answer["Metadata"],
        )


def stream(bucket: Bucket, file: StoredFile) -> Iterator[bytes]:
    """The bytes of one object version, in chunks of 1 MiB. Raises Unreadable, and botocore's errors."""
    with _permanent_faults(bucket, file.key):
        answer = bucket.s3.get_object(Bucket=bucket.name, Key=file.key, **_version(file.version_id))
    with contextlib.closing(answer["Body"]) as body:
        yield from body.iter_chunks(CHUNK_BYTES)


@dataclass(frozen=True, slots=True)
class ObjectSource:
    """One object version as a `Source` for the readers. Raises Unreadable, and botocore's errors for broken reads."""

    bucket: Bucket
    file: StoredFile

    @property
    def size(self) -> int:
        """The object's size in bytes, as stored."""
        return self.file.bytes

    def chunks(self) -> Iterator[bytes]:
        """The whole object in order, fetched ahead by a thread."""
        return overlapped_transfer.ahead(stream(self.bucket, self.file))

    def read(self, start: int, length: int) -> bytes:
        """`length` bytes from byte `start` on; fewer at the object's end."""
        end = min(start + length, self.size)
        if start >= end:
            return b""
        with _permanent_faults(self.bucket, self.file.key):
            answer = self.bucket.s3.get_object(
                Bucket=self.bucket.name,
                Key=self.file.key,
                Range=f"bytes={start}-{end - 1}",
                **_version(self.file.version_id),
            )
        with contextlib.closing(answer["Body"]) as body:
            return body.read()


def fingerprint(bucket: Bucket, file: StoredFile) -> StoredFile:
    """The same object version with its SHA-256 filled in (hexadecimal); reads all of it. Raises Unreadable."""
    digest = hashlib.sha256()
    for chunk in stream(bucket, file):
        digest.update(chunk)
    return replace(file, sha256=digest.hexdigest())


def read(bucket: Bucket, file: StoredFile, limit: int) -> bytes:
    """At most `limit` + 1 bytes of a small object; the extra byte tells the caller that it is too large.

    Raises Unreadable.
    """
    content = b""
    for chunk in stream(bucket, file):
        content += chunk
        if len(content) > limit:
            break
    return content[: limit + 1]


def copy(bucket: Bucket, source: StoredFile, key: str) -> str:
    """Copy one object version of at most MAX_COPY_BYTES within S3; return the copy's version id. Raises Unreadable."""
    place: Any = {"Bucket": bucket.name, "Key": source.key, **_version(source.version_id)}
    with _permanent_faults(bucket, source.key):
        answer = bucket.copying().copy_object(
            Bucket=bucket.name,
            Key=key,
            CopySource=place,
            TaggingDirective="REPLACE",  # with none: copying tags would need permissions that our role lacks
        )
    return answer.get("VersionId", "null")


def put(bucket: Bucket, key: str, body: bytes, content_type: str) -> None:
    """Write a small object in one request."""
    bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=body, ContentType=content_type)


def put_once(bucket: Bucket, key: str, body: bytes, content_type: str) -> bool:
    """Write a small object unless there is one of that key already; whether it was written."""
    try:
        bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] in {"PreconditionFailed", "ConditionalRequestConflict"}:
            return False
        raise
    return True


@dataclass(frozen=True, slots=True)
class ReadObject:
    """What a key holds now."""

    body: bytes
    etag: str


def standing(bucket: Bucket, key: str) -> ReadObject:
    """The current object, to be written over. Raises Unreadable if there is none, and botocore's errors."""
    with _permanent_faults(bucket, key):
        answer = bucket.s3.get_object(Bucket=bucket.name, Key=key)
    with contextlib.closing(answer["Body"]) as body:
        return ReadObject(body.read(), answer["ETag"])


def put_over(bucket: Bucket, key: str, before: ReadObject, body: bytes, content_type: str) -> bool:
    """Write a small object over the one that was read; False if that is not there any more, and nothing was written."""
    try:
        bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=body, ContentType=content_type, IfMatch=before.etag)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"PreconditionFailed", "ConditionalRequestConflict"} | _GONE:
            return False
        raise
    return True


def whole(bucket: Bucket, key: str, version_id: str | None = None) -> bytes:
    """All bytes of an object of ours. Raises Unreadable, and botocore's errors."""
    return b"".join(stream(bucket, StoredFile(key, version_id or "null", 0, "")))


def list_keys(bucket: Bucket, prefix: str) -> Iterator[str]:
    """Every key under the prefix."""
    for page in bucket.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket.name, Prefix=prefix):
        for entry in page.get("Contents", ()):
            yield entry["Key"]


def lines(bucket: Bucket, key: str) -> Iterator[str]:
    """The object's lines, streamed; bytes that are not UTF-8 become replacement characters."""
    body = bucket.s3.get_object(Bucket=bucket.name, Key=key)["Body"]
    try:
        for line in body.iter_lines(chunk_size=65_536):
            yield line.decode("utf-8", "replace")
    finally:
        body.close()


def _version(version_id: str | None) -> Any:
    # "null" is what S3 calls the version in a bucket without versioning; here it stands for the current one.
    return {} if version_id in {None, "null"} else {"VersionId": version_id}


@contextlib.contextmanager
def _permanent_faults(bucket: Bucket, key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _GONE:
            raise Unreadable(f"{key} was deleted before it was read.") from error
        if code in _DENIED and bucket.denials_may_pass:
            raise
        if code in _FORBIDDEN or (code.startswith("KMS.") and code not in _PASSING):
            raise Unreadable(f"{key} cannot be read: S3 answers {code}.") from error
        raise
