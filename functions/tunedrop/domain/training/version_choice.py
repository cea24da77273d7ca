"""The version that a job trains on if its request names none: the newest accepted one. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tunedrop.domain.versions.versioning import JUDGED, Version, VersionStatus


@dataclass(frozen=True, slots=True)
class SkippedVersion:
    """A version that is newer than the one a job trains on, and why it was passed over."""

    version: int
    status: Literal["processing", "incomplete", "rejected", "deleted"]
    """For the job's base model."""


@dataclass(frozen=True, slots=True)
class VersionChoice:
    """The newest accepted version, None if there is none, and those that are newer, newest first."""

    version: Version | None
    skipped: tuple[SkippedVersion, ...]


def newest_accepted(latest: int, versions: Iterable[Version], base_model: str) -> VersionChoice:
    """Choose among `versions`, newest first, no more of which are looked at than needed.

    What `versions` lacks of the numbers up to `latest` was deleted.
    """
    skipped: list[SkippedVersion] = []
    following = latest
    for version in versions:
        skipped += [SkippedVersion(number, "deleted") for number in range(following, version.number, -1)]
        status = _status_for(version, base_model)
        if status == "accepted":
            return VersionChoice(version, tuple(skipped))
        skipped.append(SkippedVersion(version.number, status))
        following = version.number - 1
    return VersionChoice(None, tuple(skipped))


def _status_for(version: Version, base_model: str) -> VersionStatus:
    """Its verdict for this base model; where it has none yet, its own, which is rejected if any base model's is."""
    preparations = version.prepared_for(base_model)
    if version.status not in JUDGED or not preparations:
        return version.status
    return "rejected" if any(item.output is None for item in preparations) else "accepted"
