"""Carry over an unchanged train split: copy its prepared data and reports from the previous version, without a read.

Other splits are compared with its stored fingerprints. Only train is carried over, because only its reports do not
depend on other splits, apart from the findings that count train and validation together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib import resources
from operator import attrgetter
from typing import Any

from tunedrop.actions.datasets import store_findings
from tunedrop.domain.base_models.catalogue import Split
from tunedrop.domain.checks import counts
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.checks.version_examination import Session
from tunedrop.domain.records import stored_fingerprints
from tunedrop.domain.reports import html_report, json_report, neighbors
from tunedrop.domain.reports.json_report import Prices
from tunedrop.domain.versions import object_keys
from tunedrop.domain.versions.stored_file import StoredFile
from tunedrop.domain.versions.versioning import Output, Preparation, Version
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger, traced
from tunedrop.edges.s3 import objects

SPLIT: Split = "train"
MAX_REPORT_BYTES = 32 * 2**20


@dataclass(frozen=True, slots=True)
class Prepared:
    """The result of preparing a split for one base model, and its report as JSON values."""

    preparation: Preparation
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Old:
    preparation: Preparation
    report: Mapping[str, Any]


def recipe(version: Version, plan: Assignment, base_model: str, split: Split, prices: Prices) -> str:
    """Digest (hexadecimal) of all that determines a preparation's result: files, settings, prices and our own code."""
    system = plan.systems.get((base_model, split))
    made_of = {
        "rules": _rules(),
        "files": [(file.key, file.version_id, file.sha256) for file in version.files[split].objects],
        "base_model": base_model,
        "system": system.text if system else None,
        "drops_system": (base_model, split) in plan.dropped_systems,
        "policy": [sorted(plan.policy.ignore), sorted(plan.policy.error)],
        "mapping": asdict(plan.mapping) if plan.mapping else None,
        "keep": sorted(plan.keep),
        "ignore": sorted(plan.ignore),
        "rendering": plan.rendering,
        "share": plan.share,
        "price": [prices.training(base_model), prices.currency],
    }
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


@cache
def _rules() -> str:
    """Digest of the code that reads, checks and reports. The release number would miss people's own changes to it."""
    digest = hashlib.sha256()
    for folder in ("base_models", "records", "texts", "formats", "parquet", "reading", "checks", "reports"):
        for file in sorted(resources.files("tunedrop.domain").joinpath(folder).iterdir(), key=attrgetter("name")):
            if file.is_file():
                digest.update(f"{folder}/{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def carry(
    version: Version, previous: Version | None, plan: Assignment, session: Session, cloud: Cloud
) -> list[Prepared] | None:
    """Copy the previous version's results to the new version's keys; None if train has to be read.

    Raises S3's transient faults as botocore's errors. Repeating the call writes the same objects.
    """
    if previous is None or plan.share or SPLIT not in version.splits:
        return None
    try:
        for file in version.files[SPLIT].objects:
            objects.describe(cloud.bucket, file.key, file.version_id)  # raises if erased: no copy must outlive it
        old = _old(version, previous, plan, cloud)
        if old is None:
            return None
        dumped = _fingerprints(previous, cloud)
        copied = [_copied(version, each, [one.report for one in old], cloud) for each in old]
        store_fingerprints(version, dumped, cloud)
    except objects.Unreadable as gone:
        logger.warning("train is read again", extra={**traced(gone), "dataset": version.dataset})
        return None
    # Last, because a session that remembers train can no longer examine it.
    if not session.remember(SPLIT, max(each.preparation.records for each in old), dumped):
        return None
    logger.info("train carried over", extra={"dataset": version.dataset, "version": version.number})
    return copied


def _old(version: Version, previous: Version, plan: Assignment, cloud: Cloud) -> list[_Old] | None:
    """The preparations to copy, one per base model of the plan; None if any of them can't be copied."""
    prices = json_report.Prices(cloud.settings.prices, cloud.settings.currency)
    known = {item.base_model: item for item in previous.preparations if item.split == SPLIT}
    found: list[_Old] = []
    for model in plan.base_models:
        item = known.get(model.name)
        if item is None or item.recipe != recipe(version, plan, model.name, SPLIT, prices):
            return None
        report = stored_report(item, cloud)
        # Findings about several splits together may no longer be true: another split has changed.
        if report is None or counts.OF_SEVERAL_SPLITS & set(report["counts_by_code"]):
            return None
        if report.get("media"):  # each version has its own copies of them, with which it is deleted
            return None
        if item.output is not None and item.output.bytes > objects.MAX_COPY_BYTES:
            return None
        found.append(_Old(item, report))
    return found


def stored_report(item: Preparation, cloud: Cloud) -> dict[str, Any] | None:
    """The JSON report of a preparation; None if it is too large. Raises Unreadable if it is gone."""
    file = StoredFile(item.report_key, "null", 0, "")
    raw = objects.read(cloud.bucket, file, MAX_REPORT_BYTES)
    return dict(json.loads(raw)) if len(raw) <= MAX_REPORT_BYTES else None


def _fingerprints(previous: Version, cloud: Cloud) -> bytes:
    key = object_keys.fingerprints(previous.dataset, previous.number, SPLIT)
    return objects.read(cloud.bucket, StoredFile(key, "null", 0, ""), stored_fingerprints.MAX_BYTES)


def store_fingerprints(version: Version, dumped: bytes, cloud: Cloud) -> None:
    """Store the train split's fingerprints (`dumped`), for later versions that carry it over."""
    key = object_keys.fingerprints(version.dataset, version.number, SPLIT)
    objects.put(cloud.bucket, key, dumped, "application/octet-stream")


def _copied(version: Version, old: _Old, others: Sequence[Mapping[str, Any]], cloud: Cloud) -> Prepared:
    item = old.preparation
    output = _output(version, item, cloud)
    key = object_keys.report(version.dataset, version.number, item.base_model, item.split)
    report = {**old.report, "version": version.number}
    if output is not None:
        report["output"] = {**old.report["output"], "key": output.key}
    if report["truncated_codes"]:
        store_findings.copy(item.report_key, key, cloud.bucket)
    beside = neighbors.of_version(report, version.splits, others, old.report)
    page = html_report.render(report, version.created_at.date(), beside=beside)
    objects.put(cloud.bucket, object_keys.page(key), page, "text/html; charset=utf-8")
    objects.put(cloud.bucket, key, json_report.encode(report), "application/json")
    return Prepared(replace(item, report_key=key, output=output), report)


def _output(version: Version, item: Preparation, cloud: Cloud) -> Output | None:
    if item.output is None:
        return None
    key = object_keys.prepared(version.dataset, version.number, item.base_model, item.split)
    return replace(item.output, key=key, version_id=objects.copy(cloud.bucket, item.output, key))
