"""Joined uploads: which objects are the parts of a split, and why they cannot be joined. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from tunedrop.domain.base_models.catalogue import Split
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.object_keys import PartUpload
from tunedrop.domain.versions.object_versions import ObjectVersion
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.domain.versions.versioning import SplitFile, content_digest

MAX_PARTS = 1000


def standing(listed: Iterable[ObjectVersion], moment: datetime | None = None) -> dict[str, ObjectVersion]:
    """By key, the object version that was current at the end of the second `moment`; without it, the one current now.

    S3's times have no fractions (docs/facts.md#s3-objects). Because the bucket keeps old versions, a commit that is
    delivered late or twice joins the same parts.
    """
    newest: dict[str, ObjectVersion] = {}
    for version in listed:
        counts = version.latest if moment is None else version.last_modified.replace(microsecond=0) <= moment
        known = newest.get(version.key)
        if counts and (known is None or _order(version) > _order(known)):
            newest[version.key] = version
    return {key: version for key, version in sorted(newest.items()) if not version.deleted}


def _order(version: ObjectVersion) -> tuple[bool, datetime]:
    # Two versions of one second have the same time; only the current one is known to be the newer.
    return version.latest, version.last_modified


def parts_of(split: Split, found: Iterable[ObjectVersion]) -> list[ObjectVersion]:
    """The objects that are parts of this split, in the given order."""
    kinds = ((version, object_keys.parse(version.key)) for version in found)
    return [version for version, kind in kinds if isinstance(kind, PartUpload) and kind.split == split]


def refusal(part_keys: Sequence[str]) -> Defect | None:
    """The defect that keeps these keys from being joined into one split, or None."""
    if not part_keys:
        return Defect("nothing_to_join", "There is no file to join.")
    if len(part_keys) > MAX_PARTS:
        return Defect("too_many_parts", f"{len(part_keys):,} files; at most {MAX_PARTS:,} are joined.")
    plain = ((object_keys.extension(key) or "").removesuffix(".gz") for key in part_keys)
    containers = sorted({"jsonl" if each == "ndjson" else each for each in plain})
    if len(containers) > 1:
        return Defect("mixed_parts", f"The files to join are of several kinds: {', '.join(containers)}.")
    return None


def join(parts: Sequence[StoredFile], named: StoredFile, split: Split, last_modified: datetime) -> SplitFile:
    """The parts as one upload of the split, with the key and S3 version id of `named`."""
    return SplitFile(
        key=named.key,
        version_id=named.version_id,
        bytes=sum(part.bytes for part in parts),
        sha256=content_digest(parts),
        slot=split,
        last_modified=last_modified,
        joined=len(parts),
        parts=tuple(parts),
    )
