"""The section of an evaluation's page about differences: the plot, and a table with the same figures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tunedrop.domain.evaluation.paired_tests import Interval
from tunedrop.domain.reports import evaluation_words, forest_plot, page_parts
from tunedrop.domain.reports.evaluation_words import number
from tunedrop.domain.reports.forest_plot import Bar, Group
from tunedrop.domain.reports.markup import Markup, joined, tag
from tunedrop.domain.reports.page_parts import table

Contrast = Mapping[str, Any]


def section(report: Mapping[str, Any]) -> Markup:
    """Build the section."""
    declared = report["declared"]
    groups = [
        Group("", [_bar(declared, decides=True)]),
        Group("Against others", [_bar(each) for each in report["others"]]),
        Group("By other metrics: describes only", [_bar(each) for each in report["secondary"]], wide=True),
        Group("Parts of the records: describes only", [_bar(each) for each in report["slices"]], wide=True),
    ]
    told = f"{declared['words']} Each line is a 95% interval, each mark the difference; the table has the same figures."
    return page_parts.section(
        "How large the difference may be",
        forest_plot.figure(groups, 100 * report["margin"], told),
        tag("p", *_legend(report), class_="quiet"),
        _table(report),
        class_="long",
    )


def label(contrast: Contrast) -> str:
    """What a contrast is about, in few words."""
    if contrast["slice"]:
        return str(contrast["slice"])
    return f"{evaluation_words.metric(contrast['metric'])}, against {contrast['against']}"


def told(contrast: Contrast) -> str:
    """A contrast's difference and interval in points, such as `6 (2 to 10)`."""
    interval = contrast["interval_95"]
    return f"{number(contrast['difference'])}{'' if interval is None else f' ({span(interval)})'}"


def span(interval: Mapping[str, float]) -> str:
    """An interval of a report in points."""
    return evaluation_words.span(Interval(interval["low"], interval["high"]))


def _bar(contrast: Contrast, *, decides: bool = False) -> Bar:
    interval = contrast["interval_95"]
    return Bar(
        label(contrast),
        100 * contrast["difference"],
        interval and Interval(100 * interval["low"], 100 * interval["high"]),
        told(contrast),
        decides=decides,
        reliable=contrast["reliable"],
    )


def _legend(report: Mapping[str, Any]) -> Iterator[Markup | str]:
    declared, margin = report["declared"], evaluation_words.points(report["margin"])
    yield f"Right of 0, {declared['candidate']} is better. "
    if report["margin"]:
        yield f"In the band, the difference is within the margin of {margin}. "
    yield "Only the first line decides. "
    if report["slices"]:
        yield "Of many parts some differ by chance alone: a part's interval is a hint where to look, never a verdict. "
    yield "An arrow goes on beyond the axis; a dashed line may be too short."


def _table(report: Mapping[str, Any]) -> Markup:
    rows = (
        *_rows([report["declared"]], "decides"),
        *_rows(report["others"], "adjusted"),
        *_rows((*report["secondary"], *report["slices"]), "describes"),
    )
    heads = ("", "records", "better", "worse", "difference", "95% interval", "p", "verdict")
    return table(heads, rows, frozenset(range(1, 7)), caption="The same in figures, differences in points")


def _rows(contrasts: Iterable[Contrast], role: str) -> Iterator[tuple[object, ...]]:
    for each in contrasts:
        interval, verdict = each["interval_95"], each["verdict"]
        name = tag("b", label(each)) if role == "decides" else label(each)
        yield (
            joined(name, None if each["reliable"] else " (interval unreliable)"),
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
