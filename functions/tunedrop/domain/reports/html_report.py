"""Render a report as one self-contained HTML page: no network, no scripts; for light, dark and print."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.formats import all_formats
from tunedrop.domain.reports import histogram, markup, next_steps, page_parts
from tunedrop.domain.reports.markup import Markup, joined, tag
from tunedrop.domain.reports.page_parts import badge, section, table
from tunedrop.domain.versions import object_keys

SHOWN_PER_CODE = 10
"""Findings shown per code; the JSON report lists more."""

Report = Mapping[str, Any]


def render(report: Report, *, mended: bool = False, held_back: bool = False) -> bytes:
    """Render the page; the same report gives the same bytes. Data from the report is always escaped.

    `mended` and `held_back` are those of `next_steps.steps`.
    """
    parts = [
        _header(report),
        _figures(report),
        page_parts.steps(next_steps.steps(report, mended=mended, held_back=held_back)),
        _codes(report),
        _findings(report),
        _lengths(report),
        _cost(report),
        _normalised(report),
        _files(report),
        _policy(report),
        _footer(report),
    ]
    body = tag("main", *(joined(part, markup.LINE) for part in parts if part))
    title = f"{_subject(report)}, {report['split']}, {report['base_model']}: {report['verdict']}"
    return markup.document(title, head=markup.style(page_parts.sheet()), body=body)


def _subject(report: Report) -> str:
    if report["dataset"] and report["version"]:
        return f"{report['dataset']}@{report['version']}"
    return str(report["dataset"] or ", ".join(str(file["key"]) for file in report["files"][:3]) or "Training data")


def _header(report: Report) -> Markup:
    model = catalogue.catalogue().get(report["base_model"])
    title = f"{model.title} ({report['base_model']})" if model else report["base_model"]
    verdict = report["verdict"]
    return tag(
        "header",
        tag("div", "Tunedrop data report", class_="brand"),
        tag("h1", _subject(report)),
        tag("span", verdict, class_=f"verdict {'accepted' if verdict == 'accepted' else 'rejected'}"),
        tag("p", f"Split {report['split']}, for {title}. Format found: {_format(report['format'])}."),
    )


def _format(name: str | None) -> str:
    found = next((known for known in all_formats.SOURCES.values() if known.name == name), None)
    return found.title.replace("`", "") if found else name or "none"


def _figures(report: Report) -> Markup:
    totals = {"error": 0, "warning": 0}
    for row in next_steps.codes(report):
        totals[row.severity] = totals.get(row.severity, 0) + row.count
    tokens = report["tokens"]
    figures = [
        (f"{report['records']:,}", "records"),
        (f"{totals['error']:,}", "errors"),
        (f"{totals['warning']:,}", "warnings"),
        (f"{tokens['total']:,}", "tokens (estimated)"),
        (f"{tokens['max']:,}", "in the longest record"),
    ]
    return page_parts.figures(figures)


def _codes(report: Report) -> Markup:
    found = next_steps.codes(report)
    if not found:
        return section("Findings", tag("p", "None: nothing was found wrong.", class_="quiet"))
    rows = ((badge(row.severity), tag("code", row.code), row.words, f"{row.count:,}") for row in found)
    return section("Findings by code", table(("", "code", "meaning", "count"), rows, frozenset({3})), class_="long")


def _findings(report: Report) -> Markup | None:
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
    return tag("p", "All of them, beside this page: ", lines, " and ", rows, class_="quiet")


def _group(report: Report, row: next_steps.CodeCount) -> Markup:
    """Build one code's findings; a source or hint that all of them share is shown once, above the table."""
    listed = [finding for finding in report["findings"] if finding["code"] == row.code]
    shown = listed[:SHOWN_PER_CODE]
    count = f"{row.count:,} found" if row.count == len(shown) else f"the first {len(shown)} of {row.count:,}"
    hints, sources = ({finding[what] for finding in shown} for what in ("hint", "source"))
    where = joined(" in ", tag("code", *sources)) if len(sources) == 1 else None
    heads = ("line", "record", "path", "what") if where else ("source", "line", "record", "path", "what")
    rows = (_finding(finding, with_source=not where, with_hint=len(hints) > 1) for finding in shown)
    return tag(
        "article",
        tag("header", badge(row.severity), tag("h3", tag("code", row.code)), tag("span", count, where, class_="quiet")),
        tag("p", row.words, " ", next(iter(hints), row.hint) if len(hints) < 2 else ""),
        table(heads, rows, frozenset({heads.index("line"), heads.index("record")})),
    )


