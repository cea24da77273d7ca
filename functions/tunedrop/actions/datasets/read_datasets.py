"""Read datasets, their versions and their tombstones, and find the version that a job trains on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.training import version_choice
from tunedrop.domain.training.job_plan import PreparedSplit, PreparedVersion, UnpreparedVersion
from tunedrop.domain.training.version_choice import SkippedVersion, VersionChoice
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.deletions import Deletion
from tunedrop.domain.versions.versioning import Head, Preparation, Version
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import dataset_rows, moments, tombstone_rows
from tunedrop.edges.rows.dataset_rows import HeadPage, VersionPage
from tunedrop.edges.rows.tombstone_rows import TombstonePage
from tunedrop.edges.s3 import presigned_links
from tunedrop.errors import Conflict, NotFound

MOST_CONSIDERED, VERSIONS_AT_ONCE = 100, 5
"""So many of the newest versions can be passed over, and are read at once: usually the newest is accepted."""


def list_datasets(limit: int, cursor: str | None, cloud: Cloud) -> HeadPage:
    """Up to `limit` datasets, the most recently changed first. Raises InvalidInput `invalid_cursor`."""
    return dataset_rows.list_heads(cloud.state, limit, cursor)


def get_dataset(name: str, cloud: Cloud) -> Head:
    """The dataset's head. Raises NotFound `unknown_dataset`, or `dataset_deleted` until a new upload revives it."""
    head = find_head(name, cloud)
    if head is None:
        raise _unknown(name)
    if head.deletion:
        raise _deleted(head, cloud)
    return head


def find_head(name: str, cloud: Cloud) -> Head | None:
    """The head, even of a deleted dataset; None if there never was one, or if the name is invalid."""
    return dataset_rows.load_head(cloud.state, name) if object_keys.is_name(name) else None


def _unknown(name: str) -> NotFound:
    return NotFound("unknown_dataset", f"There is no dataset {name[:80]!r}.", field="dataset")


def _deleted(head: Head, cloud: Cloud) -> NotFound:
    deletion = tombstone_rows.load(cloud.state, head.dataset, head.deletion or "")
    told = {} if deletion is None else _told(deletion)
    return NotFound("dataset_deleted", f"The dataset {head.dataset!r} was deleted.", field="dataset", deletion=told)


def _told(deletion: Deletion) -> dict[str, Any]:
    return {
        "id": deletion.id,
        "state": deletion.state,
        "asked_by": deletion.asked_by,
        "asked_at": moments.to_text(deletion.asked_at),
        "erased_at": moments.to_text(deletion.erased_at),
    }


def list_tombstones(name: str, limit: int, cursor: str | None, cloud: Cloud) -> TombstonePage:
    """Tombstones of deleted versions, newest version first. Works for deleted datasets as well.

    Raises NotFound `unknown_dataset`, InvalidInput `invalid_cursor`.
    """
    if find_head(name, cloud) is None:
        raise _unknown(name)
    return tombstone_rows.list_tombstones(cloud.state, name, limit, cursor)


def list_versions(name: str, limit: int, cursor: str | None, cloud: Cloud) -> VersionPage:
    """Versions, newest first. Raises NotFound as `get_dataset` does, and InvalidInput `invalid_cursor`."""
    get_dataset(name, cloud)
    return dataset_rows.list_versions(cloud.state, name, limit, cursor)


def get_version(name: str, number: int, cloud: Cloud) -> Version:
    """A version with its parts. Raises NotFound as `get_dataset` does, `unknown_version` or `version_deleted`."""
    return _version(get_dataset(name, cloud), number, cloud)


@dataclass(frozen=True, slots=True)
class ReportLinks:
    """URLs that show a report (JSON) and its page (HTML) to whoever has them, for 15 minutes."""

    report: str
    page: str


def report_links(report_key: str, cloud: Cloud) -> ReportLinks:
    """Presign links to a report and to its page."""
    page_key = object_keys.page(report_key)
    return ReportLinks(
        presigned_links.download(cloud.bucket, report_key), presigned_links.download(cloud.bucket, page_key)
    )


