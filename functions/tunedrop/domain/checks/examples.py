"""Builders of good records and files for the examples of checks."""

from __future__ import annotations

import json
from collections.abc import Callable


def line(prompt: str = "Why?", completion: str = "Because.") -> str:
    """One good record as a JSON line, without its line end."""
    return json.dumps({"prompt": prompt, "completion": completion})


def messages(*turns: tuple[str, str], system: str | None = None) -> str:
    """One record in Claude's format as a JSON line; turns are (role, content)."""
    opening = {} if system is None else {"system": system}
    listed = [{"role": role, "content": content} for role, content in turns]
    return json.dumps({**opening, "messages": listed})


def good(count: int, start: int = 0, *, conversations: bool = False) -> Callable[[], bytes]:
    """Return a builder of a JSON Lines file with `count` different good records, numbered from `start`."""

    def build() -> bytes:
        pairs = [(f"What is {number} + 1?", f"It is {number + 1}.") for number in range(start, start + count)]
        written = [
            messages(("user", ask), ("assistant", say)) if conversations else line(ask, say) for ask, say in pairs
        ]
        return "".join(f"{text}\n" for text in written).encode()

    return build
