"""Charts: whatever the data is, the drawing is sound, shows the peaks, and says the same to everybody."""

from __future__ import annotations

import math
import re
import time
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tunedrop.domain.reports import chart_scales, charts, smoothing
from tunedrop.domain.reports.charts import Chart, Mark, Notable, Series

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</text><script>alert(1)</script>\" onload='x' \u202e&"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")

LOSSES = st.none() | st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 10)
POINTS = st.lists(LOSSES, max_size=120).map(lambda ys: [(float(x), y) for x, y in enumerate(ys)])
CHARTS = st.builds(
    Chart,
    title=st.text(max_size=20),
    words=st.text(max_size=20),
    x_title=st.text(max_size=20),
    y_title=st.text(max_size=20),
    series=st.lists(st.builds(Series, st.text(max_size=60), POINTS, st.booleans()), max_size=8),
    marks=st.lists(st.builds(Mark, st.floats(), st.text(max_size=20), st.booleans()), max_size=5),
    spots=st.lists(st.builds(Notable, st.floats(), st.floats(), st.text(max_size=20)), max_size=3),
    log=st.booleans(),
)


def _chart(*series: Series, log: bool = False) -> Chart:
    return Chart("Loss by step", "It falls.", "step", "loss", series, log=log)


def _tree(chart: Chart) -> ET.Element:
    return ET.fromstring(charts.picture(chart))  # noqa: S314 - our own bytes


def _lines(tree: ET.Element, kind: str) -> list[list[tuple[float, float]]]:
    """The points of each curve of a kind: `raw` or `line`, the legend's left out."""
    found = [each.get("d") or "" for each in tree.findall(f"{SVG}path") if (each.get("class") or "").startswith(kind)]
    return [[(float(x), float(y)) for x, y in re.findall(r"[ML](\S+) ([\d.-]+)", path)] for path in found]


@given(CHARTS)
@example(_chart(Series("s", [(0.0, 1e125), (1.0, -1e125)])))
@example(_chart(Series("s", [(0.0, 5e-324), (1.0, 1e-300)]), log=True))
@example(_chart(Series("s", [(0.0, 1e-125), (1.0, 1e125)]), log=True))
@example(_chart(Series("s", [(1e15, 1.0), (1e15 + 1, 1.0000000001)])))
def test_every_drawing_is_sound_xml_without_nan_and_inside_its_box(chart):
    drawn = charts.picture(chart)
    tree = ET.fromstring(drawn)  # noqa: S314 - our own bytes
    shapes = [re.sub(r'class="[^"]*"', "", ET.tostring(each).decode()) for each in tree.findall(f"{SVG}path")]
    assert not any(re.search(r"nan|inf", each.split(">")[0]) for each in shapes)
    assert drawn == charts.picture(chart), "the same data gives the same bytes"
    for points in (*_lines(tree, "raw"), *_lines(tree, "line")):
        assert all(0 <= x <= 720 and 0 <= y <= 320 for x, y in points)
    for name, most in {"x": 720, "x1": 720, "x2": 720, "cx": 720, "y": 320, "y1": 320, "y2": 320, "cy": 320}.items():
        found = [float(value) for each in tree.iter() if (value := each.get(name)) is not None]
        assert all(0 <= value <= most for value in found), name


@settings(max_examples=20)
@given(st.integers(0, 4_999), st.floats(20, 1000))
def test_a_peak_among_many_points_is_drawn(at, height):
    points = [(float(x), height if x == at else math.sin(x)) for x in range(5_000)]
    (raw,) = _lines(_tree(_chart(Series("s", points, smooth=True))), "raw")
    assert len(raw) <= charts.MAX_POINTS
    top = min(y for _, y in raw)
    assert top < 60, "the peak reaches almost to the top of the chart"
    assert sum(y < 200 for _, y in raw) == 1


def test_gaps_are_not_bridged():
    points = [(0.0, 1.0), (1.0, 1.1), (2.0, None), (3.0, math.nan), (4.0, 1.2), (5.0, math.inf), (6.0, 1.0)]
    paths = [each.get("d") for each in _tree(_chart(Series("s", points))).findall(f"{SVG}path")]
    assert paths[0].count("M") == 3, "two stretches and a lone point"


