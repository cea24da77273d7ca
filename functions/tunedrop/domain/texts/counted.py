"""Numbers of things in words. Pure."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """A number of things that take an s: `1 model unit`, `2 model units`, `1,000 steps`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
