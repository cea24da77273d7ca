"""What a version is to be prepared for: `dataset.toml`, metadata and the stack's default brought together. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunedrop.base_models.catalogue import Split
from tunedrop.data import dataset_toml, keys
from tunedrop.data.dataset_toml import DatasetSettings
from tunedrop.data.defects import Defect
from tunedrop.data.records import Block
from tunedrop.data.versions import SplitFile, Version

_ENCODED_WORD = "=?"
"""How S3 returns metadata that was not plain ASCII (RFC 2047)."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Base models by name, system texts for records without one, and what could not be followed, with its source."""

    base_models: tuple[str, ...]
    systems: Mapping[Split, Block]
    owner: str | None
    defects: tuple[tuple[Defect, str], ...]


def resolve(
    version: Version,
    settings: DatasetSettings,
    system: str | None,
    *,
    known_models: Sequence[str],
    default_model: str,
) -> Wishes:
    """Metadata wins over `dataset.toml`, that over the default. `system` is what dataset.toml or its file says."""
    source = keys.incoming(version.dataset, keys.SETTINGS_FILE)
    defects = [(defect, source) for defect in settings.defects]
    from_metadata: list[str] = []
    systems: dict[Split, Block] = {}
    for split, file in version.splits.items():
        defects += [(defect, file.key) for defect in _metadata_defects(file, known_models)]
        from_metadata = from_metadata or [name for name in _names(file) if name in known_models]
        if text := _plain(file.system):
            systems[split] = Block("metadata system", text)
        elif system is not None:
            systems[split] = Block("dataset.toml system", system)
    base_models = tuple(dict.fromkeys(from_metadata)) or settings.base_models or (default_model,)
    return Wishes(base_models, systems, settings.owner, tuple(defects))


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
