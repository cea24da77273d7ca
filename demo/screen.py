"""The demo's output: steps with their result and time, progress while something takes long, and plain lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.status import Status


@dataclass(slots=True)
class Screen:
    """A terminal, or a file or pipe, to which it writes without animation and color."""

    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    started: float = field(default_factory=time.monotonic)
    number: int = 0

    def title(self, text: str) -> None:
        """Print a heading."""
        self.console.print(f"\n[bold]{escape(text)}[/bold]")

    @contextmanager
    def step(self, text: str, *, still: bool = False) -> Iterator[Callable[[str], None]]:
        """Print a step's heading, then its result and time; an exception means failure.

        Yields a function that shows progress. `still` turns off the spinner, which would erase text without line ends.
        """
        self.number += 1
        began = time.monotonic()
        label = f"{self.number:>2}. {text}"
        self.console.print(f"\n[bold cyan]{escape(label)}[/bold cyan]")
        with self._moving(text, still=still) as say:
            try:
                yield say
            except BaseException:
                self.console.print(f"    [bold red]failed[/bold red] after {time.monotonic() - began:.1f} s")
                raise
        self.console.print(f"    [green]done[/green] in {time.monotonic() - began:.1f} s")

    def line(self, text: str = "") -> None:
        """Print an indented line."""
        self.console.print(f"    {escape(text)}" if text else "")

    def fact(self, name: str, value: object) -> None:
        """Print a name and its value."""
        self.console.print(f"    [dim]{escape(name):<16}[/dim] {escape(str(value))}")

    def write(self, text: str) -> None:
        """Print a piece of streamed text."""
        self.console.print(escape(text), end="")

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.started

    @contextmanager
    def _moving(self, text: str, *, still: bool) -> Iterator[Callable[[str], None]]:
        if still or not self.console.is_terminal:
            yield _Changes(self.line)
            return
        with Status(escape(text), console=self.console, spinner="dots") as status:
            yield lambda progress: status.update(escape(progress))


@dataclass(slots=True)
class _Changes:
    """Prints progress only when it changes: without a terminal there is no line to redraw."""

    say: Callable[[str], None]
    last: str = ""

    def __call__(self, progress: str) -> None:
        if progress != self.last:
            self.last = progress
            self.say(progress)
