"""The JSON report on one split of one version for one base model, which other programs may rely on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tunedrop import __version__
from tunedrop.domain.checks.all_checks import CHECKS
from tunedrop.domain.checks.split_examination import Examined
from tunedrop.domain.evaluation import power
from tunedrop.domain.records.check_policy import Policy
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.texts import tokens
from tunedrop.domain.texts.length_bins import Bin
from tunedrop.domain.versions.stored_file import StoredFile

if TYPE_CHECKING:  # what a person checks is of no version
    from tunedrop.domain.versions.versioning import Output, Version

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class ReportSubject:
    """What was examined. Local files have no version, and a dataset only if their folder is named like one."""

    dataset: str | None
    version: int | None
    files: Sequence[StoredFile]
    """In the order they were read."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Configured prices. A missing price means unknown, never 0."""

    amounts: Mapping[str, float]
    """`<base model>.training_per_1000_tokens` to an amount in `currency`."""
    currency: str

    def training(self, base_model: str) -> float | None:
        """The price per 1,000 trained tokens; None if unknown."""
        return self.amounts.get(f"{base_model}.training_per_1000_tokens")


def build(version: Version, examined: Examined, output: Output | None, prices: Prices) -> dict[str, Any]:
    """Build the report on a split of a version; `output` is None if nothing was prepared."""
    subject = ReportSubject(version.dataset, version.number, version.files[examined.source_split].objects)
    return compose(subject, examined, output, prices)


def compose(subject: ReportSubject, examined: Examined, output: Output | None, prices: Prices) -> dict[str, Any]:
    """Build the report. Its members keep their order; new ones are added at the end."""
    return {
        "schema": SCHEMA,
        "tunedrop": __version__,
        "dataset": subject.dataset,
        "version": subject.version,
        "split": examined.split,
        "base_model": examined.base_model,
        "verdict": "accepted" if examined.accepted else "rejected",
        "format": examined.format,
        "records": examined.records,
        "files": [_file(file) for file in subject.files],
        "output": {"key": output.key, "sha256": output.sha256, "records": output.records} if output else None,
        "findings": [asdict(finding) for finding in examined.findings],
        "counts_by_code": dict(examined.counts),
        "truncated_codes": list(examined.truncated),
        "normalised": [{"what": what, "count": count} for what, count in sorted(examined.normalised.items()) if count],
        "policy": _policy(examined.policy),
        "tokens": _tokens(examined.tokens),
        "cost": _cost(examined, prices),
        "lengths": [_bin(bin_) for bin_ in examined.tokens.spread],
        "repeated": asdict(examined.repeated) if examined.repeated else None,
        "smallest_difference": _difference(examined.records) if examined.split == "test" else None,
        "media": {"files": len(examined.media), "bytes": examined.media_bytes or None} if examined.media else None,
    }


def of_key(defect: Defect, key: str, version_id: str | None) -> dict[str, Any]:
    """The report on an object whose key fits no pattern, so that nothing of it was read."""
    finding = {"code": defect.code, "severity": CHECKS[defect.code].severity, "source": key}
    return {
        "schema": SCHEMA,
        "tunedrop": __version__,
        "dataset": None,
        "version": None,
        "verdict": "rejected",
        "files": [{"key": key, "version_id": version_id}],
        "findings": [finding | {"message": defect.message, "hint": defect.hint}],
    }


def encode(report: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> bytes:
    """Encode one or several reports as JSON, as they are stored."""
    return json.dumps(report, ensure_ascii=False, indent=2).encode() + b"\n"


def _file(file: StoredFile) -> dict[str, Any]:
    return {
        "key": file.key,
        "version_id": file.version_id or None,
        "bytes": file.bytes,
        "sha256": file.sha256 or None,
    }


def _policy(policy: Policy) -> dict[str, Any]:
    """The policy as reports show it: the default, or what the dataset's owner changed."""
    name = "default" if policy == Policy() else "custom"
    return {"name": name, "ignore": sorted(policy.ignore), "error": sorted(policy.error)}


def _difference(records: int) -> dict[str, Any]:
    """What so many records of test can show, in points of a share of right answers; null for nothing."""
    smallest = power.smallest_difference(records)
    return {"records": records, "points": None if smallest is None else round(smallest * 100, 1)}


def _tokens(counts: tokens.TokenCounts) -> dict[str, Any]:
    named = {"total": counts.total, "p50": counts.p50, "p95": counts.p95, "max": counts.max}
    return {"estimator": tokens.ESTIMATOR, "margin": tokens.MARGIN, **named}


def _bin(bin_: Bin) -> dict[str, int]:
    """Records with `from` to `to` estimated tokens, both inclusive."""
    return {"from": bin_.least, "to": bin_.most, "records": bin_.records}


def _cost(examined: Examined, prices: Prices) -> dict[str, Any]:
    """The cost per epoch, an estimate like the tokens. Only train is billed, once per epoch."""
    trained = examined.tokens.total if examined.split == "train" else 0
    price = prices.training(examined.base_model)
    return {
        "trained_tokens_per_epoch": trained,
        "price": price,
        "currency": prices.currency,
        "amount": None if price is None else round(trained * price / 1000, 6),
    }
