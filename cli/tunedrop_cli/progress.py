"""Progress where there is a terminal: a bar on standard error, or a line that says how it is right now."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function to call with each number of bytes done; the bar disappears at the end."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=total)
        yield lambda count: progress.advance(task, count)


@contextmanager
def count(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Like `bar`, for things that are counted."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}", markup=False), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=total)
        yield lambda number: progress.advance(task, number)


@contextmanager
def status(screen: Console) -> Iterator[Callable[[str], None]]:
    """Yield a function that rewrites a line at the terminal's end; it does nothing if there is no terminal."""
    if not screen.is_terminal:
        yield lambda _: None
        return
    with screen.status("", spinner="dots") as line:
        yield line.update
