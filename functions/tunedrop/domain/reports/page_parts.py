"""What all report pages are made of: sections, tables, figures, badges and the next steps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Literal

from tunedrop.domain.reports.markup import Markup, tag
from tunedrop.domain.reports.next_commands import Step

Report = Mapping[str, Any]
"""What a JSON report holds."""


@cache
def sheet() -> str:
    """The style sheet of report pages."""
    return resources.files(__package__).joinpath("report.css").read_text("utf-8")


def section(title: str, *children: Markup | None, class_: str | None = None) -> Markup:
    """Build a section under a heading."""
    return tag("section", tag("h2", title), *children, class_=class_)


def figures(shown: Iterable[tuple[str, ...]]) -> Markup:
    """Build a row of figures, each with what it counts and perhaps with what limits it."""
    return tag("div", *(_figure(*each) for each in shown), class_="figures")


def _figure(count: str, what: str, limit: str = "") -> Markup:
    return tag("div", tag("b", count), tag("span", what), tag("small", limit) if limit else None)


def steps(proposed: Iterable[Step]) -> Markup:
    """Build the section of what to do next."""
    items = (
        tag("li", step.words, tag("pre", tag("code", step.command)) if step.command else None) for step in proposed
    )
    return section("What to do next", tag("ol", *items), class_="next")


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[object]],
    numbers: frozenset[int] = frozenset(),
    *,
    caption: str | None = None,
    stacks: bool = False,
    below: int | None = None,
) -> Markup:
    """Build a table; `numbers` are the indexes of right-aligned columns.

    One that `stacks` shows each row as a list on a narrow screen, which scrolls any other sideways; in one with
    column `below`, that one, of sentences, stands below the others of its row.
    """
    align = ["number" if index in numbers else "below" if index == below else None for index in range(len(heads))]
    led = set(range(1, len(heads))) if stacks else numbers if below is not None else set()
    labels = [head if index in led else None for index, head in enumerate(heads)]
    top = tag("tr", *(tag("th", head, class_=class_) for head, class_ in zip(heads, align, strict=True)))
    lines = (
        tag(
            "tr",
            *(
                tag("td", cell, class_=class_, data_head=label)
                for cell, class_, label in zip(row, align, labels, strict=True)
            ),
        )
        for row in rows
    )
    parts = caption and tag("caption", caption), tag("thead", top), tag("tbody", *lines)
    return scrolled(*parts, caption=caption, narrow="stacks" if stacks else None if below is None else "wraps")


def said(
    heads: Sequence[str],
    rows: Sequence[Sequence[object]],
    numbers: frozenset[int] = frozenset(),
    *,
    below: int | None = None,
) -> Markup:
    """Build a table without the columns that are empty in all rows."""
    kept = [index for index in range(len(heads)) if any(row[index] != "" for row in rows)]
    return table(
        [heads[index] for index in kept],
        [[row[index] for index in kept] for row in rows],
        frozenset(at for at, index in enumerate(kept) if index in numbers),
        below=kept.index(below) if below in kept else None,
    )


def scrolled(
    *parts: Markup | str | None, caption: str | None, narrow: Literal["stacks", "wraps"] | None = None
) -> Markup:
    """Build a table of its parts that scrolls inside the page; one with a caption can be scrolled by keys, too."""
    named = {"role": "region", "aria-label": caption, "tabindex": "0"} if caption else {}
    return tag("div", tag("table", *parts), class_=f"scroll {narrow}" if narrow else "scroll", **named)


def badge(severity: str) -> Markup:
    """Build a badge that says how severe something is."""
    known = severity if severity in {"error", "warning", "info"} else "info"
    return tag("span", severity, class_=f"badge {known}")
