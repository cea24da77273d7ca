"""API keys in AccessTable: one row found by the secret's SHA-256, one in the listing; neither holds the secret."""

from __future__ import annotations

from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr

from tunedrop.domain.messages import api_key
from tunedrop.domain.messages.api_key import ApiKey
from tunedrop.edges.rows import stored
from tunedrop.edges.rows.attributes import Row
from tunedrop.edges.rows.table import Table, WriteOutcome
from tunedrop.edges.rows.writes import Key, PeriodCount, Put, Update

SCHEMA = 1
LISTING = "KEYS"
KEPT_AFTER_EXPIRY = timedelta(days=30)
"""So that an expired key can still be seen in the listing; DynamoDB's TTL then takes both rows."""

EARLIER_CALLS, MOST_EARLIER_CALLS = "earlier_calls", "most_earlier_calls"
"""Calls of its minute that came before the latest one, and how many may have: a condition compares, but can't add."""
MINUTE = "minute"


def key_of(sha256: str) -> Key:
    """Where the row for authentication stands."""
    return Key(f"KEY#{sha256}", "KEY")


def insert(table: Table, key: ApiKey) -> bool:
    """Write both rows, or neither: False when the key's id or secret exists already."""
    new = Attr("pk").not_exists()
    authenticates = {**_to_row(key_of(key.sha256), key), **_no_calls(key)}
    return table.write_all(Put(authenticates, when=new), Put(_to_row(Key(LISTING, key.id), key), when=new))


def use(table: Table, sha256: str, deployment: str | None, now: datetime) -> WriteOutcome:
    """One conditional update that authenticates and counts: the key exists, works now, and has a call left this minute.

    Its scope must hold the deployment, if there is one. Refused, the outcome's row tells why. Two kinds of row are
    asked again: one of 0.1.0 at its first call, and one that a call of the next minute has overtaken.
    """
    outcome = _use(table, sha256, deployment, now)
    if not outcome.done and outcome.row and EARLIER_CALLS not in outcome.row:
        _start_counting(table, from_row(outcome.row))
        outcome = _use(table, sha256, deployment, now)
    if not outcome.done and outcome.row and (ahead := _ahead(outcome.row, now)):
        outcome = _use(table, sha256, deployment, ahead)
    return outcome


def _use(table: Table, sha256: str, deployment: str | None, now: datetime) -> WriteOutcome:
    minute = api_key.minute_of(now)
    count = PeriodCount(EARLIER_CALLS, MINUTE, f"{minute:%Y-%m-%dT%H:%MZ}")
    when = (
        Attr("pk").exists()
        & Attr("revoked_at").not_exists()
        & (Attr("expires_at").not_exists() | Attr("expires_at").gt(now))
        & Attr(EARLIER_CALLS).exists()
        & (Attr("last_used_at").not_exists() | Attr("last_used_at").lt(minute + api_key.MINUTE))
        & (Attr(f"{MINUTE}.{count.period}").not_exists() | Attr(EARLIER_CALLS).lt(Attr(MOST_EARLIER_CALLS)))
    )
    if deployment is not None:
        when &= Attr("deployments").not_exists() | Attr("deployments").contains(deployment)
    return table.update(Update(key_of(sha256), set={"last_used_at": now}, count=count, when=when))


def _start_counting(table: Table, key: ApiKey) -> None:
    when = Attr("pk").exists() & Attr(EARLIER_CALLS).not_exists()
    table.update(Update(key_of(key.sha256), set=_no_calls(key), when=when))


def _no_calls(key: ApiKey) -> Row:
    return {EARLIER_CALLS: 0, MOST_EARLIER_CALLS: key.requests_per_minute - 1}


def _ahead(row: Row, now: datetime) -> datetime | None:
    """When the key was last used, if that is in a later minute: to count in ours would begin that one anew."""
    last = from_row(row).last_used_at
    return last if last and api_key.minute_of(last) > api_key.minute_of(now) else None


def load(table: Table, key_id: str) -> ApiKey | None:
    """The key of that id, as its row for authentication has it."""
    listed = table.get(Key(LISTING, key_id))
    return from_row(_current(table, listed)) if listed else None


def listing(table: Table, *, limit: int, cursor: str | None) -> tuple[tuple[ApiKey, ...], str | None]:
    """Keys, newest first, and where the next ones begin. Each is read where it is used: `last_used_at` is true."""
    page = table.query(LISTING, limit=limit, cursor=cursor, newest_first=True)
    return tuple(from_row(_current(table, row)) for row in page.rows), page.cursor


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
