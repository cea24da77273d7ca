"""What became of uploads: S3's histories, what was told, and deliveries; never our own rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.backends import get_backend

from tests.faults.event_source import Message
from tests.integration.conftest import ACCOUNT


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the application's own."""

    time: float
    type: str
    detail: Mapping[str, Any]

    @property
    def code(self) -> str | None:
        """Why an upload made no version; None if a version has its verdict."""
        return "unchanged" if self.detail.get("unchanged") else self.detail.get("code")


@dataclass(slots=True, eq=False)
class Put:
    """One S3 object version that a person made."""

    key: str
    version_id: str
    sha256: str
    order: int
    """Of all puts, as S3 received them."""
    erased: bool = False
    poison: bool = False

    @property
    def slot(self) -> tuple[str, str]:
        """Dataset and split, or the file's name."""
        _, dataset, name = self.key.split("/")
        return dataset, name.partition(".")[0]


@dataclass(slots=True)
class Sent:
    """One message, and how it was delivered."""

    message: Message
    put: Put | None
    """None: no event at all."""
    poison: bool = False
    redriven: bool = False
    troubles: int = 0
    first_began: float | None = None
    puts_then: int = 0
    """How many objects had been put when its last delivery began."""
    acked_at: float | None = None

    def began(self, now: float, puts: int) -> None:
        """A function has it."""
        self.first_began = now if self.first_began is None else self.first_began
        self.puts_then = puts

    def ended(self, now: float) -> None:
        """It was deleted."""
        self.acked_at = now


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One S3 version of an object that the application wrote."""

    key: str
    sha256: str
    report: Mapping[str, Any] | None
    """A data report's content."""


@dataclass(frozen=True, slots=True)
class Histories:
    """All that the judge looks at."""

    puts: Sequence[Put]
    sent: Sequence[Sent]
    told: Sequence[Told]
    objects: Sequence[StoredObject]
    dead: frozenset[str]
    """Ids of the messages among the dead letters."""
    failures: Sequence[Mapping[str, Any]]
    """What the function logged of failed messages."""
    most_receives: int


def objects_of(bucket: str) -> list[StoredObject]:
    """All S3 versions of what was made of versions' data, those that are current no more included.

    Reports on keys that fit nowhere are of no version.
    """
    kept = get_backend("s3")[ACCOUNT]["aws"].buckets[bucket].keys
    return [
        _stored(key, item.value)
        for key in kept
        if key.startswith(("reports/", "prepared/")) and "/unrecognized/" not in key
        for item in kept.getlist(key)
        if hasattr(item, "value")  # a delete marker has none
    ]


def _stored(key: str, value: bytes) -> StoredObject:
    is_report = key.startswith("reports/") and key.endswith(".json")
    return StoredObject(key, hashlib.sha256(value).hexdigest(), json.loads(value) if is_report else None)
