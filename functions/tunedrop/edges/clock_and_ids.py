"""The current time and new ids: pure code receives both as arguments."""

from __future__ import annotations

from datetime import UTC, datetime

from ulid import ULID


def now() -> datetime:
    """The current time as an aware datetime in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A ULID in lower case (26 characters): unique, sorts by time, valid in every Bedrock name."""
    return str(ULID()).lower()
