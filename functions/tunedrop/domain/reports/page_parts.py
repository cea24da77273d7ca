"""What all report pages are made of: sections, tables, figures, badges and the next steps. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources

from tunedrop.domain.reports.markup import Markup, tag
from tunedrop.domain.reports.next_commands import Step


@cache
def sheet() -> str:
    """The style sheet of report pages."""
    return resources.files(__package__).joinpath("report.css").read_text("utf-8")


def section(title: str, *children: Markup | None, class_: str | None = None) -> Markup:
    """Build a section under a heading."""
    return tag("section", tag("h2", title), *children, class_=class_)


def figures(shown: Iterable[tuple[str, str]]) -> Markup:
    """Build a row of figures, each with what it counts."""
    return tag("div", *(tag("div", tag("b", count), tag("span", what)) for count, what in shown), class_="figures")


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
) -> Markup:
    """Build a table; `numbers` are the indexes of right-aligned columns.

    One that `stacks` shows each row as a list on a narrow screen, which scrolls any other sideways.
    """
    align = ["number" if index in numbers else None for index in range(len(heads))]
    top = tag("tr", *(tag("th", head, class_=class_) for head, class_ in zip(heads, align, strict=True)))
    lines = (
        tag(
            "tr",
            *(
                tag("td", cell, class_=class_, data_head=head if stacks and column else None)
                for column, (cell, class_, head) in enumerate(zip(row, align, heads, strict=True))
            ),
        )
        for row in rows
    )
    parts = caption and tag("caption", caption), tag("thead", top), tag("tbody", *lines)
    return scrolled(*parts, caption=caption, stacks=stacks)


def scrolled(*parts: Markup | str | None, caption: str | None, stacks: bool = False) -> Markup:
    """Build a table of its parts that scrolls inside the page; one with a caption can be scrolled by keys, too."""
    named = {"role": "region", "aria-label": caption, "tabindex": "0"} if caption else {}
    return tag("div", tag("table", *parts), class_="scroll stacks" if stacks else "scroll", **named)


def badge(severity: str) -> Markup:
    """Build a badge that says how severe something is."""
    known = severity if severity in {"error", "warning", "info"} else "info"
    return tag("span", severity, class_=f"badge {known}")