def accepted(
    name: str, number: int | None, base_model: str, cloud: Cloud, *, expected: int | None = None
) -> PreparedVersion | UnpreparedVersion:
    """The version that a job trains on: the newest accepted one if `number` is None; the newest if none is accepted.

    Unprepared if this base model has no verdict. Raises InvalidInput `unknown_base_model`, NotFound as `get_version`
    does, and Conflict `version_processing`, `version_incomplete`, `dataset_rejected` (with the reports' keys), and
    `version_changed` if the newest accepted one is not the one `expected`.
    """
    catalogue.find(base_model)
    head = get_dataset(name, cloud)
    choice = None
    if number is None or expected is not None:
        choice = version_choice.newest_accepted(head.latest, _newest_first(head, cloud), base_model)
        _refuse_unexpected(head, choice, base_model, expected)
    if number is None and choice and choice.version:
        return _for_job(choice.version, base_model, choice.skipped)
    return _for_job(_version(head, head.latest if number is None else number, cloud, parts=False), base_model)


def _newest_first(head: Head, cloud: Cloud) -> Iterator[Version]:
    cursor = None
    for _ in range(MOST_CONSIDERED // VERSIONS_AT_ONCE):
        page = dataset_rows.list_versions(cloud.state, head.dataset, VERSIONS_AT_ONCE, cursor)
        yield from page.versions
        cursor = page.cursor
        if cursor is None:
            return


def _for_job(
    version: Version, base_model: str, skipped: tuple[SkippedVersion, ...] = ()
) -> PreparedVersion | UnpreparedVersion:
    _refuse_unfinished(version)
    name, preparations = version.dataset, version.prepared_for(base_model)
    if not preparations:
        return UnpreparedVersion(name, version.number, version.owner, skipped)
    _refuse_rejected(version, base_model, preparations)
    splits = {item.split: _split(item) for item in preparations}
    return PreparedVersion(
        name=name,
        version=version.number,
        base_model=base_model,
        train=splits["train"],
        validation=splits.get("validation"),
        tokens_per_epoch=next(item.tokens for item in preparations if item.split == "train"),
        owner=version.owner,
        skipped=skipped,
    )


def _version(head: Head, number: int, cloud: Cloud, *, parts: bool = True) -> Version:
    given = 0 < number <= head.latest
    version = dataset_rows.load_version(cloud.state, head.dataset, number, parts=parts) if given else None
    if version is None and given and (tombstone := tombstone_rows.load_tombstone(cloud.state, head.dataset, number)):
        raise NotFound(
            "version_deleted",
            f"{head.dataset}@{number} was deleted. Name another version.",
            field="version",
            deletion={"asked_by": tombstone.deleted_by, "asked_at": moments.to_text(tombstone.deleted_at)},
        )
    if version is None:
        known = f"The newest is {head.latest}." if head.latest else "It has none yet: upload a train split."
        raise NotFound(
            "unknown_version",
            f"{head.dataset} has no version {number}. {known}" if number else f"{head.dataset}: {known}",
            field="version",
            latest=head.latest,
        )
    return version


def _refuse_unexpected(head: Head, choice: VersionChoice, base_model: str, expected: int | None) -> None:
    newest = choice.version.number if choice.version else None
    if expected is None or newest == expected:
        return
    found = f"is version {newest}" if newest else "does not exist"
    raise Conflict(
        "version_changed",
        f"The newest accepted version of {head.dataset} for {base_model} {found}; version {expected} was expected.",
        field="expected_version",
        newest_accepted=newest,
        skipped_versions=[asdict(each) for each in choice.skipped],
    )


def _refuse_unfinished(version: Version) -> None:
    if version.status == "processing":
        raise Conflict("version_processing", f"{_title(version)} is still being prepared; try again soon.")
    if version.status == "incomplete":
        raise Conflict(
            "version_incomplete",
            f"{_title(version)} has no train split. Upload incoming/{version.dataset}/train.jsonl.",
            splits=list(version.splits),
        )


def _refuse_rejected(version: Version, base_model: str, preparations: tuple[Preparation, ...]) -> None:
    rejected = [item for item in preparations if item.output is None]
    if rejected:
        raise Conflict(
            "dataset_rejected",
            f"{_title(version)} was rejected for {base_model}: its reports say why.",
            reports=[item.report_key for item in rejected],
            errors={item.split: item.errors for item in rejected},
        )


def _split(item: Preparation) -> PreparedSplit:
    output = item.output
    assert output is not None, "rejected splits were refused"
    return PreparedSplit(output.key, output.version_id, output.bytes, output.records, output.sha256)


def _title(version: Version) -> str:
    return f"{version.dataset}@{version.number}"
