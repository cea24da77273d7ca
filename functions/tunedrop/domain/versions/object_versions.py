"""One S3 version of an object, as ListObjectVersions shows it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One S3 version of an object, or, if `deleted`, a delete marker, which has no bytes."""

    key: str
    version_id: str
    bytes: int
    last_modified: datetime
    latest: bool
    deleted: bool = False
