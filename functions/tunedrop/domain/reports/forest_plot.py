"""Draw differences with their intervals as SVG, with a line for no difference and a band for the margin. Pure.

Colors and both layouts are those of charts.css; evaluation.css has the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tunedrop.domain.evaluation.paired_tests import Interval
from tunedrop.domain.reports import chart_legend, chart_scales, markup
from tunedrop.domain.reports.chart_scales import Scale
from tunedrop.domain.reports.markup import Markup, joined, tag

_HEAD, _FOOT, _GROUP = 26, 44, 30
_PIXELS_PER_TICK = 60
_CAP = 5
_STRIP = 24
"""Below a label that stands above its bar."""
_ROOM = 1.15
"""How much further than the widest interval the axis goes."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One difference, in points."""

    label: str
    difference: float
    interval: Interval | None
    told: str
    """The same in figures."""
    decides: bool = False
    reliable: bool = True


@dataclass(frozen=True, slots=True)
class Group:
    """Bars under a heading. Whatever their intervals are, those of a group that is `wide` don't stretch the axis."""

    title: str
    bars: Sequence[Bar]
    wide: bool = False


class _Layout(NamedTuple):
    name: str
    width: int
    left: int
    right: int
    row: int
    label_above: bool


_WIDE = _Layout("wide", 720, 218, 578, 28, label_above=False)
_NARROW = _Layout("narrow", 360, 10, 350, 46, label_above=True)


def figure(groups: Sequence[Group], margin: float, words: str) -> Markup:
    """The plot for a page with charts.css, in two layouts, of which the page shows the one that fits its window.

    `margin`: in points; 0 draws no band. `words`: what it shows, for people who can't see it.
    """
    shown = [group for group in groups if group.bars]
    return joined(*(_drawn(shown, margin, words, layout) for layout in (_WIDE, _NARROW)))


def _drawn(groups: Sequence[Group], margin: float, words: str, layout: _Layout) -> Markup:
    titles = sum(bool(group.title) for group in groups)
    bottom = _HEAD + titles * _GROUP + sum(len(group.bars) for group in groups) * layout.row
    low, high = _range(groups, margin)
    scale = Scale(low, high, layout.left, layout.right)
    parts = (
        tag("title", "Differences with their 95% intervals"),
        tag("desc", words),
        *_ground(scale, margin, _strips(groups, layout), bottom),
        *_rows(groups, scale, layout),
    )
    return tag(
        "svg",
        *(joined(part, markup.LINE) for part in parts),
        viewBox=f"0 0 {layout.width} {bottom + _FOOT}",
        class_=f"chart forest {layout.name}",
        role="img",
    )


def _range(groups: Sequence[Group], margin: float) -> tuple[float, float]:
    """What the axis shows: 0, the margin, every difference, and the intervals of the groups that are not wide."""
    ends = [0.0, -margin, margin]
    for group in groups:
        for bar in group.bars:
            ends.append(bar.difference)
            ends.extend((bar.interval.low, bar.interval.high) if bar.interval and not group.wide else ())
    low, high = min(ends) * _ROOM, max(ends) * _ROOM
    return min(low, -1.0), max(high, 1.0)


def _strips(groups: Sequence[Group], layout: _Layout) -> list[tuple[float, float]]:
    """Top and bottom of each piece of the ground: it is not drawn where words stand."""
    strips, y = list[tuple[float, float]](), float(_HEAD)
    for group in groups:
        y += _GROUP if group.title else 0
        ends = [y + layout.row * place for place in range(len(group.bars) + 1)]
        if layout.label_above:
            strips += [(end - _STRIP, end) for end in ends[1:]]
        else:
            strips.append((ends[0], ends[-1]))
        y = ends[-1]
    return strips


