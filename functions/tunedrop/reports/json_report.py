"""The report on one split of one version for one base model: the JSON that other programs may rely on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tunedrop import __version__
from tunedrop.checks.examination import Examined
from tunedrop.data import tokens
from tunedrop.data.versions import Output, StoredFile, Version

SCHEMA = 1
POLICY = {"name": "default"}
"""Errors reject, warnings do not; `dataset.toml` cannot change that yet."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Configured prices; one that is absent is unknown, never 0."""

    amounts: Mapping[str, float]
    """`<base model>.training_per_1000_tokens` to an amount in `currency`."""
    currency: str

    def training(self, base_model: str) -> float | None:
        """Per 1,000 trained tokens."""
        return self.amounts.get(f"{base_model}.training_per_1000_tokens")


def build(version: Version, examined: Examined, output: Output | None, prices: Prices) -> dict[str, Any]:
    """The report's members, in the order of the promise."""
    return {
        "schema": SCHEMA,
        "tunedrop": __version__,
        "dataset": version.dataset,
        "version": version.number,
        "split": examined.split,
        "base_model": examined.base_model,
        "verdict": "accepted" if examined.accepted else "rejected",
        "format": examined.format,
        "records": examined.records,
        "files": [_file(version.files[examined.split])],
        "output": {"key": output.key, "sha256": output.sha256, "records": output.records} if output else None,
        "findings": [asdict(finding) for finding in examined.findings],
        "counts_by_code": dict(examined.counts),
        "truncated_codes": list(examined.truncated),
        "normalised": [{"what": what, "count": count} for what, count in sorted(examined.normalised.items())],
        "policy": POLICY,
        "tokens": {"estimator": tokens.ESTIMATOR, "margin": tokens.MARGIN, **asdict(examined.tokens)},
        "cost": _cost(examined, prices),
    }


def encode(report: Mapping[str, Any]) -> bytes:
    """The report as it is stored."""
    return json.dumps(report, ensure_ascii=False, indent=2).encode() + b"\n"


def _file(file: StoredFile) -> dict[str, Any]:
    return {"key": file.key, "version_id": file.version_id, "bytes": file.bytes, "sha256": file.sha256 or None}


def _cost(examined: Examined, prices: Prices) -> dict[str, Any]:
    """Only train is billed, once per epoch; the estimate of the tokens carries over to the amount."""
    trained = examined.tokens.total if examined.split == "train" else 0
    price = prices.training(examined.base_model)
    return {
        "trained_tokens_per_epoch": trained,
        "price": price,
        "currency": prices.currency,
        "amount": None if price is None else round(trained * price / 1000, 6),
    }
