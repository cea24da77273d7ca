"""Render a job's report as one self-contained HTML page: no network, no scripts; for light, dark and print. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.reports import charts, markup, page_parts, smoothing
from tunedrop.domain.reports.charts import Chart
from tunedrop.domain.reports.job_curves import JobReport
from tunedrop.domain.reports.markup import Markup, joined, tag
from tunedrop.domain.reports.next_commands import Step
from tunedrop.domain.reports.page_parts import badge, section, table

_STATUSES = {"Completed": "verdict accepted", "Failed": "verdict rejected"}


def render(report: JobReport, chart: Chart) -> bytes:
    """Render the page with the chart of the losses; the same arguments give the same bytes.

    Data from the report is always escaped.
    """
    parts = [
        _header(report),
        _figures(report),
        page_parts.steps(Step(step["words"], step["command"]) for step in report["next_steps"]),
        _evaluations(report),
        _diagnosis(report),
        _curves(report, chart),
        _timeline(report),
        _data(report),
        _hyperparameters(report),
        _request(report),
        _footer(report),
    ]
    body = tag("main", *(joined(part, markup.LINE) for part in parts if part))
    sheets = joined(markup.style(page_parts.sheet()), markup.style(charts.sheet()))
    title = f"Job {report['job_id']}, {_subject(report)}, {report['base_model']}: {report['status']}"
    return markup.document(title, head=sheets, body=body)


def _subject(report: JobReport) -> str:
    return f"{report['dataset']}@{report['version']}"


def _header(report: JobReport) -> Markup:
    model = catalogue.catalogue().get(report["base_model"])
    title = f"{model.title} ({report['base_model']})" if model else report["base_model"]
    took = _took(report["started_at"], report["ended_at"])
    failure = report["failure"] and tag("p", f"{report['failure']}")
    return tag(
        "header",
        tag("div", "Tunedrop job report", class_="brand"),
        tag("h1", _subject(report)),
        tag("span", report["status"], class_=_STATUSES.get(report["status"], "verdict warning")),
        tag(
            "p", "Job ", tag("code", report["job_id"]), f", which tunes {title}. {took}Asked for by {report['owner']}."
        ),
        failure or None,
    )


def _took(started: str | None, ended: str | None) -> str:
    if started is None or ended is None:
        return ""
    seconds = (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds()
    return f"Ended {_readable(ended)}, {timedelta(seconds=round(seconds))} after its start. "


def _readable(moment: str) -> str:
    return moment.replace("T", " ").replace("Z", " UTC")


def _figures(report: JobReport) -> Markup:
    validation, cost = report["losses"]["validation"], report["cost"] or {}
    amount = cost.get("amount")
    tokens = report["trained_tokens_planned"]
    return page_parts.figures(
        [
            (_loss(report["losses"]["training"]["final"]), "training loss at the end"),
            (_loss(validation["final"]), "validation loss at the end"),
            (_loss(validation["lowest"]["loss"] if validation["lowest"] else None), "lowest validation loss"),
            (_count(tokens), "tokens planned to train"),
            ("unknown" if amount is None else f"{amount:,.2f}", _cost_title(cost)),
        ]
    )


def _cost_title(cost: Mapping[str, Any]) -> str:
    return "cost, as planned" if cost.get("amount") is None else f"{cost['currency']}, cost as planned"


def _loss(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _evaluations(report: JobReport) -> Markup | None:
    """What evaluations found of its model; None for a job that made none."""
    if report["model_arn"] is None:
        return None
    found = report["evaluations"]
    if not found:
        return section("Evaluations", tag("p", "No evaluation has compared its model yet.", class_="quiet"))
    rows = (
        (
            tag("div", *(tag("p", contrast["words"]) for contrast in each["contrasts"])),
            each["outcome"],
            f"{each['dataset']}@{each['version']}",
            _readable(each["ended_at"]),
            tag("a", each["evaluation_id"], href=each["console_url"]),
        )
        for each in found
    )
    return section("Evaluations", table(("what it found of the model", "gate", "data", "ended", "its report"), rows))


def _diagnosis(report: JobReport) -> Markup:
    found = report["diagnosis"]
    if not found:
        words = "The losses could not be read." if found is None else "Nothing stands out in the losses."
        return section("Diagnosis", tag("p", words, class_="quiet"))
    items = (
        tag(
            "article",
            tag("header", badge(each["severity"]), tag("h3", tag("code", each["code"]))),
            tag("p", each["words"], " ", each["hint"]),
        )
        for each in found
    )
    return section("Diagnosis", *items)


def _curves(report: JobReport, chart: Chart) -> Markup:
    if not any(series.points for series in chart.series):
        return section("Losses", tag("p", "Bedrock left no losses.", class_="quiet"))
    width = smoothing.window(report["losses"]["training"]["points"])
    smooth = (
        f"The training loss is a centered mean of {width} points; faint behind it are the points. " if width > 1 else ""
    )
    fewer = "Of many points, the highest and lowest are drawn. " if _exceeds(report, charts.MAX_POINTS) else ""
    return section(
        "Losses",
        charts.figure(chart),
        tag("p", f"{smooth}{fewer}The table says the same in numbers.", class_="quiet"),
        _epochs(report),
    )


def _exceeds(report: JobReport, most: int) -> bool:
    return any(losses["points"] > most for losses in report["losses"].values())


def _epochs(report: JobReport) -> Markup:
    lowest = report["losses"]["validation"]["lowest"]
    rows = (
        (
            "-" if row["epoch"] is None else str(row["epoch"]),
            f"{row['steps'][0]:,} to {row['steps'][1]:,}",
            _loss(row["training_loss"]),
            joined(_loss(row["validation_loss"]), _is_best(row, lowest)),
        )
        for row in report["epochs"]
    )
    return table(("epoch", "steps", "training, mean", "validation"), rows, frozenset({1, 2, 3}))


def _is_best(row: Mapping[str, Any], lowest: Mapping[str, Any] | None) -> str | None:
    best = lowest and row["validation_loss"] == lowest["loss"] and row["epoch"] == lowest["epoch"]
    return " (lowest)" if best else None


def _timeline(report: JobReport) -> Markup:
    rows = ((_readable(each["time"]), each["status"], each["source"], each["note"]) for each in report["timeline"])
    return section("Timeline", table(("time", "status", "known by", "note"), rows))


def _data(report: JobReport) -> Markup:
    rows = (
        (
            split,
            tag("code", data["key"], class_="any"),
            _count(data["records"]),
            tag("code", data["sha256"], class_="any"),
        )
        for split, data in report["data"].items()
    )
    return section("Data", table(("split", "prepared data", "records", "SHA-256"), rows, frozenset({2})))


def _hyperparameters(report: JobReport) -> Markup:
    rows = ((tag("code", name), value) for name, value in report["hyperparameters"].items())
    return section("Hyperparameters", table(("name", "value"), rows))


def _request(report: JobReport) -> Markup:
    written = json.dumps(report["request"], indent=2, ensure_ascii=False)
    lines = (joined(line, markup.LINE) for line in written.split("\n"))
    return section(
        "Request",
        tag("p", "The exact CreateModelCustomizationJob request.", class_="quiet"),
        tag("pre", tag("code", *lines)),
        class_="long",
    )


def _footer(report: JobReport) -> Markup:
    return tag(
        "footer",
        f"Made by Tunedrop {report['tunedrop']} from the job's report of schema {report['schema']}. "
        "Costs and tokens are the plan's; the bill is AWS's. This page loads nothing.",
    )
