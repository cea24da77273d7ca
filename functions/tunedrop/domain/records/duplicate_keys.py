"""Keys that occur twice in one JSON object. Python's parser would silently take the last one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tunedrop.domain.records.defects import Defect, shown


def defect(pairs: Iterable[tuple[str, Any]]) -> Defect:
    """The defect of the first repeated key among an object's pairs. Raises ValueError if all keys differ."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return Defect("duplicate_key", f"The key {shown(name)} occurs twice in one object.")
        seen.add(name)
    raise ValueError("no key occurs twice")
