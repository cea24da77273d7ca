"""The images and documents of a version: look at what was uploaded, and copy it to where only this application writes.

A copy is made once and never again, so every base model of a version trains on the same bytes, whatever is uploaded
under the same name later.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

from tunedrop.domain.checks.media_findings import HEAD_BYTES, FoundFile, MediaFolder
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.domain.versions.versioning import Version
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.s3 import objects, version_listing
from tunedrop.edges.s3.bucket import Bucket

T = TypeVar("T")

_AT_ONCE = 8
"""Requests to S3, of the ten connections that its client keeps."""


class MediaFiles:
    """What lies under `media/` of the dataset now, and what of it this version holds. Lists when first asked."""

    def __init__(self, version: Version, cloud: Cloud) -> None:
        self._bucket: Bucket = cloud.bucket
        self._account = cloud.settings.account
        self._version = version
        self._copies_at = object_keys.prepared_media(version.dataset, version.number)

    @property
    def folder(self) -> MediaFolder:
        """The same, as the checks take it."""
        version = self._version
        return MediaFolder(self._bucket.name, version.dataset, version.number, self._account, self.look)

    def look(self, paths: Collection[str]) -> Mapping[str, FoundFile]:
        """Sizes and first bytes of the files at these paths; those that are not there are left out.

        Raises S3's transient faults as botocore's errors.
        """
        return {path: found for path, found in _each(self._head, paths) if found is not None}

    def copy(self, paths: Collection[str]) -> None:
        """Copy the files, each once. Raises Unreadable if one was deleted since, and botocore's errors."""
        missing = [path for path in paths if path not in self._copied]
        for path, copied in _each(self._copy, missing):
            self._copied[path] = copied

    @cached_property
    def _uploaded(self) -> Mapping[str, StoredFile]:
        return self._under(object_keys.incoming(self._version.dataset, object_keys.MEDIA))

    @cached_property
    def _copied(self) -> dict[str, StoredFile]:
        return self._under(self._copies_at)

    def _under(self, prefix: str) -> dict[str, StoredFile]:
        standing = version_listing.standing(self._bucket, prefix)
        return {key.removeprefix(prefix): file for key, file in standing.items()}

    def _head(self, path: str) -> FoundFile | None:
        file = self._copied.get(path) or self._uploaded.get(path)
        if file is None:
            return None
        try:
            head = objects.ObjectSource(self._bucket, file).read(0, HEAD_BYTES)
        except objects.Unreadable:
            return None
        return FoundFile(file.bytes, head)

    def _copy(self, path: str) -> StoredFile:
        file, key = self._uploaded[path], f"{self._copies_at}{path}"
        return replace(file, key=key, version_id=objects.copy(self._bucket, file, key))


def _each(work: Callable[[str], T], paths: Collection[str]) -> Iterator[tuple[str, T]]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from zip(paths, pool.map(work, paths), strict=True)
