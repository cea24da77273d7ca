"""Render a histogram of record lengths as inline SVG; fonts and colors come from the page's style sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tunedrop.domain.reports.markup import Markup, joined, tag

_WIDTH, _HEIGHT = 720, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 12, 40
_GAP = 0.14
"""Fraction of a bin's width left free between bars."""
_TICKS = 4
_LABELS = 8


def render(bins: Sequence[Mapping[str, Any]]) -> Markup:
    """Draw bars for bins of `from` and `to` (estimated tokens, both inclusive) and `records`."""
    highest = _round_up(max(int(bin_["records"]) for bin_ in bins))
    return tag(
        "svg",
        *_grid(highest),
        *(_bar(bin_, index, len(bins), highest) for index, bin_ in enumerate(bins)),
        _labels(bins),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        class_="histogram",
        role="img",
        aria_label="Histogram of estimated tokens per record",
    )


def _grid(highest: int) -> list[Markup]:
    lines = []
    for tick in range(_TICKS + 1):
        y = _y(highest * tick / _TICKS, highest)
        lines.append(tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="grid" if tick else "axis"))
        if tick in {0, _TICKS // 2, _TICKS}:
            count = highest * tick // _TICKS
            lines.append(tag("text", f"{count:,}", x=_LEFT - 8, y=f"{float(y) + 4:.1f}", text_anchor="end"))
    return lines


def _bar(bin_: Mapping[str, Any], index: int, count: int, highest: int) -> Markup:
    records = int(bin_["records"])
    slot = (_WIDTH - _LEFT - _RIGHT) / count
    top = float(_y(records, highest))
    floor = _HEIGHT - _BOTTOM
    height = max(floor - top, 1.5) if records else 0
    return tag(
        "rect",
        tag("title", f"{bin_['from']:,} to {bin_['to']:,} tokens: {records:,} {_plural(records)}"),
        x=f"{_LEFT + slot * (index + _GAP / 2):.1f}",
        y=f"{floor - height:.1f}",
        width=f"{slot * (1 - _GAP):.1f}",
        height=f"{height:.1f}",
        rx=2,
    )


def _labels(bins: Sequence[Mapping[str, Any]]) -> Markup:
    slot = (_WIDTH - _LEFT - _RIGHT) / len(bins)
    every = -(-len(bins) // _LABELS)
    shown = [
        tag("text", f"{bin_['from']:,}", x=f"{_LEFT + slot * index:.1f}", y=_HEIGHT - 24, text_anchor="middle")
        for index, bin_ in enumerate(bins)
        if index % every == 0
    ]
    middle = _LEFT + (_WIDTH - _LEFT - _RIGHT) // 2
    title = tag("text", "estimated tokens per record", x=middle, y=_HEIGHT - 5, text_anchor="middle", class_="title")
    return joined(*shown, title)


def _y(count: float, highest: int) -> str:
    return f"{_TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - count / highest):.1f}"


def _round_up(count: int) -> int:
    """Round up to a number that four ticks divide into round numbers."""
    magnitude = 1
    while True:
        for step in (4, 8, 12, 20, 40):
            if step * magnitude >= count:
                return step * magnitude
        magnitude *= 10


def _plural(records: int) -> str:
    return "record" if records == 1 else "records"
