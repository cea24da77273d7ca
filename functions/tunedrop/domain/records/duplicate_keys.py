"""Keys that stand twice in one JSON object: Python's reader would silently take the last of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tunedrop.domain.records.defects import Defect, shown


def defect(pairs: Iterable[tuple[str, Any]]) -> Defect:
    """The first key among an object's pairs that came before. Raises ValueError where all differ."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return Defect("duplicate_key", f"The key {shown(name)} stands twice in one object.")
        seen.add(name)
    raise ValueError("no key stands twice")
