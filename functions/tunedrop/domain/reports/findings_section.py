"""The findings on a data report's page: the codes, then the first findings of each. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tunedrop.domain.checks.findings import MOST_STORED
from tunedrop.domain.reports import next_steps
from tunedrop.domain.reports.markup import Markup, joined, tag
from tunedrop.domain.reports.page_parts import Report, badge, section, table
from tunedrop.domain.versions import object_keys

SHOWN_PER_CODE = 10
"""Findings shown per code; the JSON report lists more."""


def codes(report: Report) -> Markup:
    """Build the table of codes, with how often each was found."""
    found = next_steps.codes(report)
    if not found:
        return section("Findings", tag("p", "None: nothing was found wrong.", class_="quiet"))
    rows = ((badge(row.severity), tag("code", row.code), row.words, f"{row.count:,}") for row in found)
    listed = table(("", "code", "meaning", "count"), rows, frozenset({3}), below=2)
    return section("Findings by code", listed, class_="long")


def firsts(report: Report) -> Markup | None:
    """Build the tables of the first findings of each code; None if there are none."""
    groups = [_group(report, row) for row in next_steps.codes(report)]
    return section("First findings", _all_of_them(report), *groups, class_="long") if groups else None


def _all_of_them(report: Report) -> Markup | None:
    """Where the findings are that the report does not list."""
    if not report["truncated_codes"]:
        return None
    if not (report["dataset"] and report["version"]):
        return tag("p", "All of them: ", tag("code", "tunedrop check --findings OUT.csv"), class_="quiet")
    key = object_keys.report(report["dataset"], report["version"], report["base_model"], report["split"])
    lines, rows = (tag("code", each.rpartition("/")[2]) for each in object_keys.findings(key))
    many = sum(row.count for row in next_steps.codes(report) if row.code not in report["policy"].get("ignore", ()))
    which = "All of them" if many <= MOST_STORED else f"The first {MOST_STORED:,} of {many:,}"
    return tag("p", f"{which}, beside this page: ", lines, " and ", rows, class_="quiet")


def _group(report: Report, row: next_steps.CodeCount) -> Markup:
    """Build one code's findings; a source or hint that all of them share is shown once, above the table."""
    listed = [finding for finding in report["findings"] if finding["code"] == row.code]
    shown = listed[:SHOWN_PER_CODE]
    count = f"{row.count:,} found" if row.count == len(shown) else f"the first {len(shown)} of {row.count:,}"
    hints, sources = ({finding[what] for finding in shown} for what in ("hint", "source"))
    where = joined(" in ", tag("code", *sources)) if len(sources) == 1 else None
    heads = _heads(shown, with_source=not where)
    rows = (_finding(finding, heads, with_hint=len(hints) > 1) for finding in shown)
    numbers = frozenset(index for index, head in enumerate(heads) if head in {"line", "record"})
    return tag(
        "article",
        tag("header", badge(row.severity), tag("h3", tag("code", row.code)), tag("span", count, where, class_="quiet")),
        tag("p", row.words, " ", next(iter(hints), row.hint) if len(hints) < 2 else ""),
        table(heads, rows, numbers, below=len(heads) - 1 if len(heads) > 2 else None),
    )


def _heads(shown: Sequence[Report], *, with_source: bool) -> list[str]:
    """The columns that say something: no record that is the line, no path that is the whole record."""
    said = {
        "source": with_source,
        "line": any(finding["line"] is not None for finding in shown),
        "record": any(finding["record"] not in (None, finding["line"]) for finding in shown),
        "path": any(finding["path"] != "$" for finding in shown),
    }
    return [*(name for name, says in said.items() if says), "what"]


def _finding(finding: Report, heads: Sequence[str], *, with_hint: bool) -> list[object]:
    cells: dict[str, object] = {
        "source": tag("code", finding["source"], class_="any"),
        "line": _number(finding["line"]),
        "record": _number(finding["record"]),
        "path": tag("code", finding["path"], class_="any"),
        "what": joined(finding["message"], f" {finding['hint']}" if with_hint else "", _excerpt(finding)),
    }
    return [cells[head] for head in heads]


def _excerpt(finding: Report) -> Markup | None:
    """What the record says there, where that was asked for."""
    quoted = finding.get("excerpt")
    return tag("blockquote", *(tag("p", text) for text in quoted)) if quoted else None


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
