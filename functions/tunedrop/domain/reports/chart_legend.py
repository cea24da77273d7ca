"""The legend of a chart: for each series a piece of its line, its marker and its name. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tunedrop.domain.reports.markup import Markup, tag

MOST_LETTERS = 48
_LETTER = 6.6
"""Pixels: an average letter at the charts' 12 pixels, rather too wide than too narrow."""
_SAMPLE, _ROW, _GAP = 34, 20, 18
_SHAPES = ("M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0Z", "M-3.2-3.2h6.4v6.4h-6.4Z", "M0-4.6L4.6 0L0 4.6L-4.6 0Z")
_MORE_SHAPES = ("M0-4.6L4.4 3.4H-4.4Z", "M-4.4-3.4H4.4L0 4.6Z", "M-1.4-4.4h2.8v3h3v2.8h-3v3h-2.8v-3h-3v-2.8h3Z")
SHAPES = (*_SHAPES, *_MORE_SHAPES)
"""Circle, square, diamond, two triangles, cross; around 0, 0."""


def width(words: str) -> float:
    """About how many pixels the words take."""
    return _LETTER * len(words)


def rows(names: Sequence[str], left: float, right: float) -> tuple[Markup, float]:
    """The legend, in as many rows as it needs between two x, and the y below it."""
    x, y, entries = left, 16.0, []
    for index, name in enumerate(names):
        shown = name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"
        wide = _SAMPLE + width(shown)
        if x > left and x + wide > right:
            x, y = left, y + _ROW
        entries.append(_entry(index, shown, x, y))
        x += wide + _GAP
    return tag("g", *entries, class_="legend"), y + 10


def _entry(index: int, name: str, x: float, y: float) -> Markup:
    return tag(
        "g",
        tag("path", d=f"M{x:.1f} {y - 4:.1f}h26", class_=f"line s{index}"),
        marker(index, x + 13, y - 4),
        tag("text", name, x=f"{x + _SAMPLE:.1f}", y=f"{y:.1f}"),
    )


def marker(index: int, x: float, y: float, *about: Markup) -> Markup:
    """The marker of that series at a point."""
    place = f"translate({x:.1f} {y:.1f})"
    return tag("path", *about, d=SHAPES[index % len(SHAPES)], transform=place, class_=f"dot s{index}")
