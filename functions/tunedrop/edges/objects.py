"""Objects in the data bucket: described, streamed by version, written in parts. Memory stays flat whatever the size."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from tunedrop.data.versions import StoredFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHUNK_BYTES = 2**20
PART_BYTES = 8 * 2**20
"""Above S3's minimum of 5 MiB; 10,000 parts of it hold 80 GB."""

_GONE = frozenset({"404", "405", "MethodNotAllowed", "NoSuchKey", "NoSuchVersion", "NotFound"})
_PASSING = frozenset({"KMS.InternalException", "KMS.KMSInternalException", "KMS.ThrottlingException"})
_FORBIDDEN = frozenset({"400", "403", "AccessDenied", "InvalidObjectState", "InvalidRequest"})


class Unreadable(Exception):
    """The object will not become readable by trying again: deleted, archived, or encrypted with a foreign key."""


@dataclass(frozen=True, slots=True)
class Described:
    """What S3 knows of one object version."""

    version_id: str
    bytes: int
    last_modified: datetime
    metadata: Mapping[str, str]


def describe(s3: S3Client, bucket: str, key: str, version_id: str | None) -> Described:
    """One version of an object, without `version_id` the current one. Raises Unreadable."""
    with _permanent_faults(key):
        answer = s3.head_object(Bucket=bucket, Key=key, **_version(version_id))
        return Described(
            version_id=answer.get("VersionId", "null"),
            bytes=answer["ContentLength"],
            last_modified=answer["LastModified"],
            metadata=answer["Metadata"],
        )


def stream(s3: S3Client, bucket: str, file: StoredFile) -> Iterator[bytes]:
    """The bytes of one object version, in chunks. Raises Unreadable; a broken connection rises as botocore's error."""
    with _permanent_faults(file.key):
        answer = s3.get_object(Bucket=bucket, Key=file.key, **_version(file.version_id))
    with contextlib.closing(answer["Body"]) as body:
        yield from body.iter_chunks(CHUNK_BYTES)


@dataclass(frozen=True, slots=True)
class ObjectSource:
    """One object version as a `Source`. Raises Unreadable; broken connections rise as botocore's errors."""

    s3: S3Client
    bucket: str
    file: StoredFile

    @property
    def size(self) -> int:
        """As stored."""
        return self.file.bytes

    def chunks(self) -> Iterator[bytes]:
        """The whole object, in order."""
        return stream(self.s3, self.bucket, self.file)

    def read(self, start: int, length: int) -> bytes:
        """A range; what lies beyond the object's end is left out."""
        end = min(start + length, self.size)
        if start >= end:
            return b""
        with _permanent_faults(self.file.key):
            answer = self.s3.get_object(
                Bucket=self.bucket,
                Key=self.file.key,
                Range=f"bytes={start}-{end - 1}",
                **_version(self.file.version_id),
            )
        with contextlib.closing(answer["Body"]) as body:
            return body.read()


def fingerprint(s3: S3Client, bucket: str, key: str, described: Described) -> StoredFile:
    """The object version with its SHA-256, hexadecimal. Raises Unreadable."""
    digest = hashlib.sha256()
    file = StoredFile(key, described.version_id, described.bytes, "")
    for chunk in stream(s3, bucket, file):
        digest.update(chunk)
    return StoredFile(key, described.version_id, described.bytes, digest.hexdigest())


def read(s3: S3Client, bucket: str, file: StoredFile, limit: int) -> bytes:
    """The first `limit` + 1 bytes of a small object: one more than allowed shows that it is too large."""
    content = b""
    for chunk in stream(s3, bucket, file):
        content += chunk
        if len(content) > limit:
            break
    return content[: limit + 1]


def put(s3: S3Client, bucket: str, key: str, body: bytes, content_type: str) -> None:
    """Write a small object whole."""
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)


class Upload:
    """One object written piece by piece; left without `complete`, nothing of it remains.

    with Upload(s3, bucket, key) as upload:
        upload.write(b"…")
        stored = upload.complete()
    """

    def __init__(self, s3: S3Client, bucket: str, key: str) -> None:
        self._s3 = s3
        self._place: dict[str, Any] = {"Bucket": bucket, "Key": key}
        self._buffer = bytearray()
        self._upload_id: str | None = None
        self._parts: list[Any] = []
        self._digest = hashlib.sha256()
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._upload_id is not None:
            # The bucket's lifecycle ends what cannot be aborted now; the first fault must not be hidden by a second.
            with contextlib.suppress(ClientError):
                self._s3.abort_multipart_upload(**self._place, UploadId=self._upload_id)

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._digest.update(data)
        self._bytes += len(data)
        self._buffer += data
        while len(self._buffer) >= PART_BYTES:
            part = bytes(self._buffer[:PART_BYTES])
            del self._buffer[:PART_BYTES]
            self._send(part)

    def complete(self) -> StoredFile:
        """Make the object visible."""
        if self._upload_id is None:
            answer = self._s3.put_object(**self._place, Body=bytes(self._buffer), ContentType=_CONTENT_TYPE)
            return self._stored(answer.get("VersionId"))
        if self._buffer:
            self._send(bytes(self._buffer))
        completed = self._s3.complete_multipart_upload(
            **self._place, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
        )
        self._upload_id = None
        return self._stored(completed.get("VersionId"))

    def _send(self, part: bytes) -> None:
        if self._upload_id is None:
            begun = self._s3.create_multipart_upload(**self._place, ContentType=_CONTENT_TYPE)
            self._upload_id = begun["UploadId"]
        number = len(self._parts) + 1
        answer: Mapping[str, Any] = self._s3.upload_part(
            **self._place, UploadId=self._upload_id, PartNumber=number, Body=part
        )
        checksums = {name: value for name, value in answer.items() if name.startswith("ChecksumCRC")}
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"], **checksums})

    def _stored(self, version_id: str | None) -> StoredFile:
        return StoredFile(self._place["Key"], version_id or "null", self._bytes, self._digest.hexdigest())


_CONTENT_TYPE = "application/jsonl"


def _version(version_id: str | None) -> Any:
    return {} if version_id in {None, "null"} else {"VersionId": version_id}


@contextlib.contextmanager
def _permanent_faults(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _GONE:
            raise Unreadable(f"{key} was deleted before it was read.") from error
        if code in _FORBIDDEN or (code.startswith("KMS.") and code not in _PASSING):
            raise Unreadable(f"{key} cannot be read: S3 answers {code}.") from error
        raise
