"""Tables for a terminal: as wide as it is, plain text if there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text
from tunedrop.domain.reports.markup import visible

STYLES = {
    "Completed": "green",
    "accepted": "green",
    "Ready": "green",
    "Failed": "bold red",
    "rejected": "bold red",
    "WaitingForCapacity": "yellow",
    "Stopped": "yellow",
}
"""How a status looks; the word says it, too."""


def show(screen: Console, columns: Sequence[str], rows: Iterable[Sequence[str]], *, spare: int = 0) -> None:
    """Print rows of cells under their titles; elsewhere than on a terminal each row stays one line.

    On a terminal that is too narrow the last cells wrap; the last `spare` columns are left out first, one by one.
    """
    cells = [tuple(map(visible, row)) for row in rows]
    shown = len(columns) - (_left_out(screen, columns, cells, spare) if screen.is_terminal else 0)
    table = Table(box=None, pad_edge=False, header_style="dim", show_header=any(columns))
    for number, column in enumerate(columns[:shown], 1):
        table.add_column(column, overflow="fold", no_wrap=not screen.is_terminal or number < shown)
    for row in cells:
        table.add_row(*(Text(cell, STYLES.get(cell, "")) for cell in row[:shown]))
    if screen.is_terminal:
        screen.print(table, soft_wrap=False)
        return
    wide = Console(file=screen.file, width=10_000, highlight=False, emoji=False, markup=False)
    with wide.capture() as caught:
        wide.print(table)
    for line in caught.get().splitlines():
        screen.print(Text(line.rstrip()))


def _left_out(screen: Console, columns: Sequence[str], cells: Sequence[Sequence[str]], spare: int) -> int:
    """How many of the last columns don't fit, at most `spare`."""
    widths = [max(map(len, column)) + 2 for column in zip(columns, *cells, strict=True)]
    return next((left for left in range(spare) if sum(widths[: len(widths) - left]) - 2 <= screen.width), spare)


def facts(screen: Console, rows: Iterable[tuple[str, str]]) -> None:
    """Print names and what is known of each, side by side; rows without a value are left out."""
    known = [(name, value) for name, value in rows if value]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        screen.print(Text.assemble("  ", (f"{name:<{width}}  ", "dim"), (visible(value), STYLES.get(value, ""))))
