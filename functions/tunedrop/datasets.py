"""Datasets and their versions as other programs see them, and which version a job may train on."""

from __future__ import annotations

from dataclasses import dataclass

from tunedrop.base_models import catalogue
from tunedrop.data.versions import Head, Preparation, Version
from tunedrop.edges import dataset_rows
from tunedrop.edges.dataset_rows import HeadPage, VersionPage
from tunedrop.edges.table import Table
from tunedrop.errors import Conflict, NotFound
from tunedrop.training.plan import UnpreparedVersion


@dataclass(frozen=True, slots=True)
class PreparedSplit:
    """One split as Bedrock is given it."""

    key: str
    version_id: str
    bytes: int
    records: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PreparedVersion:
    """An accepted version for one base model."""

    name: str
    version: int
    base_model: str
    train: PreparedSplit
    validation: PreparedSplit | None
    tokens_per_epoch: int
    """Estimated, of train."""
    owner: str | None
    """What `dataset.toml` says."""


def list_datasets(limit: int, cursor: str | None, *, table: Table) -> HeadPage:
    """Datasets, most recently changed first. Raises InvalidInput `invalid_cursor`."""
    return dataset_rows.list_heads(table, limit, cursor)


def get_dataset(name: str, *, table: Table) -> Head:
    """Raises NotFound `unknown_dataset`."""
    head = dataset_rows.load_head(table, name)
    if head is None:
        raise NotFound("unknown_dataset", f"There is no dataset {name!r}.", field="dataset")
    return head


def list_versions(name: str, limit: int, cursor: str | None, *, table: Table) -> VersionPage:
    """Versions, newest first. Raises NotFound `unknown_dataset`, InvalidInput `invalid_cursor`."""
    get_dataset(name, table=table)
    return dataset_rows.list_versions(table, name, limit, cursor)


def get_version(name: str, number: int, *, table: Table) -> Version:
    """Raises NotFound `unknown_dataset` or `unknown_version`."""
    return _version(get_dataset(name, table=table), number, table)


def accepted(name: str, number: int | None, base_model: str, *, table: Table) -> PreparedVersion | UnpreparedVersion:
    """The version a job trains on, without a number the newest; it may have to be prepared for this base model first.

    Raises InvalidInput `unknown_base_model`, NotFound `unknown_dataset`, `unknown_version`, and Conflict
    `version_processing`, `version_incomplete`, `dataset_rejected` (with the reports' keys).
    """
    catalogue.find(base_model)
    head = get_dataset(name, table=table)
    version = _version(head, head.latest if number is None else number, table)
    _refuse_unfinished(version)
    preparations = version.prepared_for(base_model)
    if not preparations:
        return UnpreparedVersion(name, version.number, version.owner)
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
    )


def _version(head: Head, number: int, table: Table) -> Version:
    version = dataset_rows.load_version(table, head.dataset, number) if 0 < number <= head.latest else None
    if version is None:
        known = f"The newest is {head.latest}." if head.latest else "It has none yet: upload a train split."
        raise NotFound(
            "unknown_version",
            f"{head.dataset} has no version {number}. {known}" if number else f"{head.dataset}: {known}",
            field="version",
            latest=head.latest,
        )
    return version


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
