"""Join several objects into one split, because of a `_commit` beside them or a request that names them."""

from __future__ import annotations

import os.path
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunedrop.domain.base_models.catalogue import SPLITS, Split
from tunedrop.domain.records.defects import Defect, shown
from tunedrop.domain.versions import joined_parts, object_keys
from tunedrop.domain.versions.object_keys import CommitUpload, PartUpload, SplitUpload
from tunedrop.domain.versions.object_versions import ObjectVersion
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.domain.versions.versioning import SplitFile
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import part_rows, tombstone_rows, upload_rows
from tunedrop.edges.rows.upload_rows import REQUEST, Upload
from tunedrop.edges.s3 import objects, version_listing
from tunedrop.errors import Conflict, InvalidInput, NotFound

_MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class NamedPart:
    """An object that a request names; without an S3 version id, its current version."""

    key: str
    version_id: str | None = None


def committed(kind: CommitUpload, commit: objects.Described, largest: int, cloud: Cloud) -> SplitFile | Defect:
    """The parts that were beside the `_commit` when S3 received it, as one split, or why they can't be joined.

    `largest`: bytes above which the parts are not read. Raises Unreadable.
    """
    folder = object_keys.split_folder(kind.dataset, kind.split)
    standing = joined_parts.standing(version_listing.listed(cloud.bucket, folder), moment=commit.last_modified)
    parts = joined_parts.parts_of(kind.split, standing.values())
    defect = joined_parts.refusal([part.key for part in parts])
    if defect is not None:
        return defect
    stored = [StoredFile(part.key, part.version_id, part.bytes, "") for part in parts]
    own = StoredFile(folder + object_keys.COMMIT_FILE, commit.version_id, 0, "")
    return joined_parts.join(_hashed(stored, largest, cloud), own, kind.split, commit.last_modified)


def named(upload: Upload, largest: Mapping[str, int], cloud: Cloud) -> list[SplitFile]:
    """The splits that a request named, each joined from its parts. `largest`: bytes by split, as for `committed`.

    Raises Unreadable.
    """
    files = []
    for split in upload.splits:
        parts = part_rows.load(cloud.state, upload.dataset, split, upload.version_id)
        own = StoredFile(object_keys.split_folder(upload.dataset, split), upload.version_id, 0, "")
        moment = upload.received_at.replace(microsecond=0)  # comparable with S3's times, which have no fractions
        files.append(joined_parts.join(_hashed(parts, largest[split], cloud), own, split, moment))
    return files


def _hashed(parts: Sequence[StoredFile], largest: int, cloud: Cloud) -> list[StoredFile]:
    """The parts with their SHA-256, or unread if all together are too large for every base model."""
    if sum(part.bytes for part in parts) > largest:
        return list(parts)
    return [objects.fingerprint(cloud.bucket, part) for part in parts]


def request(
    dataset: str,
    splits: Mapping[str, Sequence[NamedPart]],
    upload_id: str,
    cloud: Cloud,
) -> Upload:
    """Request a new version from these objects, in their S3 versions of now, whatever is uploaded later.

    If `upload_id` exists, returns that request. Raises InvalidInput for keys that can't be joined, NotFound
    `unknown_object` with the keys that do not exist, Conflict `dataset_being_deleted`.
    """
    upload = upload_rows.load(cloud.state, dataset, REQUEST, upload_id)
    if upload is None:
        _check(dataset, splits)
        found = {split: _found(splits[split], cloud) for split in SPLITS if split in splits}
        upload = _begun(dataset, upload_id, found, cloud)
    if upload.status == "processing":
        cloud.upload_queue.send("join_parts", dataset=dataset, upload_id=upload_id)
    return upload


def _begun(dataset: str, upload_id: str, found: Mapping[Split, Sequence[StoredFile]], cloud: Cloud) -> Upload:
    """Write all rows of the request or none: a deletion in progress would delete some of them."""
    rows = [put for split, parts in found.items() for put in part_rows.named(dataset, split, upload_id, parts)]
    counts = {split: len(parts) for split, parts in found.items()}
    standing = tombstone_rows.not_being_erased(dataset)
    upload = upload_rows.begin_request(cloud.state, dataset, upload_id, counts, cloud.now(), standing, *rows)
    if upload is None:
        raise Conflict(
            "dataset_being_deleted",
            f"{dataset} is being deleted. When that is done, name what was uploaded since.",
            field="name",
        )
    return upload


