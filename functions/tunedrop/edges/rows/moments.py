"""Times as they stand in rows: ISO 8601 in UTC with `Z`, always with microseconds so that text sorts as time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def to_text(moment: datetime) -> str: ...
@overload
def to_text(moment: None) -> None: ...
def to_text(moment: datetime | None) -> str | None:
    """`2026-11-22T09:30:00.000000Z`; None stays None."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
