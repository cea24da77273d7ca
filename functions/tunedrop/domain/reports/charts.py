"""Draw line charts as SVG, for pages and as files: no script, no network, the same bytes for the same data. Pure.

Series differ in color, dash and marker, so that each alone tells them apart; charts.css has the colors for light, dark
and print.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from tunedrop.domain.reports import chart_legend, chart_scales, downsampling, markup, smoothing
from tunedrop.domain.reports.chart_scales import Scale
from tunedrop.domain.reports.markup import Markup, joined, tag

MOST_SERIES = 6
"""In one chart: more could not be told apart."""
MAX_POINTS = 1_000
"""Points drawn of one series, each bucket's peaks among them."""

_FEW, _MARKERS = 40, 6
"""Series of at most so many points get a marker at each; others get so many in all."""
_LEFT, _RIGHT, _BOTTOM, _HEAD = 66, 12, 44, 20
_PIXELS_PER_TICK, _PIXELS_PER_LABEL = 44, 72


@dataclass(frozen=True, slots=True)
class Series:
    """One line."""

    name: str
    points: Sequence[tuple[float, float | None]]
    """x, which does not fall, and y. A y that is None, not finite or beyond 1e125 is a gap."""
    smooth: bool = False
    """Draw a centered mean, and the points themselves faintly behind it, if there are enough of them."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line at x."""

    x: float
    words: str
    event: bool = False
    """Something that happened, and not only a boundary: drawn more clearly."""


@dataclass(frozen=True, slots=True)
class Notable:
    """One point to look at."""

    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows."""

    title: str
    words: str
    """What it shows, for people who can't see it."""
    x_title: str
    y_title: str
    series: Sequence[Series]
    """At most MOST_SERIES; of more, the first ones."""
    marks: Sequence[Mark] = ()
    spots: Sequence[Notable] = ()
    log: bool = False
    """Show y by powers of ten. Then a y that is not above 0 is a gap."""


@dataclass(frozen=True, slots=True)
class _Size:
    name: str
    width: int
    height: int


_WIDE, _NARROW = _Size("wide", 720, 320), _Size("narrow", 360, 300)


@dataclass(frozen=True, slots=True)
class _Stroke:
    """A series as it is drawn: few points, and how many values each of them averages (1: none but its own)."""

    name: str
    raw: Sequence[tuple[float, float | None]]
    means: Sequence[tuple[float, float | None]]
    window: int


@dataclass(frozen=True, slots=True)
class _Plane:
    """The area inside the axes."""

    x: Scale
    y: Scale

    @property
    def top(self) -> float:
        return self.y.end

    @property
    def bottom(self) -> float:
        return self.y.start

    def at(self, x: float, y: float) -> tuple[str, str]:
        """A point in pixels, as SVG takes it."""
        return _px(self.x(x)), _px(self.y(y))


def figure(chart: Chart, max_points: int = MAX_POINTS) -> Markup:
    """The chart for a page with `sheet()`, in two layouts, of which the page shows the one that fits its window."""
    lines = [_line(each, max_points, log=chart.log) for each in chart.series[:MOST_SERIES]]
    return joined(_drawn(chart, lines, _WIDE), _drawn(chart, lines, _NARROW))


def picture(chart: Chart, max_points: int = MAX_POINTS) -> bytes:
    """The chart as an SVG file of its own."""
    lines = [_line(each, max_points, log=chart.log) for each in chart.series[:MOST_SERIES]]
    return f"{_drawn(chart, lines, _WIDE, alone=True)}\n".encode()


@cache
def sheet() -> str:
    """The style sheet for `figure`."""
    return resources.files(__package__).joinpath("charts.css").read_text("utf-8")


def _line(series: Series, max_points: int, *, log: bool) -> _Stroke:
    points = [point for point in series.points if chart_scales.is_drawable(point[0])]
    values = [y if chart_scales.is_drawable(y) and not (log and y is not None and y <= 0) else None for _, y in points]
    window = smoothing.window(len(values)) if series.smooth else 1
    raw = [(points[index][0], values[index]) for index in downsampling.kept(values, max_points)]
    if window == 1:
        return _Stroke(series.name, raw, raw, window)
    means = smoothing.smoothed(values, window)
    return _Stroke(
        series.name, raw, [(points[index][0], means[index]) for index in downsampling.kept(means, max_points)], window
    )


def _drawn(chart: Chart, lines: Sequence[_Stroke], size: _Size, *, alone: bool = False) -> Markup:
    names = [f"{line.name}, mean of {line.window}" if line.window > 1 else line.name for line in lines]
    legend, top = chart_legend.rows(names, _LEFT, size.width - _RIGHT)
    plane = _plane(chart, lines, size, top + (_HEAD if chart.marks else 0))
    parts = (
        tag("title", chart.title),
        tag("desc", chart.words),
        markup.style(sheet()) if alone else None,
        tag("rect", class_="paper", width=size.width, height=size.height) if alone else None,
        *_axes(chart, plane, size),
        *_marks(chart.marks, plane, top),
        *(part for index, line in enumerate(lines) for part in _curve(line, index, plane)),
        *_spots(chart.spots, plane),
        None if any(line.raw for line in lines) else _nothing(plane),
        legend,
    )
    return tag(
        "svg",
        *(joined(part, markup.LINE) for part in parts if part is not None),
        xmlns="http://www.w3.org/2000/svg" if alone else None,
        viewBox=f"0 0 {size.width} {size.height}",
        width=size.width if alone else None,
        height=size.height if alone else None,
        class_="chart" if alone else f"chart {size.name}",
        role="img",
    )


