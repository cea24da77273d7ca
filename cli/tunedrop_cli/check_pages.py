"""`tunedrop check --html OUT`: the reports as pages that lead to each other; with `--excerpts`, they quote records."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from tunedrop.domain.base_models.catalogue import Split
from tunedrop.domain.checks.assignment import Assignment
from tunedrop.domain.reading.split_files import SplitFileReader
from tunedrop.domain.records.record import Record
from tunedrop.domain.reports import html_report, next_steps
from tunedrop.domain.reports.neighbors import Neighbor

from tunedrop_cli.examining import Report, Verdict
from tunedrop_cli.local_files import LocalFile

Files = Mapping[Split, Sequence[LocalFile]]

_LONGEST = 160
"""Characters of each text that is quoted."""


def render(path: str, found: Sequence[Verdict], *, mended: bool) -> Iterator[tuple[Path, bytes]]:
    """Each page and its file. A single report gets the given name; several have base model and split in theirs."""
    today = datetime.now().astimezone().date()
    reports = [report for verdict in found for report in verdict.reports]
    places = [_place(Path(path), report, alone=len(reports) == 1) for report in reports]
    for report, place in zip(reports, places, strict=True):
        others = [(other, page) for other, page in zip(reports, places, strict=True) if other is not report]
        held_back = next_steps.is_held_back(
            report, [other for other, _ in others if _alike(report, other, "base_model")]
        )
        beside = _beside(report, others)
        yield place, html_report.render(report, today, mended=mended, held_back=held_back, beside=beside)


def _place(path: Path, report: Report, *, alone: bool) -> Path:
    if alone or not path.name:
        return path
    return path.with_name(f"{path.stem}.{report['base_model']}.{report['split']}{path.suffix}")


def _alike(one: Report, other: Report, what: str) -> bool:
    return bool(one[what] == other[what])


def _beside(report: Report, others: Sequence[tuple[Report, Path]]) -> Iterator[Neighbor]:
    for other, page in others:
        if _alike(report, other, "base_model"):
            yield Neighbor(f"split {other['split']}", quote(page.name), other)
    for other, page in others:
        if _alike(report, other, "split"):
            yield Neighbor(other["base_model"], quote(page.name), other)


def quoted(found: Sequence[Verdict], files: Files, plan: Assignment) -> list[Verdict]:
    """The verdicts, with an excerpt in each finding about a record. Reads the files again. Raises Unreadable."""
    records = {split: dict(_records(each, plan, _wanted(found, split))) for split, each in files.items()}

    def excerpts(report: Report) -> Report:
        known = records[report["split"] if report["split"] in records else "train"]
        listed = [_with_excerpt(finding, known.get(finding["record"])) for finding in report["findings"]]
        return report | {"findings": listed}

    return [Verdict(verdict.base_model, list(map(excerpts, verdict.reports))) for verdict in found]


def _wanted(found: Sequence[Verdict], split: Split) -> Collection[int]:
    """The records of a split's files that findings are about; a share of train may be another split."""
    told = [report for verdict in found for report in verdict.reports if report["split"] == split or split == "train"]
    return {finding["record"] for report in told for finding in report["findings"]}


def _records(files: Sequence[LocalFile], plan: Assignment, wanted: Collection[int]) -> Iterator[tuple[int, Record]]:
    for file in files:
        file.watch = lambda _: None
    parts = [file.part() for file in files]
    reader = SplitFileReader(parts, plan.mapping, keep=plan.keep, ignore=plan.ignore, rendering=plan.rendering)
    for entry in reader:
        if entry.record is not None and entry.number is not None and entry.number in wanted:
            yield entry.number, entry.record


def _with_excerpt(finding: Report, record: Record | None) -> Report:
    if record is None or not record.texts:
        return finding
    meant = [each for each in record.texts if finding["path"].startswith(each[1])] or record.texts[-2:]
    return finding | {"excerpt": [f"{where}: {_short(text)}" for where, _, text in meant]}


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
