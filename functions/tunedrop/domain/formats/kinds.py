"""Kinds of records for another purpose or of another tool, and how to know them by their fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

PAIR = '{"prompt": "…", "completion": "…"}'
TALK = '{"messages": [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]}'

Names = Mapping[str, Any]
"""An object's fields, folded to lower case."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`marks`: one of these fields is in every such record, so that others are passed over quickly."""

    marks: frozenset[str]
    is_it: Callable[[Names], bool]
    what: str
    hint: str


def of(*names: str) -> Callable[[Names], bool]:
    """Whether all of these fields are there; a|b stands for either."""
    wanted = [name.split("|") for name in names]
    return lambda found: all(any(name in found for name in either) for either in wanted)


def has(found: Names, name: str, *inner: str) -> bool:
    """Whether a field holds an object, or a list that begins with one, that has one of these fields."""
    value = found.get(name)
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and not set(inner).isdisjoint(first)
