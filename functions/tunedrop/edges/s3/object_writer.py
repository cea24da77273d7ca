"""Write one object to the data bucket piece by piece, in constant memory, while the caller goes on working."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.edges.s3.bucket import Bucket
from tunedrop.edges.s3.overlapped_transfer import SENDING, BackgroundSender

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import UploadPartOutputTypeDef

PART_BYTES = 8 * 2**20
"""Above S3's minimum of 5 MB per part; its maximum of 10,000 parts then allows 80 GB (docs/facts.md#s3-objects)."""

JSON_LINES = "application/jsonl"


class ObjectWriter:
    """One object, written piece by piece. Nothing remains of it unless `complete` is called.

    with BackgroundSender() as sender, ObjectWriter(bucket, key, sender) as writer:
        writer.write(b"…")
        stored = writer.complete()

    `write` and `complete` raise botocore's errors, also those of parts sent earlier.
    """

    def __init__(self, bucket: Bucket, key: str, sender: BackgroundSender, content_type: str = JSON_LINES) -> None:
        self._s3 = bucket.s3
        self._sender = sender
        self._place: dict[str, Any] = {"Bucket": bucket.name, "Key": key}
        self._content_type = content_type
        self._buffer = bytearray()
        self._upload_id: str | None = None
        self._parts: list[Future[UploadPartOutputTypeDef]] = []
        self._digest = hashlib.sha256()
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._upload_id is not None:
            for part in self._parts:
                part.exception()  # waits: S3 would keep a part that arrives after the abort
            # A failed abort must not hide the fault that led here; the bucket's lifecycle rule removes the parts later.
            with contextlib.suppress(ClientError):
                self._s3.abort_multipart_upload(**self._place, UploadId=self._upload_id)

    def write(self, data: bytes) -> None:
        """Append bytes; each full part is sent in the background."""
        self._digest.update(data)
        self._bytes += len(data)
        self._buffer += data
        while len(self._buffer) >= PART_BYTES:
            part = bytes(self._buffer[:PART_BYTES])
            del self._buffer[:PART_BYTES]
            self._send(part)

    def complete(self) -> StoredFile:
        """Make the object visible, and return its key, S3 version id, size in bytes and SHA-256."""
        if self._upload_id is None:  # it fits into one part
            answer = self._s3.put_object(**self._place, Body=bytes(self._buffer), ContentType=self._content_type)
            return self._stored(answer.get("VersionId"))
        if self._buffer:
            self._send(bytes(self._buffer))
        parts: Any = [_part(number, sent.result()) for number, sent in enumerate(self._parts, start=1)]
        completed = self._s3.complete_multipart_upload(
            **self._place, UploadId=self._upload_id, MultipartUpload={"Parts": parts}
        )
        self._upload_id = None
        return self._stored(completed.get("VersionId"))

    def _send(self, part: bytes) -> None:
        """Queue a part for sending. Raises the fault of an earlier part: there is no use in going on."""
        if self._upload_id is None:
            begun = self._s3.create_multipart_upload(**self._place, ContentType=self._content_type)
            self._upload_id = begun["UploadId"]
        for sent in self._parts[-SENDING:]:  # earlier ones were checked before: no more are ever in flight
            if sent.done():
                sent.result()
        place = {**self._place, "UploadId": self._upload_id, "PartNumber": len(self._parts) + 1}
        self._parts.append(self._sender.send(lambda: self._s3.upload_part(**place, Body=part)))

    def _stored(self, version_id: str | None) -> StoredFile:
        return StoredFile(self._place["Key"], version_id or "null", self._bytes, self._digest.hexdigest())


def _part(number: int, answer: Mapping[str, Any]) -> dict[str, Any]:
    checksums = {name: value for name, value in answer.items() if name.startswith("ChecksumCRC")}
    return {"PartNumber": number, "ETag": answer["ETag"], **checksums}