def _ground(scale: Scale, margin: float, strips: Sequence[tuple[float, float]], bottom: float) -> Iterator[Markup]:
    values = chart_scales.ticks(scale.low, scale.high, int((scale.end - scale.start) / _PIXELS_PER_TICK))
    zero = _px(scale(0))
    for top, end in strips:
        ys = {"y1": _px(top), "y2": _px(end)}
        if margin:
            left, right = scale(-margin), scale(margin)
            about = tag("title", f"Within {margin:g} points nothing differs that matters: the margin")
            size = {"x": _px(left), "y": _px(top), "width": _px(right - left), "height": _px(end - top)}
            yield tag("rect", about, class_="band", **size)
        for value in values:
            yield tag("line", x1=_px(scale(value)), x2=_px(scale(value)), class_="grid", **ys)
        yield tag("line", x1=zero, x2=zero, class_="zero", **ys)
    if margin:
        words, half = f"margin {margin:g}", chart_legend.width(f"margin {margin:g}") / 2
        middle = min(max(scale(0), scale.start + half), scale.end - half)
        yield tag("text", words, x=_px(middle), y=_HEAD - 12, text_anchor="middle")
    for value, label in zip(values, chart_scales.labels(values), strict=True):
        yield tag("text", label, x=_px(scale(value)), y=_px(bottom + 18), text_anchor="middle")
    yield tag("line", x1=_px(scale.start), x2=_px(scale.end), y1=_px(bottom), y2=_px(bottom), class_="axis")
    name = "points; right of 0 the first one is better"
    yield tag("text", name, x=_px((scale.start + scale.end) / 2), y=_px(bottom + 37), class_="name")


def _rows(groups: Sequence[Group], scale: Scale, layout: _Layout) -> Iterator[Markup]:
    y = float(_HEAD)
    for group in groups:
        if group.title:
            yield tag("text", group.title, x=0, y=_px(y + 20), class_="told")
            y += _GROUP
        for bar in group.bars:
            yield tag("g", *_bar(bar, y, scale, layout), class_=_classes(bar))
            y += layout.row


def _classes(bar: Bar) -> str:
    return f"bar{' decides' if bar.decides else ''}{'' if bar.reliable else ' unreliable'}"


def _bar(bar: Bar, top: float, scale: Scale, layout: _Layout) -> Iterator[Markup]:
    middle = top + layout.row - 12
    words = top + 14 if layout.label_above else middle + 4
    end = layout.width - chart_legend.width(bar.told) - 10 if layout.label_above else layout.left - 8
    yield tag("text", _cut(bar.label, end), x=0, y=_px(words), class_="legend")
    yield tag("text", bar.told, x=layout.width, y=_px(words), text_anchor="end")
    yield from _interval(bar, middle, scale)
    x = scale(bar.difference)
    place = f"translate({_px(x)} {_px(middle)})"
    yield tag("path", tag("title", f"{bar.label}: {bar.told}"), d=chart_legend.SHAPES[2], transform=place, class_="at")


def _interval(bar: Bar, y: float, scale: Scale) -> Iterator[Markup]:
    """The line of an interval; an arrow where it goes on beyond the axis."""
    if bar.interval is None:
        return
    left, right = scale(bar.interval.low), scale(bar.interval.high)
    yield tag("line", x1=_px(left), x2=_px(right), y1=_px(y), y2=_px(y), class_="interval")
    for x, beyond, inward in (
        (left, bar.interval.low < scale.low, _CAP),
        (right, bar.interval.high > scale.high, -_CAP),
    ):
        corner = f"{_px(x + inward)} {_px(y - _CAP)}L{_px(x)} {_px(y)}L{_px(x + inward)} {_px(y + _CAP)}"
        yield tag("path", d=f"M{corner}" if beyond else f"M{_px(x)} {_px(y - _CAP)}v{2 * _CAP}", class_="interval")


def _cut(label: str, pixels: float) -> str:
    """The label, as far as it fits."""
    letters = max(4, int(pixels / chart_legend.width("m")))
    return label if len(label) <= letters else f"{label[: letters - 1]}…"


def _px(value: float) -> str:
    return f"{value:.1f}"
