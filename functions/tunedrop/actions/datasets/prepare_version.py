"""Prepare a version: stream each split from S3 once, check and convert it for all base models, and stream it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

from tunedrop.actions.datasets import carry_train, read_settings
from tunedrop.actions.datasets.carry_train import Prepared
from tunedrop.actions.datasets.media_files import MediaFiles
from tunedrop.actions.datasets.store_findings import FindingWriters
from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import BaseModel, Split
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.checks.split_examination import Examined
from tunedrop.domain.checks.version_examination import Session
from tunedrop.domain.reading.split_files import Part
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.reports import dataset_notifications, html_report, json_report, neighbors
from tunedrop.domain.reports.json_report import Prices
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.effective_settings import Wishes
from tunedrop.domain.versions.versioning import Outcome, Output, Preparation, Version
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.s3 import objects
from tunedrop.edges.s3.object_writer import ObjectWriter
from tunedrop.edges.s3.overlapped_transfer import BackgroundSender


@dataclass(frozen=True, slots=True)
class _Work:
    version: Version
    wishes: Wishes
    cloud: Cloud
    media: MediaFiles
    previous: Version | None
    """The version before."""
    reports: list[Mapping[str, Any]] = field(default_factory=list)
    """Those made so far."""

    @property
    def prices(self) -> Prices:
        return Prices(self.cloud.settings.prices, self.cloud.settings.currency)

    @property
    def plan(self) -> Assignment:
        return Assignment(
            base_models=tuple(catalogue.find(name) for name in self.wishes.base_models),
            splits=tuple(self.version.splits),
            systems=self.wishes.systems,
            dropped_systems=self.wishes.dropped_systems,
            policy=self.wishes.policy,
            mapping=self.wishes.mapping,
            keep=self.wishes.keep,
            ignore=self.wishes.ignore,
            rendering=self.wishes.rendering,
            validation_share=self.wishes.validation_share,
            region=self.cloud.settings.region,
            media=self.media.folder,
        )


def prepare(
    version: Version,
    cloud: Cloud,
    *,
    base_models: Sequence[str] | None = None,
    previous: Version | None = None,
) -> Outcome:
    """Check and convert every split of the version, and write prepared data and reports. Safe to repeat.

    `base_models` replaces those of the version's settings. `previous`, the version before, provides train's results
    if they would be the same, and is what the reports' pages compare with. A file that was deleted meanwhile becomes a
    finding; S3's transient faults are raised as botocore's errors.
    """
    wishes = read_settings.read(version, cloud, base_models=base_models)
    work = _Work(version, wishes, cloud, MediaFiles(version, cloud), previous)
    session = Session(work.plan)
    made: list[Prepared] = []
    if not wishes.defects:
        made += carry_train.carry(version, previous, work.plan, session, cloud) or ()
        work.reports.extend(each.report for each in made)
    for split in version.splits:
        if not (made and split == carry_train.SPLIT):
            made += _prepare_split(work, session, split)
            if split == carry_train.SPLIT:
                carry_train.store_fingerprints(version, session.fingerprints(split), cloud)
    if any(each.preparation.output for each in made) and (schema := read_settings.schema(version, cloud)):
        place = object_keys.prepared_schema(version.dataset, version.number)
        objects.put(cloud.bucket, place, schema, "application/schema+json")
    top = tuple(dataset_notifications.top_findings([each.report for each in made]))
    return Outcome(tuple(each.preparation for each in made), top, work.wishes.owner)


def _prepare_split(work: _Work, session: Session, split: Split) -> list[Prepared]:
    given = work.wishes.defects if split == "train" else ()
    try:
        return _stream_split(work, session, split, given)
    except objects.Unreadable as gone:  # of a file that records refer to, too, if it goes while it is copied
        defect = Defect("object_gone", str(gone))
        return _stream_split(work, session, split, (*given, (defect, work.version.files[split].key)))


def _stream_split(work: _Work, session: Session, split: Split, given: Sequence[tuple[Defect, str]]) -> list[Prepared]:
    """Examine the split in one pass for all base models. A rejected result leaves no object in the bucket."""
    with ExitStack() as stack:
        uploads: dict[tuple[str, Split], ObjectWriter] = {}
        sender = stack.enter_context(BackgroundSender())

        def output(base_model: BaseModel, each: Split) -> Callable[[bytes], object]:
            upload = stack.enter_context(_upload(work, base_model, each, sender))
            uploads[base_model.name, each] = upload
            return upload.write

        wanted = split == "test" and work.wishes.keep
        beside = stack.enter_context(_beside(work, sender)) if wanted else None
        findings = FindingWriters(work.version, work.cloud.bucket, sender, stack)
        kept = beside.write if beside else len
        results = session.examine(split, _parts(work, split), output, given, kept, tell=findings.tell)
        for result in results:
            findings.keep(result)
        for result in results:
            if result.accepted:
                work.media.copy(result.media)
        outputs = [_keep(result, uploads[result.base_model, result.split]) for result in results]
        if beside and any(outputs):
            beside.complete()
    told = list(zip(results, outputs, strict=True))
    reports = [json_report.build(work.version, result, output, work.prices) for result, output in told]
    work.reports.extend(reports)
    return [_report(work, *each, report) for each, report in zip(told, reports, strict=True)]


def _parts(work: _Work, split: Split) -> list[Part]:
    return [
        Part(file.key, object_keys.extension(file.key) or "", objects.ObjectSource(work.cloud.bucket, file))
        for file in work.version.files[split].objects
    ]


def _upload(work: _Work, base_model: BaseModel, split: Split, sender: BackgroundSender) -> ObjectWriter:
    key = object_keys.prepared(work.version.dataset, work.version.number, base_model.name, split)
    return ObjectWriter(work.cloud.bucket, key, sender)


def _beside(work: _Work, sender: BackgroundSender) -> ObjectWriter:
    """Where the fields that are kept of test's records go."""
    return ObjectWriter(work.cloud.bucket, object_keys.kept_fields(work.version.dataset, work.version.number), sender)


