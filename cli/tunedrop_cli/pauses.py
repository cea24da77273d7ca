"""How long to wait between two looks at what goes on by itself."""

from __future__ import annotations

from collections.abc import Iterator

FIRST, LONGEST = 0.2, 15.0


def growing() -> Iterator[float]:
    """Seconds without end: short at first, when states follow fast, then as long as a person minds."""
    pause = FIRST
    while True:
        yield pause
        pause = min(pause * 1.3, LONGEST)
