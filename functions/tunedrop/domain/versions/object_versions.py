"""One S3 version of an object, as a listing of the bucket shows it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """One S3 version of an object. A deleted one is the marker that its key was deleted, and holds no bytes."""

    key: str
    version_id: str
    bytes: int
    last_modified: datetime
    latest: bool
    deleted: bool = False
