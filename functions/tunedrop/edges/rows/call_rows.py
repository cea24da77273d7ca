"""When each deployment was last called: rows of AccessTable, because messages_api writes no other table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from boto3.dynamodb.conditions import Attr

from tunedrop.domain.serving.calls_seen import GRANULARITY, CallsSeen
from tunedrop.edges.rows import stored
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.writes import Key, Update

SCHEMA = 1
PLACE = "CALLED"
"""One partition, so that a list of deployments takes one read; each row is written once a minute at most."""


def record(table: Table, deployment: str, now: datetime) -> datetime:
    """Write a call down unless one was in the minute before it; the last one that is written now."""
    when = Attr("last_called_at").not_exists() | Attr("last_called_at").lt(now - GRANULARITY)
    outcome = table.update(Update(_key(deployment), set={"schema": SCHEMA, "last_called_at": now}, when=when))
    before = _from_row(outcome.row).last_called_at if outcome.row else None
    return before or now


def watch(table: Table, deployment: str, now: datetime) -> None:
    """Say that the row stands from now on, unless that was said."""
    when = Attr("watched_since").not_exists()
    table.update(Update(_key(deployment), set={"schema": SCHEMA, "watched_since": now}, when=when))


def load(table: Table, deployment: str) -> CallsSeen | None:
    """What is written of one deployment's calls; None if nothing is."""
    row = table.get(_key(deployment))
    return _from_row(row) if row else None


def load_all(table: Table) -> Mapping[str, CallsSeen]:
    """What is written of calls, by deployment."""
    found = (_from_row(row) for row in table.query(PLACE).rows)
    return {each.deployment: each for each in found}


def _key(deployment: str) -> Key:
    return Key(PLACE, deployment)


def _from_row(row: Row) -> CallsSeen:
    return stored.from_row(CallsSeen, {**row, "deployment": row["sk"]})
