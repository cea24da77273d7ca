"""Preparing a version: each split streamed from S3 once, checked and converted for all base models, streamed back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tunedrop.base_models import catalogue
from tunedrop.base_models.catalogue import BaseModel, Split
from tunedrop.checks import examination, policy
from tunedrop.checks.examination import Examination, Examined, Subject
from tunedrop.checks.repetition import Repetitions
from tunedrop.data import dataset_toml, keys, wishes
from tunedrop.data.dataset_toml import DatasetSettings
from tunedrop.data.defects import Defect
from tunedrop.data.reading import Part, SplitFileReader
from tunedrop.data.versions import Outcome, Output, Preparation, Version
from tunedrop.data.wishes import Wishes
from tunedrop.edges import objects
from tunedrop.edges.settings import Settings
from tunedrop.reports import dataset_notifications, json_report

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class _Work:
    version: Version
    wishes: Wishes
    s3: S3Client
    settings: Settings

    @property
    def bucket(self) -> str:
        return self.settings.data_bucket


def prepare(version: Version, *, s3: S3Client, settings: Settings) -> Outcome:
    """Check and convert every split of the version; writes prepared data and reports, the same ones if repeated.

    A file that is gone meanwhile is a finding; S3's transient faults rise as botocore's errors.
    """
    work = _Work(version, _wishes(version, s3, settings), s3, settings)
    repetitions = Repetitions()
    earlier: dict[Split, int] = {}
    examined: list[Examined] = []
    preparations: list[Preparation] = []
    for split in version.splits:
        results = _prepare_split(work, split, earlier, repetitions)
        earlier[split] = max(result.records for result, _ in results)
        examined += [result for result, _ in results]
        preparations += [_report(work, result, output) for result, output in results]
    top = tuple(dataset_notifications.top_findings(examined))
    return Outcome(tuple(preparations), top, work.wishes.owner)


def _wishes(version: Version, s3: S3Client, settings: Settings) -> Wishes:
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
    defects += [replace(defect, line=parsed.lines.get(defect.path)) for defect in policy.defects(parsed.policy)]
    resolved = wishes.resolve(version, parsed, system, known_models=known, default_model=settings.default_base_model)
    source = keys.incoming(version.dataset, keys.SETTINGS_FILE)
    return replace(resolved, defects=(*resolved.defects, *((defect, source) for defect in defects)))


def _settings(version: Version, s3: S3Client, bucket: str, known: tuple[str, ...]) -> DatasetSettings:
    file = version.files.get(keys.SETTINGS_FILE)
    if file is None:
        return DatasetSettings()
    return dataset_toml.parse(objects.read(s3, bucket, file, dataset_toml.MAX_BYTES), known)


def _system_text(version: Version, name: str | None, s3: S3Client, bucket: str) -> str | Defect | None:
    if name is None:
        return None
    file = version.files.get(name)
    if file is None:
        return Defect("system_file_missing", f"{name} does not stand beside {keys.SETTINGS_FILE}.", "$.system.file")
    return wishes.system_text(objects.read(s3, bucket, file, dataset_toml.MAX_SYSTEM_FILE_BYTES))


def _prepare_split(
    work: _Work, split: Split, earlier: Mapping[Split, int], repetitions: Repetitions
) -> list[tuple[Examined, Output | None]]:
    file = work.version.files[split]
    subject = Subject(
        split=split,
        source=file.key,
        bytes=file.bytes,
        earlier=dict(earlier),
        later=frozenset(other for other in work.version.splits if other != split and other not in earlier),
        policy=work.wishes.policy,
    )
    given = work.wishes.defects if split == "train" else ()
    try:
        return _stream_split(work, subject, given, repetitions)
    except objects.Unreadable as gone:
        return _stream_split(work, subject, (*given, (Defect("object_gone", str(gone)), file.key)), repetitions)


def _stream_split(
    work: _Work, subject: Subject, given: Sequence[tuple[Defect, str]], repetitions: Repetitions
) -> list[tuple[Examined, Output | None]]:
    """One pass over the split file for all base models; what is not accepted leaves no object behind."""
    file = work.version.files[subject.split]
    base_models = [catalogue.find(name) for name in work.wishes.base_models]
    with ExitStack() as stack:
        uploads = [stack.enter_context(_upload(work, base_model, subject.split)) for base_model in base_models]
        lanes = [
            (Examination(base_model, _for_base_model(work, subject, base_model), given), upload.write)
            for base_model, upload in zip(base_models, uploads, strict=True)
        ]
        source = objects.ObjectSource(work.s3, work.bucket, file)
        reader = SplitFileReader([Part(file.key, _extension(file.key), source)], work.wishes.mapping)
        results = examination.examine(reader, subject.split, lanes, repetitions)
        return [(result, _keep(result, upload)) for result, upload in zip(results, uploads, strict=True)]


def _for_base_model(work: _Work, subject: Subject, base_model: BaseModel) -> Subject:
    place = (base_model.name, subject.split)
    return replace(
        subject,
        default_system=work.wishes.systems.get(place),
        drops_system=place in work.wishes.dropped_systems,
    )


def _upload(work: _Work, base_model: BaseModel, split: Split) -> objects.Upload:
    key = keys.prepared(work.version.dataset, work.version.number, base_model.name, split)
    return objects.Upload(work.s3, work.bucket, key)


def _keep(result: Examined, upload: objects.Upload) -> Output | None:
    """Make the prepared data visible where all of it holds."""
    if not result.accepted:
        return None
    stored = upload.complete()
    return Output(stored.key, stored.version_id, stored.bytes, stored.sha256, result.written)


def _report(work: _Work, result: Examined, output: Output | None) -> Preparation:
    prices = json_report.Prices(work.settings.prices, work.settings.currency)
    key = keys.report(work.version.dataset, work.version.number, result.base_model, result.split)
    body = json_report.encode(json_report.build(work.version, result, output, prices))
    objects.put(work.s3, work.bucket, key, body, "application/json")
    return Preparation(
        base_model=result.base_model,
        split=result.split,
        verdict="accepted" if result.accepted else "rejected",
        report_key=key,
        records=result.records,
        tokens=result.tokens.total,
        errors=result.errors,
        warnings=result.warnings,
        output=output,
    )


def _extension(key: str) -> str:
    return key.rsplit("/", 1)[-1].partition(".")[2]
