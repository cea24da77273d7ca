"""A file in the bucket, as versions and reports name it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One immutable object version in the bucket."""

    key: str
    version_id: str
    bytes: int
    sha256: str
    """Hexadecimal; empty for an object that is too large to be read."""
