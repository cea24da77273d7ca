"""Examine files on this machine with the Lambda function's own code, and build the same reports."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.base_models.catalogue import Split
from tunedrop.domain.checks import version_examination
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.checks.version_examination import Outputs, Tell
from tunedrop.domain.records.defects import Defect
from tunedrop.domain.reports import json_report
from tunedrop.domain.reports.json_report import Prices, ReportSubject

from tunedrop_cli import progress
from tunedrop_cli.local_files import LocalFile

PRICES_VARIABLE, CURRENCY_VARIABLE = "TUNEDROP_PRICES", "TUNEDROP_CURRENCY"
"""The environment variables of the stack's functions."""
_TOO_MUCH = 1e12
"""No price; the comparison also excludes infinity and NaN."""

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One base model's JSON reports, one per split."""

    base_model: str
    reports: Sequence[Report]

    @property
    def accepted(self) -> bool:
        """Whether every split is accepted."""
        return all(report["verdict"] == "accepted" for report in self.reports)

    def as_json(self) -> Report:
        """The report itself, or the reports of several splits under one verdict."""
        if len(self.reports) == 1:
            return dict(self.reports[0])
        return {
            "schema": json_report.SCHEMA,
            "base_model": self.base_model,
            "verdict": "accepted" if self.accepted else "rejected",
            "reports": list(self.reports),
        }


def verdicts(
    splits: Mapping[Split, Sequence[LocalFile]],
    plan: Assignment,
    given: Sequence[tuple[Defect, str]] = (),
    dataset: str | None = None,
    *,
    outputs: Outputs = version_examination.nowhere,
    tell: Tell | None = None,
) -> list[Verdict]:
    """Examine the splits; return one verdict per base model, in the plan's order. Raises Unreadable.

    `outputs` get what is prepared, as an upload would store it, `tell` every finding.
    """
    with progress.bar("checking", sum(file.size for files in splits.values() for file in files)) as watch:
        for file in (file for files in splits.values() for file in files):
            file.watch = watch
        parts = {split: [file.part() for file in files] for split, files in splits.items()}
        results = version_examination.examine(parts, plan, outputs, given=given, tell=tell)
    stored = {split: tuple(file.stored() for file in files) for split, files in splits.items()}
    reports = [
        json_report.compose(ReportSubject(dataset, None, stored[result.source_split]), result, None, prices())
        for result in results
    ]
    return [
        Verdict(model.name, [report for report in reports if report["base_model"] == model.name])
        for model in plan.base_models
    ]


def prices() -> Prices:
    """The prices in the environment; unreadable ones are ignored."""
    try:
        amounts = json.loads(os.environ.get(PRICES_VARIABLE) or "{}")
    except ValueError:
        amounts = {}
    given = amounts.items() if isinstance(amounts, dict) else ()
    known = {name: float(price) for name, price in given if isinstance(price, int | float) and 0 <= price < _TOO_MUCH}
    return Prices(known, os.environ.get(CURRENCY_VARIABLE) or "USD")