def _finding(finding: Report, *, with_source: bool, with_hint: bool) -> tuple[object, ...]:
    source = (tag("code", finding["source"], class_="any"),) if with_source else ()
    what = joined(finding["message"], f" {finding['hint']}" if with_hint else "")
    path = tag("code", finding["path"], class_="any")
    return (*source, _number(finding["line"]), _number(finding["record"]), path, what)


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _lengths(report: Report) -> Markup | None:
    bins = report.get("lengths") or []
    if not bins:
        return None
    tokens = report["tokens"]
    model = catalogue.catalogue().get(report["base_model"])
    limit = f" {model.title} takes at most {model.limits.record_tokens:,}." if model else ""
    said = f"Half have at most {tokens['p50']:,}, 95% at most {tokens['p95']:,}, the longest {tokens['max']:,}.{limit}"
    return section("Lengths of records", histogram.render(bins), tag("p", said, class_="quiet"))


def _cost(report: Report) -> Markup:
    tokens, cost = report["tokens"], report["cost"]
    margin = f"Estimated with {tokens['estimator']}; dense text may have up to {tokens['margin']:.0%} more."
    if not cost["trained_tokens_per_epoch"]:
        return section("Tokens and cost", tag("p", f"{margin} Only train is billed: this split adds nothing."))
    chosen, most = _epochs(report["base_model"])
    wanted = sorted({1, 2, 3, 5, chosen} & set(range(1, most + 1)))
    rows = (
        (
            f"{epochs} (default)" if epochs == chosen else str(epochs),
            f"{cost['trained_tokens_per_epoch'] * epochs:,}",
            "unknown" if cost["amount"] is None else f"{cost['amount'] * epochs:,.2f} {cost['currency']}",
        )
        for epochs in wanted
    )
    price = (
        "No price is configured for this base model, so the amount is unknown."
        if cost["price"] is None
        else f"At {cost['price']} {cost['currency']} per 1,000 trained tokens, as configured."
    )
    amounts = table(("epochs", "trained tokens", "amount"), rows, frozenset({1, 2}))
    return section("Tokens and cost", amounts, tag("p", f"{_repeated(report)}{margin} {price}", class_="quiet"))


def _repeated(report: Report) -> str:
    """A sentence about the tokens that repeat others; empty if none do."""
    repeated, trained = report.get("repeated"), report["cost"]["trained_tokens_per_epoch"]
    if not repeated or not repeated["records"]:
        return ""
    share = f"{repeated['tokens'] / trained:.0%} of the tokens" if trained else f"{repeated['tokens']:,} tokens"
    return f"{repeated['records']:,} records repeat others: {share} teach nothing new. "


def _epochs(base_model: str) -> tuple[int, int]:
    """The default and maximum number of epochs; 1 and 5 for an unknown base model."""
    model = catalogue.catalogue().get(base_model)
    found = next((item for item in model.hyperparameters if item.name == "epochCount"), None) if model else None
    return (int(found.default), int(found.maximum)) if found else (1, 5)


def _normalised(report: Report) -> Markup:
    rows = [(tag("code", item["what"]), f"{item['count']:,}") for item in report["normalised"]]
    if not rows:
        return section("Normalised", tag("p", "Nothing: the data is kept as it was written.", class_="quiet"))
    return section("Normalised", table(("what", "count"), iter(rows), frozenset({1})))


def _files(report: Report) -> Markup:
    rows = [_file("read", file) for file in report["files"]]
    if report["output"]:
        rows.append(_file("prepared", report["output"]))
    return section("Files", table(("", "file", "bytes", "SHA-256"), iter(rows), frozenset({2})))


def _file(what: str, file: Mapping[str, Any]) -> tuple[object, ...]:
    version = file.get("version_id")
    name = joined(tag("code", file["key"], class_="any"), f" version {version}" if version else "")
    size = file.get("bytes")
    return what, name, _number(size), tag("code", file.get("sha256") or "unknown", class_="any")


def _policy(report: Report) -> Markup:
    rows = ((tag("code", name), _listed(value)) for name, value in report["policy"].items())
    return section("Policy in force", table(("setting", "value"), rows))


def _listed(value: object) -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(item) for item in value) or "none"
    return str(value)


def _footer(report: Report) -> Markup:
    return tag(
        "footer",
        f"Made by Tunedrop {report['tunedrop']} from the report of schema {report['schema']}. "
        "Messages say what a value looks like, never what it says. This page loads nothing.",
    )
