"""API keys in AccessTable: one row found by the secret's SHA-256, one in the listing; neither holds the secret."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr

from tunedrop.domain.messages.api_key import ApiKey
from tunedrop.edges.rows import stored
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.writes import Key, Put, Update

SCHEMA = 1
LISTING = "KEYS"
KEPT_AFTER_EXPIRY = timedelta(days=30)
"""So that an expired key can still be seen in the listing; DynamoDB's TTL then takes both rows."""


def key_of(sha256: str) -> Key:
    """Where the row for authentication stands."""
    return Key(f"KEY#{sha256}", "KEY")


def insert(table: Table, key: ApiKey) -> bool:
    """Write both rows, or neither: False when the key's id or secret exists already."""
    new = Attr("pk").not_exists()
    return table.write_all(
        Put(_to_row(key_of(key.sha256), key), when=new), Put(_to_row(Key(LISTING, key.id), key), when=new)
    )


def load(table: Table, key_id: str) -> ApiKey | None:
    """The key of that id, as its row for authentication has it."""
    listed = table.get(Key(LISTING, key_id))
    return from_row(_current(table, listed)) if listed else None


def listing(table: Table, *, limit: int, cursor: str | None) -> tuple[tuple[ApiKey, ...], str | None]:
    """Keys, newest first, and where the next ones begin. Each is read where it is used: `last_used_at` is true."""
    page = table.query(LISTING, limit=limit, cursor=cursor, newest_first=True)
    return tuple(from_row(_current(table, row)) for row in page.rows), page.cursor


def all_rows(table: Table) -> Iterator[Row]:
    """The rows of all keys that are listed, as their calls left them."""
    return (_current(table, row) for row in table.query(LISTING).rows)


def revoke(table: Table, key: ApiKey, now: datetime) -> None:
    """Mark the row that authenticates, which listings read too; a key revoked already keeps its first moment.

    One update and no transaction: a key in use, which is the one to stop, is written by every call that it makes.
    """
    when = Attr("pk").exists() & Attr("revoked_at").not_exists()
    table.update(Update(key_of(key.sha256), set={"revoked_at": now}, when=when))


def from_row(row: Row) -> ApiKey:
    """A row as the key that it describes."""
    return stored.from_row(ApiKey, {"deployments": None, **row, "id": row.get("key_id")})


def _current(table: Table, listed: Row) -> Row:
    return table.get(key_of(listed["sha256"])) or listed


def _to_row(place: Key, key: ApiKey) -> Row:
    expires = int((key.expires_at + KEPT_AFTER_EXPIRY).timestamp()) if key.expires_at else None
    row = stored.to_row(place, SCHEMA, key, key_id=key.id, deployments=key.deployments, expires=expires)
    del row["id"]
    return stored.known(row)
