"""Notifications about datasets: prepared, rejected, or an upload that fits nowhere. Codes and counts, no content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tunedrop.domain.checks.all_checks import CHECKS
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.reports import next_commands
from tunedrop.domain.reports.notifications import Notification, fact_id
from tunedrop.domain.training.on_accept import OnAccept
from tunedrop.domain.versions.versioning import Preparation, Version

MAX_FINDINGS = 10
"""Rows of findings in an event, which EventBridge limits in size."""

_ORDER = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Publisher:
    """The publishing stack (its ARN), its data bucket, and the time."""

    stack: str
    bucket: str
    time: datetime


def judged(version: Version, sender: Publisher, unchanged: str = "", job: OnAccept | None = None) -> Notification:
    """The notification that a version has its verdict.

    `unchanged` is the S3 version id of an upload that brought the same bytes again; `job` is what became of the job
    that the version should start automatically.
    """
    accepted = version.status == "accepted"
    kind = "DatasetPrepared" if accepted else "DatasetRejected"
    facts: dict[str, Any] = {
        "dataset": version.dataset,
        "version": version.number,
        "status": version.status,
        "base_models": list(version.base_models),
        "unchanged": bool(unchanged),
        "splits": [_split(item) for item in version.preparations],
        "findings": list(version.top_findings),
        "job": job and job.to_dict(),
    }
    train = _about(job) if job else next_commands.start_job(version.dataset, version.number, version.base_models[0])
    return Notification(
        type=kind,
        id=fact_id(kind, sender.stack, version.dataset, version.number, unchanged),
        stack=sender.stack,
        time=sender.time,
        summary=f"{_summary(version, repeated=bool(unchanged))}{_said(job)}",
        next_command=train if accepted else _read_report(version, sender.bucket),
        facts=facts,
    )


def refused(defect: Defect, key: str, dataset: str | None, version_id: str, sender: Publisher) -> Notification:
    """The notification of an upload that made no version: its key fits no pattern, or it was gone."""
    check = CHECKS[defect.code]
    hint = defect.hint or check.hint
    finding = {"code": defect.code, "severity": check.severity, "count": 1, "source": key, "hint": hint}
    return Notification(
        type="DatasetRejected",
        id=fact_id("DatasetRejected", sender.stack, key, version_id, defect.code),
        stack=sender.stack,
        time=sender.time,
        summary=f"{defect.message} {hint}",
        next_command="tunedrop push --help",
        facts={"dataset": dataset, "version": None, "status": "rejected", "code": defect.code, "key": key}
        | {"findings": [finding]},
    )


def top_findings(reports: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The most severe and frequent codes of all reports, each with its first place; ignored codes are left out."""
    rows = [
        {
            "code": code,
            "severity": first["severity"],
            "count": report["counts_by_code"][code],
            "split": report["split"],
            "base_model": report["base_model"],
            "line": first["line"],
            "words": CHECKS[code].words,
            "hint": CHECKS[code].hint,
        }
        for report in reports
        for code, first in _firsts(report["findings"]).items()
    ]
    rows.sort(key=lambda row: (_ORDER[str(row["severity"])], -int(str(row["count"]))))
    return rows[:MAX_FINDINGS]


def _firsts(findings: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The first finding of each code."""
    firsts: dict[str, Mapping[str, Any]] = {}
    for finding in findings:
        firsts.setdefault(finding["code"], finding)
    return firsts


def _split(item: Preparation) -> dict[str, Any]:
    return {
        "split": item.split,
        "base_model": item.base_model,
        "verdict": item.verdict,
        "records": item.records,
        "tokens": item.tokens,
        "errors": item.errors,
        "warnings": item.warnings,
        "report": item.report_key,
    }


def _summary(version: Version, *, repeated: bool) -> str:
    records = {item.split: item.records for item in version.preparations}
    counted = ", ".join(f"{count:,} {split}" for split, count in records.items())
    name = f"{version.dataset}@{version.number}"
    again = "The same bytes again: no new version. " if repeated else ""
    said = f"{again}{name} is {version.status} for {', '.join(version.base_models)}: {counted} records."
    gravest = next((row for row in version.top_findings if row["severity"] == "error"), None)
    if not gravest or version.status != "rejected":
        return said
    often = f" ({gravest['count']} times)" if gravest["count"] > 1 else ""
    return f"{said} {gravest['words']}{often} {gravest['hint']}"


def _said(job: OnAccept | None) -> str:
    if job is None:
        return ""
    return f" No job was started automatically: {job.message}" if job.code else f" Job {job.job_id} was started."


def _about(job: OnAccept) -> str:
    """What shows the job, or starts it by hand."""
    if job.job_id is not None:
        return next_commands.show_job(job.job_id)
    asked = job.request
    return next_commands.start_job(
        asked.dataset,
        asked.version,
        asked.base_model,
        hyperparameters=asked.hyperparameters,
        deployment=asked.deployment,
        plan_id=asked.plan_id,
        choices=replace(asked, accept_unknown_price=job.code == "price_unknown"),
    )


def _read_report(version: Version, bucket: str) -> str:
    reports = [item.report_key for item in version.preparations if item.verdict == "rejected"]
    return f"aws s3 cp s3://{bucket}/{reports[0]} -" if reports else next_commands.show_dataset(version.dataset)
