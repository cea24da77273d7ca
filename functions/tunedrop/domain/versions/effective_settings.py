"""What a version is to be prepared for: `dataset.toml`, metadata and the stack's default brought together. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunedrop.domain.base_models.catalogue import Split
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Block
from tunedrop.domain.versions import dataset_toml, object_keys
from tunedrop.domain.versions.dataset_toml import DatasetSettings
from tunedrop.domain.versions.job_settings import DeploymentSettings, JobSettings

if TYPE_CHECKING:  # what a person checks is of no version
    from tunedrop.domain.versions.versioning import SplitFile, Version

_ENCODED_WORD = "=?"
"""How S3 returns metadata that was not plain ASCII (RFC 2047)."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What to do with a version, and what of its owner's wishes could not be followed, with its source."""

    base_models: tuple[str, ...]
    systems: Mapping[tuple[str, Split], Block]
    """By base model and split: the configured system text, for records without one of their own."""
    dropped_systems: frozenset[tuple[str, Split]]
    """Where a system text is configured, but not for this base model."""
    owner: str | None
    policy: Policy
    mapping: FieldMapping | None
    validation_share: float
    job: JobSettings | None
    deployment: DeploymentSettings | None
    defects: tuple[tuple[Defect, str], ...]


def resolve(
    version: Version,
    settings: DatasetSettings,
    system: str | None,
    *,
    known_models: Sequence[str],
    default_model: str,
    default_share: float = 0,
    asked_for: Sequence[str] | None = None,
) -> Wishes:
    """Metadata wins over `dataset.toml`, that over the default. `system` is what dataset.toml or its file says.

    `asked_for`: the base models that a job needs, whatever those say.
    """
    source = object_keys.incoming(version.dataset, object_keys.SETTINGS_FILE)
    defects = [(defect, source) for defect in settings.defects]
    for file in version.splits.values():
        defects += [(defect, file.key) for defect in _metadata_defects(file, known_models)]
    wished = _base_models(version, known_models) or settings.base_models or (default_model,)
    base_models = wished if asked_for is None else tuple(asked_for)
    given = {split: _plain(file.system) for split, file in version.splits.items()}
    systems, dropped = system_texts(
        {split: None if text is None else Block("metadata system", text) for split, text in given.items()},
        settings,
        system,
        base_models,
    )
    return Wishes(
        base_models=base_models,
        systems=systems,
        dropped_systems=dropped,
        owner=settings.owner,
        policy=settings.policy,
        mapping=settings.mapping,
        validation_share=default_share if settings.validation_share is None else settings.validation_share,
        job=settings.job,
        deployment=settings.deployment,
        defects=tuple(defects),
    )


def _base_models(version: Version, known_models: Sequence[str]) -> tuple[str, ...]:
    """Those that the metadata of the first split with any names."""
    named = ([name for name in _names(file) if name in known_models] for file in version.splits.values())
    return tuple(dict.fromkeys(next(filter(None, named), ())))


def system_texts(
    given: Mapping[Split, Block | None], settings: DatasetSettings, system: str | None, base_models: Sequence[str]
) -> tuple[Mapping[tuple[str, Split], Block], frozenset[tuple[str, Split]]]:
    """The configured system texts by base model and split, and where one is dropped.

    `given` for a split beats `dataset.toml`; an empty text for a base model in `dataset.toml` beats all.
    """
    systems: dict[tuple[str, Split], Block] = {}
    dropped = set()
    for split, beside in given.items():
        for name in base_models:
            own = settings.model_systems.get(name)
            block = beside or _block(own or system)
            if block is not None and own == "":
                dropped.add((name, split))
            elif block is not None:
                systems[name, split] = block
    return systems, frozenset(dropped)


def _block(from_settings: str | None) -> Block | None:
    return None if from_settings is None else Block("dataset.toml system", from_settings)


def system_text(raw: bytes) -> str | Defect:
    """A system text file's content, without its last line end."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Defect("invalid_system_file", f"Byte {error.start + 1} is not UTF-8.")
    if len(raw) > dataset_toml.MAX_SYSTEM_FILE_BYTES:
        return Defect("invalid_system_file", f"More than {dataset_toml.MAX_SYSTEM_FILE_BYTES:,} bytes.")
    if not text.strip():
        return Defect("invalid_system_file", "The file is blank.")
    return text.removesuffix("\n").removesuffix("\r")


def _names(file: SplitFile) -> list[str]:
    return [name.strip() for name in (_plain(file.base_model) or "").split(",") if name.strip()]


def _plain(value: str | None) -> str | None:
    return None if value is None or value.startswith(_ENCODED_WORD) or not value.strip() else value


def _metadata_defects(file: SplitFile, known_models: Sequence[str]) -> list[Defect]:
    defects = dataset_toml.unknown_base_models(_names(file), known_models, "metadata base-model")
    for name, value in (("base-model", file.base_model), ("system", file.system)):
        if value is not None and _plain(value) is None:
            message = f"The object's metadata {name} is blank or not plain ASCII."
            defects.append(Defect("invalid_metadata", message, f"metadata {name}"))
    return defects