def test_a_hundred_thousand_points_take_less_than_a_third_of_a_second():
    chart = _chart(Series("s", [(float(x), math.sin(x / 100)) for x in range(100_000)], smooth=True))
    began = time.process_time()
    charts.figure(chart)
    assert time.process_time() - began < 0.3


def test_no_text_breaks_out_of_the_drawing():
    chart = Chart(
        HOSTILE,
        HOSTILE,
        HOSTILE,
        HOSTILE,
        [Series(HOSTILE, [(0, 1.0), (1, 2.0)])],
        [Mark(0, HOSTILE), Mark(1, HOSTILE, event=True)],
        [Notable(1, 2.0, HOSTILE)],
    )
    known = {"svg", "title", "desc", "style", "rect", "line", "text", "path", "circle", "g"}
    assert {each.tag.removeprefix(SVG) for each in _tree(chart).iter()} == known
    assert b"<script" not in charts.picture(chart) + charts.figure(chart).encode()
    assert "\u202e" not in charts.figure(chart)


def test_people_who_see_no_picture_get_its_words():
    tree = _tree(_chart(Series("s", [(0, 1.0)])))
    assert tree.get("role") == "img"
    assert [each.text for each in list(tree)[:2]] == ["Loss by step", "It falls."]


def test_series_differ_in_color_dash_and_marker():
    chart = _chart(*(Series(str(index), [(0, index), (1, index)]) for index in range(charts.MOST_SERIES)))
    markers = {each.get("d") for each in _tree(chart).findall(f"{SVG}path") if each.get("class", "").startswith("dot")}
    assert len(markers) == charts.MOST_SERIES
    rules = re.findall(r"\.s\d \{ --series: (var\(\S+\));(?: stroke-dasharray: ([^;]+);)? \}", charts.sheet())
    assert len({color for color, _ in rules}) == len({dash for _, dash in rules}) == charts.MOST_SERIES


@pytest.mark.parametrize(("place", "paper"), [(0, "#ffffff"), (1, "#1a1e24"), (2, "#ffffff")])
def test_every_color_stands_out_from_its_paper(place, paper):
    block = re.findall(r"\.chart \{\n(.*?)\}", charts.sheet(), re.DOTALL)[place]
    assert f"--chart-paper: {paper}" in block
    colors = dict(re.findall(r"--chart-(\w+): (#\w{6})", block))
    for name, least in {"ink": 7, "soft": 4.5, **dict.fromkeys("012345", 3)}.items():
        assert _contrast(colors[name], paper) >= least, name


def _contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 12))
def test_ticks_are_few_inside_and_read_apart(low, span, most):
    ticks = chart_scales.ticks(low, low + span, most)
    assert len(ticks) <= most + 1
    assert all(low - span * 1e-6 <= tick <= low + span * (1 + 1e-6) for tick in ticks)
    said = chart_scales.labels(ticks)
    assert len(set(said)) == len(said)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (1.0, 1_000.0, ["1", "10", "100", "1,000"]),
        (0.5, 4.0, ["0.5", "1", "2"]),
        (1.0, 1e9, ["1", "100", "1e4", "1e6", "1e8"]),
    ],
)
def test_ticks_of_powers_of_ten(low, high, said):
    assert chart_scales.labels(chart_scales.log_ticks(low, high, 5)) == said


def test_steps_are_whole_numbers():
    assert chart_scales.labels(chart_scales.ticks(0, 3, 8, whole=True)) == ["0", "1", "2", "3"]


def test_means_are_centered_and_leave_gaps():
    ramp = [float(value) for value in range(100)]
    means = smoothing.smoothed([*ramp, None, *ramp], 11)
    assert means[100] is None
    assert all(
        mean is None or mean == pytest.approx(value) for mean, value in zip(means, [*ramp, 0, *ramp], strict=True)
    )
    assert sum(mean is None for mean in means) == 1 + 4, "where fewer than a quarter of the window fits there is none"


def test_few_values_are_not_smoothed():
    assert smoothing.window(19) == 1
    assert [smoothing.window(count) % 2 for count in range(20, 3_000, 7)] == [1] * 426
