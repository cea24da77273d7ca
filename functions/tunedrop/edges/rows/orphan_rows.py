"""What people were told of paid capacity that no deployment owns: one row for each, so that it is told daily."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tunedrop.edges.rows import stored
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.writes import Key, Put

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class ToldOrphan:
    """When it was last told, and how often."""

    arn: str
    told_at: datetime
    times: int
    why: str
    """Why no deployment could adopt it."""
    ends_at: datetime | None = None
    """When it was to end, by the schedule that bears its name."""


def load(table: Table, arn: str) -> ToldOrphan | None:
    """What was told of this capacity, if anything was."""
    row = table.get(_key(arn))
    return stored.from_row(ToldOrphan, row) if row else None


def put(told: ToldOrphan) -> Put:
    """Remember what was told."""
    return Put(stored.known(stored.to_row(_key(told.arn), SCHEMA, told)))


def _key(arn: str) -> Key:
    return Key(f"ORPHAN#{arn}", "TOLD")
