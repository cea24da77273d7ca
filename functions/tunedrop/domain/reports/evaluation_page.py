"""Render an evaluation's report as one self-contained HTML page: no network, no scripts; for light, dark and print.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from tunedrop.domain.reports import (
    charts,
    confusion_table,
    evaluation_caveats,
    evaluation_examples,
    evaluation_forest,
    evaluation_words,
    markup,
    page_parts,
)
from tunedrop.domain.reports.evaluation_words import number, share
from tunedrop.domain.reports.markup import Markup, joined, tag
from tunedrop.domain.reports.next_commands import Step
from tunedrop.domain.reports.page_parts import badge, section, table

_LOOKS = {"better": "accepted", "equivalent": "info", "worse": "rejected", "passed": "accepted", "failed": "rejected"}

EvaluationReport = Mapping[str, Any]
"""What `evaluation_report.build` built."""


def render(report: EvaluationReport) -> bytes:
    """Render the page; the same report gives the same bytes. Data from the report is always escaped."""
    undecided = report["verdict"] == "insufficient_evidence"
    parts = [
        _header(report),
        _figures(report),
        page_parts.steps(Step(step["words"], step["command"]) for step in report["next_steps"]),
        evaluation_forest.section(report),
        _enough(report) if undecided else None,
        evaluation_examples.to_label(report) if undecided else None,
        _caveats(report),
        _candidates(report),
        *(confusion_table.section(each) for each in report["confusion"]),
        evaluation_examples.gained(report),
        evaluation_examples.lost(report),
        None if undecided else evaluation_examples.to_label(report),
        _footer(report),
    ]
    body = tag("main", *(joined(part, markup.LINE) for part in parts if part))
    sheets = joined(*map(markup.style, (page_parts.sheet(), charts.sheet(), sheet())))
    title = f"Evaluation {report['evaluation_id']}, {_subject(report)}: {_verdict(report)}"
    return markup.document(title, head=sheets, body=body)


@cache
def sheet() -> str:
    """The style sheet of what only these pages have."""
    return resources.files(__package__).joinpath("evaluation.css").read_text("utf-8")


def _subject(report: EvaluationReport) -> str:
    return f"{report['dataset']}@{report['version']}"


def _verdict(report: EvaluationReport) -> str:
    return evaluation_words.VERDICTS[report["verdict"]]


def _header(report: EvaluationReport) -> Markup:
    declared, outcome = report["declared"], report["gate"]["outcome"]
    gate = None if outcome == "none" else _pill(outcome, f"gate: {outcome}")
    return tag(
        "header",
        tag("div", "Tunedrop evaluation report", class_="brand"),
        tag("h1", f"{declared['candidate']} against {declared['against']}"),
        _pill(report["verdict"], _verdict(report)),
        gate,
        tag("p", declared["words"], class_="lead"),
        tag("p", report["gate"]["words"]),
        tag("p", f"Evaluation {report['evaluation_id']} of the test split of {_subject(report)}{_asked_for(report)}."),
        tag("p", tag("b", "Records: "), report["records_words"]),
    )


def _asked_for(report: EvaluationReport) -> str:
    """When and by whom, where that is known."""
    at, by = report["asked_at"], report["asked_by"]
    when = f" on {at[:10]} at {at[11:16]} UTC" if at else ""
    return f", asked for{when}{f' by {by}' if by else ''}" if when or by else ""


def _pill(what: str, words: str) -> Markup:
    return tag("span", words, class_=f"verdict {_LOOKS.get(what, 'warning')}")


def _figures(report: EvaluationReport) -> Markup:
    declared, cost = report["declared"], report["cost"]
    interval = declared["interval_95"]
    return page_parts.figures(
        [
            (_signed(declared["difference"]), f"points of {evaluation_words.metric(declared['metric'])}"),
            ("-" if interval is None else _span(interval), "95% interval of it"),
            (f"{declared['records']:,}", "records asked"),
            (f"{declared['better']:,} : {declared['worse']:,}", f"records, {declared['candidate']} better : worse"),
            (
                *_money(cost["amount"]),
                "cost: a price is not set" if cost["amount"] is None else f"{cost['currency']}, cost",
            ),
        ]
    )


def _signed(value: float) -> str:
    return f"+{number(value)}" if value > 0 else number(value)


def _span(interval: Mapping[str, float]) -> str:
    return f"{number(interval['low'])} to {number(interval['high'])}"


def _money(*amounts: float | None) -> list[str]:
    """Amounts that stand side by side, all of one precision."""
    digits = 4 if any(0 < (amount or 0) < 1 for amount in amounts) else 2
    return ["unknown" if amount is None else f"{amount:,.{digits}f}" for amount in amounts]


def _enough(report: EvaluationReport) -> Markup | None:
    needs, records = report["enough"]["needs"], report["declared"]["records"]
    if not needs:
        return None
    rows = ((need["words"], f"{need['records']:,}", _missing(need["records"] - records)) for need in needs)
    return section(
        "What would have been enough",
        tag("p", report["enough"]["words"]),
        table(
            ("to show in four of five evaluations", "records", "more than now"),
            rows,
            frozenset({1, 2}),
            caption="Records that a test split needs, by what they are to show",
            stacks=True,
        ),
        tag(
            "p",
            "Reckoned with scores that differ from record to record as they do here. The true difference is not known: "
            "choose the smallest that would matter to you.",
            class_="quiet",
        ),
    )


def _missing(count: int) -> str:
    return f"{count:,}" if count > 0 else "enough"


def _caveats(report: EvaluationReport) -> Markup | None:
    if not report["caveats"]:
        return None
    items = (tag("li", badge(each["severity"]), " ", each["words"]) for each in report["caveats"])
    return section("To keep in mind", tag("ul", *items, class_="caveats"))


def _candidates(report: EvaluationReport) -> Markup:
    candidates = report["candidates"]
    metrics = list(dict.fromkeys(name for candidate in candidates for name in candidate["scores"]))
    heads = ("measure", *(candidate["name"] for candidate in candidates))
    rows = [
        *((evaluation_words.metric(name), *(_score(each, name) for each in candidates)) for name in metrics),
        *zip(_ASKED, *map(_asked, candidates), strict=True),
        ("cost", *_costs(candidates)),
    ]
    return section(
        "Candidates",
        table(
            heads,
            rows,
            frozenset(range(1, len(heads))),
            caption="Each candidate's scores (of 100), calls and cost",
            stacks=True,
        ),
        tag("p", f"{evaluation_caveats.metric_words(report['metric'])} Only this metric decides.", class_="quiet"),
        *_models(candidates),
        class_="long candidates",
    )


def _score(candidate: Mapping[str, Any], name: str) -> str:
    score = candidate["scores"].get(name)
    return "-" if score is None else evaluation_words.score(score)


_ASKED = (
    "answered",
    "failed calls",
    "answers cut off",
    "scored differently when asked twice",
    "latency, half within",
    "latency, 95% within",
    "input tokens",
    "output tokens",
)


def _asked(candidate: Mapping[str, Any]) -> tuple[str, ...]:
    """What asking a candidate took, in the order of `_ASKED`."""
    flips = candidate["flip_rate"]
    return (
        f"{candidate['answered']:,}",
        f"{candidate['failed']:,}",
        f"{candidate['truncated']:,}",
        "-" if flips is None else share(flips),
        _milliseconds(candidate["latency_p50_ms"]),
        _milliseconds(candidate["latency_p95_ms"]),
        f"{candidate['input_tokens']:,}",
        f"{candidate['output_tokens']:,}",
    )


def _costs(candidates: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for candidate, cost in zip(candidates, _money(*(each["cost"] for each in candidates)), strict=True):
        yield "-" if evaluation_words.is_file(candidate["name"]) else cost


def _milliseconds(value: int | None) -> str:
    return "-" if value is None else f"{value:,} ms"


def _models(candidates: Sequence[Mapping[str, Any]]) -> Iterator[Markup]:
    """A line on each candidate: what was called, and how it was trained."""
    for each in candidates:
        settings = ", ".join(f"{name} {value}" for name, value in each["hyperparameters"].items())
        job = each["job_id"]
        trained = job and joined("; its model is of job ", tag("code", job, class_="any"), settings and f": {settings}")
        yield tag(
            "p", tag("b", each["name"]), " is ", tag("code", each["model"], class_="any"), trained, class_="quiet"
        )


def _footer(report: EvaluationReport) -> Markup:
    return tag(
        "footer",
        f"Made by Tunedrop {report['tunedrop']} from the evaluation's report of schema {report['schema']}. "
        "It holds prompts and answers. Costs are the stack's prices; the bill is AWS's. This page loads nothing.",
    )