def get(dataset: str, upload_id: str, cloud: Cloud) -> Upload:
    """The upload row of a request, with its status. Raises NotFound `unknown_upload`."""
    upload = upload_rows.load(cloud.state, dataset, REQUEST, upload_id) if _plausible(dataset, upload_id) else None
    if upload is None:
        raise NotFound(
            "unknown_upload", f"There is no upload {shown(upload_id)} of {shown(dataset)}.", field="upload_id"
        )
    return upload


def _plausible(dataset: str, upload_id: str) -> bool:
    return object_keys.is_name(dataset) and 0 < len(upload_id) <= 64


def _check(dataset: str, splits: Mapping[str, Sequence[NamedPart]]) -> None:
    if not object_keys.is_name(dataset):
        raise InvalidInput(
            "invalid_dataset_name",
            f"{shown(dataset)} can't name a dataset. {object_keys.NAMES_ALLOWED}",
            field="name",
            pattern=object_keys.NAME_PATTERN,
        )
    if not splits:
        raise InvalidInput("nothing_to_join", f"Name the keys of at least one of {', '.join(SPLITS)}.", field="splits")
    for split, parts in splits.items():
        _check_split(dataset, split, [part.key for part in parts])


def _check_split(dataset: str, split: str, part_keys: Sequence[str]) -> None:
    field = f"splits.{split[:20]}"
    if split not in SPLITS:
        raise InvalidInput("unknown_split", f"{shown(split)} is not one of {', '.join(SPLITS)}.", field=field)
    if 0 < len(part_keys) <= joined_parts.MAX_PARTS:
        _check_keys(dataset, part_keys, field)
    defect = joined_parts.refusal(part_keys)
    if defect is not None:
        raise InvalidInput(defect.code, defect.message, field=field)


def _check_keys(dataset: str, part_keys: Sequence[str], field: str) -> None:
    for number, key in enumerate(part_keys):
        kind = object_keys.parse(key)
        if not isinstance(kind, SplitUpload | PartUpload) or kind.dataset != dataset:
            expected = (
                f"{object_keys.INCOMING}{dataset}/<split>.<ext> or {object_keys.INCOMING}{dataset}/<split>/<name>.<ext>"
            )
            message = f"{shown(key)} is not a split file of {dataset}: name keys such as {expected}."
            raise InvalidInput("invalid_part", message, field=f"{field}[{number}]")
        if key in part_keys[:number]:
            raise InvalidInput("repeated_part", f"{shown(key)} is named twice.", field=f"{field}[{number}]")


def _found(parts: Sequence[NamedPart], cloud: Cloud) -> list[StoredFile]:
    """The named objects, in key order, without SHA-256. Raises NotFound `unknown_object`."""
    # One listing of the common prefix, instead of up to 1,000 HeadObject calls.
    prefix = os.path.commonprefix([part.key for part in parts])  # noqa: RUF071 - of S3's keys, which are no paths
    listed = list(version_listing.listed(cloud.bucket, prefix))
    current = joined_parts.standing(listed)
    exact = {(version.key, version.version_id): version for version in listed if not version.deleted}
    found: list[ObjectVersion] = []
    missing: list[NamedPart] = []
    for part in sorted(parts, key=lambda part: part.key):
        version = exact.get((part.key, part.version_id)) if part.version_id else current.get(part.key)
        if version is None:
            missing.append(part)
        else:
            found.append(version)
    if missing:
        raise NotFound(
            "unknown_object",
            f"{len(missing):,} of {len(parts):,} objects are not in the data bucket.",
            keys=[part.key for part in missing[:_MOST_SHOWN]],
        )
    return [StoredFile(version.key, version.version_id, version.bytes, "") for version in found]