def _plane(chart: Chart, lines: Sequence[_Stroke], size: _Size, top: float) -> _Plane:
    xs = [x for line in lines for x, _ in line.raw]
    ys = [y for line in lines for _, y in line.raw if y is not None]
    first, last = min(xs, default=0.0), max(xs, default=1.0)
    if last - first <= 1e-9 * max(abs(first), abs(last)):  # one x only
        margin = max(1.0, abs(first) * 1e-6)
        first, last = first - margin, last + margin
    low, high = chart_scales.around(ys, log=chart.log and bool(ys))
    return _Plane(
        Scale(float(first), float(last), _LEFT, size.width - _RIGHT),
        Scale(low, high, size.height - _BOTTOM, top, log=chart.log and bool(ys)),
    )


def _axes(chart: Chart, plane: _Plane, size: _Size) -> Iterator[Markup]:
    left, right = _px(plane.x.start), _px(plane.x.end)
    rows = int((plane.bottom - plane.top) / _PIXELS_PER_TICK)
    make = chart_scales.log_ticks if plane.y.log else chart_scales.ticks
    values = make(plane.y.low, plane.y.high, rows)
    for value, label in zip(values, chart_scales.labels(values), strict=True):
        y = _px(plane.y(value))
        yield tag("line", x1=left, x2=right, y1=y, y2=y, class_="grid")
        yield tag("text", label, x=_px(plane.x.start - 8), y=_px(plane.y(value) + 4), text_anchor="end")
    yield tag("line", x1=left, x2=right, y1=_px(plane.bottom), y2=_px(plane.bottom), class_="axis")
    columns = int((plane.x.end - plane.x.start) / _PIXELS_PER_LABEL)
    whole = plane.x.low.is_integer() and plane.x.high.is_integer()
    values = chart_scales.ticks(plane.x.low, plane.x.high, columns, whole=whole)
    for value, label in zip(values, chart_scales.labels(values), strict=True):
        anchor = "end" if plane.x(value) > size.width - _RIGHT - 16 else "middle"
        yield tag("text", label, x=_px(plane.x(value)), y=_px(plane.bottom + 18), text_anchor=anchor)
    middle = (plane.top + plane.bottom) / 2
    yield tag("text", chart.x_title, x=_px((plane.x.start + plane.x.end) / 2), y=size.height - 6, class_="name")
    y_title = f"{chart.y_title} (powers of ten)" if plane.y.log else chart.y_title
    yield tag("text", y_title, x=0, y=0, class_="name", transform=f"translate(13 {_px(middle)}) rotate(-90)")


def _marks(marks: Sequence[Mark], plane: _Plane, top: float) -> Iterator[Markup]:
    """Vertical lines; words that would run into each other or out of the chart are left out."""
    taken = plane.x.start
    for mark in sorted(marks, key=lambda mark: (not mark.event, mark.x)):
        if not plane.x.low <= mark.x <= plane.x.high:
            continue
        x = plane.x(mark.x)
        yield tag(
            "line",
            tag("title", mark.words),
            x1=_px(x),
            x2=_px(x),
            y1=_px(plane.top if mark.event else top + 4),
            y2=_px(plane.bottom),
            class_="event" if mark.event else "boundary",
        )
        width = chart_legend.width(mark.words)
        if mark.event:
            inside = x - width - 6 < plane.x.start
            yield tag(
                "text",
                mark.words,
                x=_px(x + 6 if inside else x - 6),
                y=_px(plane.top + 14),
                text_anchor=None if inside else "end",
                class_="told",
            )
        elif x >= taken - 1 and x + 4 + width <= plane.x.end:
            taken = x + 4 + width + 8
            yield tag("text", mark.words, x=_px(x + 4), y=_px(top + 14))


def _curve(line: _Stroke, index: int, plane: _Plane) -> Iterator[Markup]:
    if line.window > 1:
        yield tag("path", d=_path(line.raw, plane), class_=f"raw s{index}")
    yield tag("path", d=_path(line.means, plane), class_=f"line s{index}")
    marked = line.means
    if len(marked) > _FEW:  # of each series elsewhere, so that lines close together keep theirs apart
        every = len(marked) // _MARKERS
        marked = marked[(index + 1) * every // (MOST_SERIES + 1) :: every]
    for x, y in marked:
        if y is not None:
            about = tag("title", f"{line.name} at {x:,g}: {y:.4g}")
            yield chart_legend.marker(index, plane.x(x), plane.y(y), about)


def _path(points: Sequence[tuple[float, float | None]], plane: _Plane) -> str:
    """A line through the points, which begins anew after each gap; a lone point is a dot."""
    pieces: list[str] = []
    begun = False
    for x, y in points:
        if y is None:
            begun = False
            continue
        at = " ".join(plane.at(x, y))
        pieces.append(f"L{at}" if begun else f"M{at}h0")
        begun = True
    return "".join(pieces)


def _spots(spots: Sequence[Notable], plane: _Plane) -> Iterator[Markup]:
    for spot in spots:
        if not (chart_scales.is_drawable(spot.x) and chart_scales.is_drawable(spot.y)):
            continue
        (x, y), half = (plane.x(spot.x), plane.y(spot.y)), chart_legend.width(spot.words) / 2
        yield tag("circle", tag("title", spot.words), cx=_px(x), cy=_px(y), r=8, class_="spot")
        middle = min(max(x, plane.x.start + half), plane.x.end - half)
        above = y - 14 if y - 28 > plane.top else y + 24
        yield tag("text", spot.words, x=_px(middle), y=_px(above), text_anchor="middle", class_="told")


def _nothing(plane: _Plane) -> Markup:
    x, y = (plane.x.start + plane.x.end) / 2, (plane.top + plane.bottom) / 2
    return tag("text", "nothing to show", x=_px(x), y=_px(y), text_anchor="middle", class_="told")


def _px(value: float) -> str:
    return f"{value:.1f}"
