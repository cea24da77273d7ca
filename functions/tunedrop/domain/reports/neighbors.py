"""The reports beside one: of other splits, for other base models, of the version before; and what differs. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from tunedrop.domain.base_models.catalogue import SPLITS
from tunedrop.domain.reports.markup import Markup, joined, tag
from tunedrop.domain.reports.page_parts import Report, said, section

_MOST_CODES = 8
"""Codes that differ, of each report; the rest is counted."""
_HERE = "They open where the pages lie together, such as in a copy of the dataset's folder of reports."


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A report beside this one."""

    words: str
    page: str
    """The address of its page, from this one's."""
    report: Report | None = None
    """None if it is not made yet."""


def of_version(
    report: Report, splits: Collection[str], others: Iterable[Report], before: Report | None
) -> Iterator[Neighbor]:
    """The neighbors of a report on a version, as their pages lie in the bucket.

    `splits` are the version's, `others` the reports that are made already, `before` that of the version before.
    """
    split, base_model = report["split"], report["base_model"]
    known = {(each["base_model"], each["split"]): each for each in others}
    for other in SPLITS:
        if other != split and (other in splits or (base_model, other) in known):
            yield Neighbor(f"split {other}", f"{other}.html", known.get((base_model, other)))
    for model, place in known:
        if place == split and model != base_model:
            yield Neighbor(model, f"../{model}/{split}.html", known[model, split])
    if before:
        number = before["version"]
        yield Neighbor(f"version {number}, before", f"../../{number}/{base_model}/{split}.html", before)


def render(report: Report, beside: Iterable[Neighbor]) -> Markup | None:
    """Build the section of a page that links to them; None if there are none."""
    rows = [_row(report, neighbor) for neighbor in beside]
    if not rows:
        return None
    heads = ("report", "verdict", "records", "findings that differ: there → here")
    return section("Beside this report", said(heads, rows, frozenset({2}), below=3), tag("p", _HERE, class_="quiet"))


def _row(report: Report, neighbor: Neighbor) -> tuple[object, ...]:
    link, other = tag("a", neighbor.words, href=neighbor.page), neighbor.report
    if other is None:
        return link, "", "", ""
    return link, other["verdict"], _records(report, other), _changes(report, other)


def _records(report: Report, other: Report) -> str:
    """How many it has and, of the same split, how many more or fewer there are here."""
    more = report["records"] - other["records"]
    differs = more and report["split"] == other["split"]
    return f"{other['records']:,}" + (f" ({more:+,} here)" if differs else "")


def _changes(report: Report, other: Report) -> Markup | str:
    """The codes of which there are more or fewer here, the greatest changes first; of another split, none is told."""
    if report["split"] != other["split"]:
        return ""
    here, there = report["counts_by_code"], other["counts_by_code"]
    changed = [code for code in {**there, **here} if here.get(code, 0) != there.get(code, 0)]
    changed.sort(key=lambda code: (-abs(here.get(code, 0) - there.get(code, 0)), code))
    if not changed:
        return "none"
    shown = [(tag("code", code), f" {there.get(code, 0):,} → {here.get(code, 0):,}") for code in changed[:_MOST_CODES]]
    more = len(changed) - len(shown)
    told = [joined(", " if index else None, *pieces) for index, pieces in enumerate(shown)]
    return joined(*told, f" and {more} more" if more else None)
