"""What a version's owner wishes: `dataset.toml` and the files it names, read from the bucket, and the metadata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.checks import severities
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.versions import dataset_toml, object_keys, wishes
from tunedrop.domain.versions.dataset_toml import DatasetSettings
from tunedrop.domain.versions.versioning import Version
from tunedrop.domain.versions.wishes import Wishes
from tunedrop.edges.s3 import objects
from tunedrop.edges.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def read(version: Version, *, s3: S3Client, settings: Settings, base_models: Sequence[str] | None = None) -> Wishes:
    """What to do with the version; what cannot be followed or read is a defect. `base_models`: only for these.

    S3's transient faults rise as botocore's errors.
    """
    known = tuple(catalogue.catalogue())
    parsed, system, defects = DatasetSettings(), None, []
    try:
        parsed = _settings(version, s3, settings.data_bucket, known)
        system = parsed.system or _system_text(version, parsed.system_file, s3, settings.data_bucket)
    except objects.Unreadable as gone:
        defects.append(Defect("object_gone", str(gone)))
    if isinstance(system, Defect):
        defects.append(replace(system, line=parsed.lines.get("$.system")))
        system = None
    defects += [replace(defect, line=parsed.lines.get(defect.path)) for defect in severities.defects(parsed.policy)]
    resolved = wishes.resolve(
        version,
        parsed,
        system,
        known_models=known,
        default_model=settings.default_base_model,
        default_share=settings.validation_share,
        asked_for=base_models,
    )
    source = object_keys.incoming(version.dataset, object_keys.SETTINGS_FILE)
    return replace(resolved, defects=(*resolved.defects, *((defect, source) for defect in defects)))


def _settings(version: Version, s3: S3Client, bucket: str, known: tuple[str, ...]) -> DatasetSettings:
    file = version.files.get(object_keys.SETTINGS_FILE)
    if file is None:
        return DatasetSettings()
    return dataset_toml.parse(objects.read(s3, bucket, file, dataset_toml.MAX_BYTES), known)


def _system_text(version: Version, name: str | None, s3: S3Client, bucket: str) -> str | Defect | None:
    if name is None:
        return None
    file = version.files.get(name)
    if file is None:
        return Defect(
            "system_file_missing", f"{name} does not stand beside {object_keys.SETTINGS_FILE}.", "$.system.file"
        )
    return wishes.system_text(objects.read(s3, bucket, file, dataset_toml.MAX_SYSTEM_FILE_BYTES))