def _keep(result: Examined, upload: ObjectWriter) -> Output | None:
    """Make the prepared data visible if the split was accepted; None if not."""
    if not result.accepted:
        return None
    stored = upload.complete()
    return Output(stored.key, stored.version_id, stored.bytes, stored.sha256, result.written)


def _report(work: _Work, result: Examined, output: Output | None, report: Mapping[str, Any]) -> Prepared:
    key = object_keys.report(work.version.dataset, work.version.number, result.base_model, result.split)
    beside = neighbors.of_version(report, work.version.splits, work.reports, _before(work, result))
    page = html_report.render(report, work.version.created_at.date(), beside=beside)
    objects.put(work.cloud.bucket, object_keys.page(key), page, "text/html; charset=utf-8")
    objects.put(work.cloud.bucket, key, json_report.encode(report), "application/json")
    preparation = Preparation(
        base_model=result.base_model,
        split=result.split,
        verdict="accepted" if result.accepted else "rejected",
        report_key=key,
        records=result.records,
        tokens=result.tokens.total,
        errors=result.errors,
        warnings=result.warnings,
        output=output,
        recipe=_recipe(work, result),
    )
    return Prepared(preparation, report)


def _before(work: _Work, result: Examined) -> Mapping[str, Any] | None:
    """The same report on the version before; None if there is none any more."""
    items = work.previous.prepared_for(result.base_model) if work.previous else ()
    item = next((each for each in items if each.split == result.split), None)
    with suppress(objects.Unreadable):
        return carry_train.stored_report(item, work.cloud) if item else None
    return None


def _recipe(work: _Work, result: Examined) -> str:
    """The recipe; empty if the report contains defects of the settings, which must not be carried to later versions."""
    if work.wishes.defects:
        return ""
    return carry_train.recipe(work.version, work.plan, result.base_model, result.source_split, work.prices)
