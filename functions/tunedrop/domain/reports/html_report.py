"""Render a report as one self-contained HTML page: no network, no scripts; for light, dark and print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import dropwhile
from typing import Any

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.evaluation import power
from tunedrop.domain.formats import all_formats
from tunedrop.domain.reports import findings_section, histogram, markup, neighbors, next_steps, own_names, page_parts
from tunedrop.domain.reports.markup import Markup, joined, tag
from tunedrop.domain.reports.neighbors import Neighbor
from tunedrop.domain.reports.page_parts import Report, section, table


def render(
    report: Report,
    on: date | None = None,
    *,
    mended: bool = False,
    held_back: bool = False,
    beside: Iterable[Neighbor] = (),
) -> bytes:
    """Render the page; the same report gives the same bytes. Data from the report is always escaped.

    `on` is the day of the check; `mended` and `held_back` are those of `next_steps.steps`. A finding may have an
    `excerpt` of its record, on the machine of whoever has the data.
    """
    steps = next_steps.steps(report, mended=mended, held_back=held_back)
    report = own_names.without_folders(report)
    parts = [
        _header(report, on),
        _figures(report),
        page_parts.steps(steps),
        neighbors.render(report, beside),
        _difference(report),
        findings_section.codes(report),
        findings_section.firsts(report),
        _lengths(report),
        _cost(report),
        _normalised(report),
        _files(report),
        _policy(report),
        _footer(report),
    ]
    body = tag("main", *(joined(part, markup.LINE) for part in parts if part))
    day = f", {on}" if on else ""
    title = f"{_subject(report)}, {report['split']}, {report['base_model']}{day}: {report['verdict']}"
    return markup.document(title, head=markup.style(page_parts.sheet()), body=body)


def _subject(report: Report) -> str:
    if report["dataset"] and report["version"]:
        return f"{report['dataset']}@{report['version']}"
    return str(report["dataset"] or ", ".join(str(file["key"]) for file in report["files"][:3]) or "Training data")


def _model(report: Report) -> BaseModel | None:
    return catalogue.catalogue().get(report["base_model"])


def _header(report: Report, on: date | None) -> Markup:
    model = _model(report)
    title = f"{model.title} ({report['base_model']})" if model else report["base_model"]
    verdict = report["verdict"]
    return tag(
        "header",
        tag("div", "Tunedrop data report", class_="brand"),
        tag("h1", _subject(report)),
        tag("span", verdict, class_=f"verdict {'accepted' if verdict == 'accepted' else 'rejected'}"),
        tag("p", f"Split {report['split']}, for {title}. Format found: {_format(report['format'])}.", _checked(on)),
    )


def _checked(on: date | None) -> Markup | None:
    return joined(" Checked on ", tag("time", str(on), datetime=on), ".") if on else None


def _format(name: str | None) -> str:
    found = next((known for known in all_formats.SOURCES.values() if known.name == name), None)
    return found.title.replace("`", "") if found else name or "none"


def _figures(report: Report) -> Markup:
    totals = {"error": 0, "warning": 0}
    for row in next_steps.codes(report):
        totals[row.severity] = totals.get(row.severity, 0) + row.count
    tokens, model = report["tokens"], _model(report)
    figures = [
        (f"{report['records']:,}", "records", _allowed(model, report["split"])),
        (f"{totals['error']:,}", "errors", ""),
        (f"{totals['warning']:,}", "warnings", ""),
        (f"{tokens['total']:,}", "tokens (estimated)", ""),
        (
            f"{tokens['max']:,}",
            "tokens in the longest record",
            f"at most {model.limits.record_tokens:,}" if model else "",
        ),
    ]
    return page_parts.figures(figures)


def _allowed(model: BaseModel | None, split: str) -> str:
    """How many records the base model takes of a split; nothing of test, which is never sent."""
    if model is None or split not in ("train", "validation"):
        return ""
    if split == "validation" and not model.validation:
        return "never sent"
    limits = model.limits.train_records if split == "train" else model.limits.validation_records
    return f"{limits.minimum:,} to {limits.maximum:,} allowed"


def _difference(report: Report) -> Markup | None:
    """What a test split can show; nothing of other splits, and of reports of releases that did not say."""
    found = report.get("smallest_difference")
    return section("What this split can show", tag("p", power.words(found["records"]), ".")) if found else None


def _lengths(report: Report) -> Markup | None:
    bins = list(dropwhile(lambda bin_: not bin_["records"], report.get("lengths") or []))
    if not bins:
        return None
    tokens, model = report["tokens"], _model(report)
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
    rows = [
        (
            f"{epochs} (default)" if epochs == chosen else str(epochs),
            f"{cost['trained_tokens_per_epoch'] * epochs:,}",
            "" if cost["amount"] is None else _money(cost["amount"] * epochs, cost),
        )
        for epochs in wanted
    ]
    price = (
        "No price is configured for this base model, so the amount is unknown."
        if cost["price"] is None
        else f"At {cost['price']} {cost['currency']} per 1,000 trained tokens, as configured."
    )
    heads, numbers = ("epochs", "trained tokens", "amount"), frozenset({1, 2})
    amounts = page_parts.said(heads, rows, numbers)
    return section("Tokens and cost", _repeated(report, chosen), amounts, tag("p", f"{margin} {price}", class_="quiet"))


def _money(amount: float, cost: Mapping[str, Any]) -> str:
    return f"{amount:,.2f} {cost['currency']}"


def _repeated(report: Report, epochs: int) -> Markup | None:
    """What it costs that records repeat others; None if none do."""
    repeated, cost = report.get("repeated") or {}, report["cost"]
    again, near = repeated.get("records", 0), repeated.get("near", 0)
    said = []
    if again:
        share = repeated["tokens"] / cost["trained_tokens_per_epoch"]
        price = None if cost["amount"] is None else cost["amount"] * share * epochs
        billed = f"{repeated['tokens'] * epochs:,} tokens" if price is None else _money(price, cost)
        said.append("1 record repeats another:" if again == 1 else f"{again:,} records repeat others:")
        said.append(f"{share:.0%} of the tokens teach nothing new, and cost {billed}")
        said.append(f"in {epochs} epochs." if epochs > 1 else "in an epoch.")
    if near:
        said.append(
            "1 record is nearly the same as another."
            if near == 1
            else f"{near:,} records are nearly the same as others."
        )
    return tag("p", " ".join(said)) if said else None


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
    listed = page_parts.said(("", "file", "bytes", "SHA-256"), rows, frozenset({2}), below=3)
    return section("Files", listed, _media(report))


def _media(report: Report) -> Markup | None:
    """How many images and documents its records refer to; None of reports without them."""
    found = report.get("media")
    if not found:
        return None
    size = f", {found['bytes']:,} bytes" if found["bytes"] else ""
    return tag("p", f"Images and documents that records refer to: {found['files']:,}{size}.")


def _file(what: str, file: Mapping[str, Any]) -> tuple[object, ...]:
    version, size, digest = file.get("version_id"), file.get("bytes"), file.get("sha256")
    name = joined(tag("code", file["key"], class_="any"), f" version {version}" if version else "")
    return what, name, "" if size is None else f"{size:,}", tag("code", digest, class_="any") if digest else ""


def _policy(report: Report) -> Markup:
    if report["policy"] == _DEFAULT_POLICY:
        return section("Policy in force", tag("p", "The default: nothing is ignored or made an error.", class_="quiet"))
    rows = ((tag("code", name), _listed(value)) for name, value in report["policy"].items())
    return section("Policy in force", table(("setting", "value"), rows))


_DEFAULT_POLICY = {"name": "default", "ignore": [], "error": []}


def _listed(value: object) -> str:
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(item) for item in value) or "none"
    return str(value)


def _footer(report: Report) -> Markup:
    return tag(
        "footer",
        f"Made by Tunedrop {report['tunedrop']} from the report of schema {report['schema']}. "
        f"{_quoted(report)} This page loads nothing.",
    )


def _quoted(report: Report) -> str:
    if any(finding.get("excerpt") for finding in report["findings"]):
        return "It quotes records, as was asked for: keep it where the data may be."
    return "Messages say what a value looks like, never what it says."
