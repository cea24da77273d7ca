"""Render a comparison of jobs as one self-contained HTML page, of the same parts as the stack's reports. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tunedrop.domain.reports import charts, evaluation_words, job_curves, markup, next_commands, page_parts, smoothing
from tunedrop.domain.reports.charts import Chart, Series
from tunedrop.domain.reports.markup import Markup, joined, tag
from tunedrop.domain.reports.next_commands import Step
from tunedrop.domain.reports.page_parts import section, table

from tunedrop_cli import job_ranking
from tunedrop_cli.job_comparison import MARKS, Comparison, Points, named
from tunedrop_cli.job_text import data_of, settings_of


def render(found: Comparison) -> bytes:
    """Render the page; the same comparison gives the same bytes. Data is always escaped."""
    parts = [
        _header(found),
        _jobs(found),
        _pictures(found),
        _judged(found),
        _standings(found),
        _steps(found),
        tag("footer", "Made by Tunedrop. Costs and tokens are the plans'; the bill is AWS's. This page loads nothing."),
    ]
    body = tag("main", *(joined(part, markup.LINE) for part in parts if part))
    sheets = joined(markup.style(page_parts.sheet()), markup.style(charts.sheet()))
    return markup.document(f"{len(found.runs)} jobs compared", head=sheets, body=body)


def _header(found: Comparison) -> Markup:
    data = sorted({data_of(run.job) for run in found.runs})
    return tag(
        "header",
        tag("div", "Tunedrop jobs compared", class_="brand"),
        tag("h1", f"{len(found.runs)} jobs on {', '.join(data)}"),
        found.judged and tag("p", found.judged.verdict),
        tag("p", found.ranking.verdict),
    )


def _jobs(found: Comparison) -> Markup:
    jobs = [run.job for run in found.runs]
    heads = ("", *MARKS[: len(jobs)])
    rows = [("job", *(tag("code", job["id"], class_="any") for job in jobs))]
    rows += [(name, *values) for name, values in [*found.differences, *found.always]]
    words = "" if found.differences else "Nothing that is known of them differs."
    return section("What differs", tag("p", words, class_="quiet") if words else None, table(heads, rows))


def _pictures(found: Comparison) -> Markup:
    shown = [
        (split.capitalize(), _chart(found, split, points))
        for split, points in (("training", found.training), ("validation", found.validation))
        if any(points)
    ]
    if not shown:
        return section("Losses", tag("p", "None of them has losses.", class_="quiet"))
    tokens = "Tokens are the plan's, spread evenly over its steps. " if found.axis == "tokens" else ""
    smooth = any(smoothing.window(len(points)) > 1 for points in found.training)
    means = "Training losses are centered means; faint behind them are the points. " if smooth else ""
    pictures = (part for split, chart in shown for part in (tag("h3", split), charts.figure(chart)))
    words = f"{tokens}{means}" or None
    return section("Losses", *pictures, words and tag("p", words.strip(), class_="quiet"))


def _chart(found: Comparison, split: str, curves: Sequence[Points]) -> Chart:
    names = [f"{mark}: {words}" if words else mark for mark, words in zip(MARKS, named(found), strict=False)]
    series = [Series(name, points, smooth=split == "training") for name, points in zip(names, curves, strict=True)]
    return Chart(
        title=f"{split.capitalize()} losses by {found.axis}",
        words=" ".join(_words(names, curves)),
        x_title=found.axis,
        y_title=f"{split} loss",
        series=series,
        log=job_curves.is_steep([point for points in curves for point in points]),
    )


def _words(names: Sequence[str], curves: Sequence[Points]) -> Iterator[str]:
    """What the chart shows, for people who can't see it."""
    for name, points in zip(names, curves, strict=True):
        if points:
            yield f"{name}: from {points[0][1]:.4g} to {points[-1][1]:.4g} at {points[-1][0]:,.0f}."


def _judged(found: Comparison) -> Markup | None:
    if found.judged is None:
        return None
    dataset, version, metric, records = found.judged.setting
    words = f"{records:,} records of test of {dataset}@{version}; {evaluation_words.metric(metric)} in points of 100."
    rows = table(("job", *job_ranking.COLUMNS), job_ranking.rows(found.judged, MARKS), frozenset({1}))
    return section("By evaluation", tag("p", words, class_="quiet"), rows)


def _standings(found: Comparison) -> Markup | None:
    if not found.ranking.standings:
        return None
    differing = {name for name, _ in found.differences}
    rows = (
        (
            each.marks,
            f"{each.loss:.4g}",
            f"{each.spread:.2g}",
            str(len(each.runs)),
            settings_of({"hyperparameters": {name: each.settings[name] for name in differing & each.settings.keys()}}),
        )
        for each in found.ranking.standings
    )
    heads = ("jobs", "validation loss", "varies by", "runs", "hyperparameters that differ")
    return section("By validation loss", table(heads, rows))


def _steps(found: Comparison) -> Markup:
    jobs = zip(MARKS, (run.job["id"] for run in found.runs), strict=False)
    return page_parts.steps(Step(f"See all of job {mark}.", next_commands.show_job(job)) for mark, job in jobs)
