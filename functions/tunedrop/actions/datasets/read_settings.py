"""Read a version's settings: `dataset.toml` and the file it names, from the bucket, and object metadata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.checks import policy_in_force
from tunedrop.domain.evaluation import answer_schema
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.versions import dataset_toml, effective_settings, object_keys
from tunedrop.domain.versions.dataset_toml import DatasetSettings
from tunedrop.domain.versions.effective_settings import Wishes
from tunedrop.domain.versions.versioning import SplitFile, Version
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.s3 import objects


def read(version: Version, cloud: Cloud, *, base_models: Sequence[str] | None = None) -> Wishes:
    """The version's effective settings, with a defect for whatever can't be read or followed.

    `base_models` replaces those of the settings. S3's transient faults are raised as botocore's errors.
    """
    known = tuple(catalogue.catalogue())
    parsed, system, defects = DatasetSettings(), None, []
    try:
        parsed = _settings(version, cloud, known)
        system = parsed.system or _system_text(version, parsed.system_file, cloud)
    except objects.Unreadable as gone:
        defects.append(Defect("object_gone", str(gone)))
    if isinstance(system, Defect):
        defects.append(replace(system, line=parsed.lines.get("$.system")))
        system = None
    defects += [
        replace(defect, line=parsed.lines.get(defect.path)) for defect in policy_in_force.defects(parsed.policy)
    ]
    resolved = effective_settings.resolve(
        _with_own_systems(version, cloud),
        parsed,
        system,
        known_models=known,
        default_model=cloud.settings.default_base_model,
        default_share=cloud.settings.validation_share,
        asked_for=base_models,
    )
    source = object_keys.incoming(version.dataset, object_keys.SETTINGS_FILE)
    schema_source = object_keys.incoming(version.dataset, object_keys.SCHEMA_FILE)
    found = [
        *((defect, source) for defect in defects),
        *((defect, schema_source) for defect in _schema(version, cloud)),
    ]
    return replace(resolved, defects=(*resolved.defects, *found))


def _with_own_systems(version: Version, cloud: Cloud) -> Version:
    """The version with the system texts that its split files have in their metadata, which no row holds."""
    read: dict[str, SplitFile] = {
        split: replace(file, system=_own_system(file, cloud))
        for split, file in version.splits.items()
        if file.system_sha256 is not None
    }
    return replace(version, files={**version.files, **read})


def _own_system(file: SplitFile, cloud: Cloud) -> str | None:
    try:
        return objects.describe(cloud.bucket, file.key, file.version_id).metadata.get("system")
    except objects.Unreadable:
        return None  # the split itself can be read as little, which is told of it


def _settings(version: Version, cloud: Cloud, known: tuple[str, ...]) -> DatasetSettings:
    file = version.files.get(object_keys.SETTINGS_FILE)
    if file is None:
        return DatasetSettings()
    return dataset_toml.parse(objects.read(cloud.bucket, file, dataset_toml.MAX_BYTES), known)


def schema(version: Version, cloud: Cloud) -> bytes | None:
    """The version's `schema.json`. Raises objects.Unreadable."""
    file = version.files.get(object_keys.SCHEMA_FILE)
    return objects.read(cloud.bucket, file, answer_schema.MAX_BYTES) if file else None


def _schema(version: Version, cloud: Cloud) -> Sequence[Defect]:
    try:
        raw = schema(version, cloud)
    except objects.Unreadable as gone:
        return [Defect("object_gone", str(gone))]
    parsed = None if raw is None else answer_schema.parse(raw)
    return [parsed] if isinstance(parsed, Defect) else []


def _system_text(version: Version, name: str | None, cloud: Cloud) -> str | Defect | None:
    if name is None:
        return None
    file = version.files.get(name)
    if file is None:
        return Defect(
            "system_file_missing", f"{name} does not stand beside {object_keys.SETTINGS_FILE}.", "$.system.file"
        )
    return effective_settings.system_text(objects.read(cloud.bucket, file, dataset_toml.MAX_SYSTEM_FILE_BYTES))
