"""S3 as a job's service role sees it: a protocol for hosts to implement, and two small stores."""

from pathlib import Path
from typing import Protocol


class ObjectsError(Exception):
    """S3 refused the service role's request; the text becomes part of the job's failure message."""


class Objects(Protocol):
    """Reads and writes objects by s3:// URI with the permissions of a job's service role."""

    def read(self, uri: str, *, role_arn: str, job_arn: str, account: str, region: str) -> bytes:
        """Return an object's bytes. Raises ObjectsError if it is missing or access is denied."""
        ...

    def write(self, uri: str, data: bytes, *, role_arn: str, job_arn: str, account: str, region: str) -> None:
        """Store an object. Raises ObjectsError if the bucket is missing or access is denied."""
        ...


class MemoryObjects:
    """Objects in a dictionary by URI; every role may do everything."""

    def __init__(self, stored: dict[str, bytes] | None = None) -> None:
        self.stored = {} if stored is None else stored

    def read(self, uri: str, *, role_arn: str, job_arn: str, account: str, region: str) -> bytes:
        """Return the bytes stored under the URI. Raises ObjectsError."""
        if uri not in self.stored:
            raise ObjectsError(f"NoSuchKey: The specified key does not exist: {uri}")
        return self.stored[uri]

    def write(self, uri: str, data: bytes, *, role_arn: str, job_arn: str, account: str, region: str) -> None:
        """Store the bytes under the URI."""
        self.stored[uri] = data


class DirectoryObjects:
    """Objects as files: s3://bucket/key is <root>/bucket/key."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def _path(self, uri: str) -> Path:
        path = (self._root / uri.removeprefix("s3://")).resolve()
        if not path.is_relative_to(self._root):
            raise ObjectsError(f"AccessDenied: {uri}")
        return path

    def read(self, uri: str, *, role_arn: str, job_arn: str, account: str, region: str) -> bytes:
        """Return the file's bytes. Raises ObjectsError."""
        path = self._path(uri)
        if not path.is_file():
            raise ObjectsError(f"NoSuchKey: The specified key does not exist: {uri}")
        return path.read_bytes()

    def write(self, uri: str, data: bytes, *, role_arn: str, job_arn: str, account: str, region: str) -> None:
        """Write the file; creates missing folders."""
        path = self._path(uri)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
