"""The section of an evaluation's page about differences: the plot, and a table with the same figures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tunedrop.domain.evaluation.paired_tests import Interval
from tunedrop.domain.evaluation.power import ALPHA
from tunedrop.domain.reports import evaluation_words, forest_plot, page_parts
from tunedrop.domain.reports.evaluation_words import number
from tunedrop.domain.reports.forest_plot import Bar, Group
from tunedrop.domain.reports.markup import Markup, joined, tag
from tunedrop.domain.reports.page_parts import table

ContrastFacts = Mapping[str, Any]


AT_ODDS = "Where an interval leaves out 0 and its p is above .05, or the other way round, p counts."
"""They are of two tests, and p may be adjusted for several contrasts."""


def section(report: Mapping[str, Any]) -> Markup:
    """Build the section."""
    declared = report["declared"]
    groups = [
        Group("", [_bar(declared, report, decides=True)]),
        Group("The same against others", [_bar(each, report) for each in report["others"]]),
        Group("By other metrics: describes only", [_bar(each, report) for each in report["secondary"]], wide=True),
        Group("Parts of the records: describes only", [_bar(each, report) for each in report["slices"]], wide=True),
    ]
    told = f"{declared['words']} Each line is a 95% interval, each mark the difference; the table has the same figures."
    return page_parts.section(
        "How large the difference may be",
        forest_plot.figure(groups, 100 * report["margin"], told),
        tag("p", *_legend(report), class_="quiet"),
        _table(report),
        class_="long differences",
    )


def label(contrast: ContrastFacts, report: Mapping[str, Any]) -> str:
    """What tells a contrast from the declared one, in few words."""
    if contrast["slice"]:
        return str(contrast["slice"])
    other = contrast["against"] != report["declared"]["against"]
    return f"against {contrast['against']}" if other else evaluation_words.metric(contrast["metric"])


def told(contrast: ContrastFacts) -> str:
    """A contrast's difference and interval in points, such as `6 (2 to 10)`."""
    interval = contrast["interval_95"]
    return f"{number(contrast['difference'])}{'' if interval is None else f' ({span(interval)})'}"


def span(interval: Mapping[str, float]) -> str:
    """An interval of a report in points."""
    return evaluation_words.span(Interval(interval["low"], interval["high"]))


def _bar(contrast: ContrastFacts, report: Mapping[str, Any], *, decides: bool = False) -> Bar:
    interval = contrast["interval_95"]
    return Bar(
        label(contrast, report),
        100 * contrast["difference"],
        interval and Interval(100 * interval["low"], 100 * interval["high"]),
        told(contrast),
        decides=decides,
        reliable=contrast["reliable"],
    )


def is_at_odds(contrast: ContrastFacts) -> bool:
    """Whether a contrast's interval and its p say different things of 0."""
    interval = contrast["interval_95"]
    return interval is not None and (interval["low"] <= 0 <= interval["high"]) == (contrast["p"] <= ALPHA)


def _legend(report: Mapping[str, Any]) -> Iterator[Markup | str]:
    declared, margin = report["declared"], evaluation_words.points(report["margin"])
    yield f"Right of 0, {declared['candidate']} is better. "
    if report["margin"]:
        yield f"In the band, the difference is within the margin of {margin}. "
    yield "Only the first line decides. "
    if report["slices"]:
        yield "Of many parts some differ by chance alone: a part's interval is a hint where to look, never a verdict. "
    yield "Arrows go on beyond the axis. "
    every = (declared, *report["others"], *report["secondary"], *report["slices"])
    if any(map(is_at_odds, every)):
        yield f"{AT_ODDS} "
    if not all(each["reliable"] for each in every):
        yield "Dashed lines may be too short: too few scores differ."


def _table(report: Mapping[str, Any]) -> Markup:
    rows = (
        *_rows(report, [report["declared"]], "decides"),
        *_rows(report, report["others"], "adjusted"),
        *_rows(report, (*report["secondary"], *report["slices"]), "describes"),
    )
    heads = ("contrast", "records", "better", "worse", "difference", "95% interval", "p", "verdict")
    caption = "The same in figures, differences in points"
    return table(heads, rows, frozenset(range(1, 7)), caption=caption, stacks=True)


def _rows(report: Mapping[str, Any], contrasts: Iterable[ContrastFacts], role: str) -> Iterator[tuple[object, ...]]:
    for each in contrasts:
        interval, verdict = each["interval_95"], each["verdict"]
        name = label(each, report)
        yield (
            joined(
                tag("b", name) if role == "decides" else name, None if each["reliable"] else " (interval unreliable)"
            ),
            f"{each['records']:,}",
            f"{each['better']:,}",
            f"{each['worse']:,}",
            number(each["difference"]),
            "-" if interval is None else span(interval),
            _p(each["p"]),
            role if verdict is None else evaluation_words.VERDICTS[verdict],
        )


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
