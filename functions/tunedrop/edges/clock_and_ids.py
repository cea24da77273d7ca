"""Now, and new ids: the two things that pure code is handed and never fetches."""

from __future__ import annotations

from datetime import UTC, datetime

from ulid import ULID


def now() -> datetime:
    """The wall clock, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A ULID in lower case: unique, sorts by time, fits every name pattern of Bedrock."""
    return str(ULID()).lower()
