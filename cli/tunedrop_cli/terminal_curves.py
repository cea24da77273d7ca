"""Draw loss curves as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 64, 12


@dataclass(frozen=True, slots=True)
class Curve:
    """One series: its name, its mark, and its (step, loss) points in order of steps."""

    name: str
    mark: str
    points: Sequence[tuple[float, float]]


def draw(curves: Sequence[Curve], *, axis: str = "step", width: int = WIDTH, height: int = HEIGHT) -> list[str]:
    """Return lines of text: the losses over the steps, with a scale at the left. Later curves cover earlier ones."""
    drawn = [curve for curve in curves if curve.points]
    if not drawn:
        return ["no points"]
    steps = [step for curve in drawn for step, _ in curve.points]
    losses = [loss for curve in drawn for _, loss in curve.points]
    low, high = min(losses), max(losses)
    grid = [[" "] * width for _ in range(height)]
    for curve in drawn:
        for column, loss in _columns(curve, min(steps), max(steps), width):
            grid[_row(loss, low, high, height)][column] = curve.mark
    scale = [f"{high - (high - low) * row / (height - 1):8.3f} │" for row in range(height)]
    body = [label + "".join(cells).rstrip() for label, cells in zip(scale, grid, strict=True)]
    ground = f"{'':8} └{'─' * width}"
    ends = f"{axis:>8}  {min(steps):<{width // 2}.0f}{max(steps):>{width // 2}.0f}"
    legend = "   ".join(f"{curve.mark} {curve.name}".rstrip() for curve in drawn)
    return [*body, ground, ends, f"{'':10}{legend}"]


def _columns(curve: Curve, first: float, last: float, width: int) -> list[tuple[int, float]]:
    """The mean of the losses in each column, as (column, loss)."""
    span = (last - first) or 1.0
    falls: dict[int, list[float]] = {}
    for step, loss in curve.points:
        falls.setdefault(round((step - first) / span * (width - 1)), []).append(loss)
    return [(column, sum(losses) / len(losses)) for column, losses in sorted(falls.items())]


def _row(loss: float, low: float, high: float, height: int) -> int:
    return round((high - loss) / ((high - low) or 1.0) * (height - 1))
