"""A version's effective settings: object metadata, `dataset.toml` and the stack's defaults combined. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunedrop.domain.base_models.catalogue import Split
from tunedrop.domain.evaluation.evaluation_request import EvaluationWish
from tunedrop.domain.formats.field_mapping import FieldMapping
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.records.record import Block
from tunedrop.domain.texts.tool_blocks import Rendering
from tunedrop.domain.versions import dataset_toml, object_keys
from tunedrop.domain.versions.dataset_toml import DatasetSettings
from tunedrop.domain.versions.job_settings import DeploymentSettings, JobSettings

if TYPE_CHECKING:  # what a person checks is of no version
    from tunedrop.domain.versions.versioning import SplitFile, Version

_ENCODED_WORD = "=?"
"""The start of metadata that was not ASCII, as S3 returns it (RFC 2047, docs/facts.md#s3-objects)."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """A version's effective settings, and the defects of those that could not be followed."""

    base_models: tuple[str, ...]
    systems: Mapping[tuple[str, Split], Block]
    """By base model and split: the configured system text, for records that have none."""
    dropped_systems: frozenset[tuple[str, Split]]
    """Base models and splits for which `dataset.toml` drops the configured system text."""
    owner: str | None
    policy: Policy
    mapping: FieldMapping | None
    keep: frozenset[str]
    ignore: frozenset[str]
    rendering: Rendering | None
    validation_share: float
    job: JobSettings | None
    deployment: DeploymentSettings | None
    evaluation: EvaluationWish | None
    defects: tuple[tuple[Defect, str], ...]
    """Each with the key of the object it was found in."""


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
    """Combine the settings: metadata overrides `dataset.toml`, which overrides the stack's defaults.

    `system` is the text from `dataset.toml` or the file it names. `asked_for` replaces the base models of all three.
    """
    defects = [(each, object_keys.incoming(version.dataset, object_keys.SETTINGS_FILE)) for each in settings.defects]
    for file in version.splits.values():
        defects += [(defect, file.key) for defect in _metadata_defects(file, known_models)]
    wished = _base_models(version, known_models) or settings.base_models or (default_model,)
    base_models = wished if asked_for is None else tuple(asked_for)
    given = {split: _beside(_plain(file.system)) for split, file in version.splits.items()}
    systems, dropped = system_texts(given, settings, system, base_models)
    return Wishes(
        base_models=base_models,
        systems=systems,
        dropped_systems=dropped,
        owner=settings.owner,
        policy=settings.policy,
        mapping=settings.mapping,
        keep=settings.keep,
        ignore=settings.ignore,
        rendering=settings.rendering,
        validation_share=default_share if settings.validation_share is None else settings.validation_share,
        job=settings.job,
        deployment=settings.deployment,
        evaluation=settings.evaluation,
        defects=tuple(defects),
    )


def _base_models(version: Version, known_models: Sequence[str]) -> tuple[str, ...]:
    """The base models in the metadata of the first split that names any."""
    named = ([name for name in _names(file) if name in known_models] for file in version.splits.values())
    return tuple(dict.fromkeys(next(filter(None, named), ())))


def system_texts(
    given: Mapping[Split, Block | None], settings: DatasetSettings, system: str | None, base_models: Sequence[str]
) -> tuple[Mapping[tuple[str, Split], Block], frozenset[tuple[str, Split]]]:
    """The configured system texts by base model and split, and the pairs for which one is dropped.

    A split's text in `given` overrides `dataset.toml`; an empty text for a base model there overrides everything.
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


def _beside(metadata: str | None) -> Block | None:
    return None if metadata is None else Block("metadata system", metadata)


def _block(from_settings: str | None) -> Block | None:
    return None if from_settings is None else Block("dataset.toml system", from_settings)


def system_text(raw: bytes) -> str | Defect:
    """The content of a system text file without its last line break, or the defect that makes it unusable."""
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
