"""Rows of requests that carried an Idempotency-Key: who asked what, and the first answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from boto3.dynamodb.conditions import Attr

from tunedrop.edges.rows import stored
from tunedrop.edges.rows.table import Table
from tunedrop.edges.rows.writes import Delete, Key, Put, Update

SCHEMA = 1
KEPT = timedelta(days=15)
"""Longer than any retry upstream of us: EventBridge gives up after 24 hours, a dead letter is kept for 14 days."""
HELD = timedelta(seconds=60)
"""A request that has not answered for this long has died: API Gateway gave up on it after 29 seconds."""


@dataclass(frozen=True, slots=True)
class RequestIdentity:
    """Which request this is: the same caller, route and Idempotency-Key."""

    caller: str
    route: str
    key: str

    def row_key(self) -> Key:
        """Where its row stands."""
        digest = hashlib.sha256(f"{self.caller}\n{self.route}".encode()).hexdigest()
        return Key(f"REQUEST#{digest}", self.key)


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """What is known of the first request with this identity."""

    body_sha256: str
    state: Literal["running", "answered"]
    effect_id: str
    """The id of what the request makes: a repetition after a crash makes the same thing, not a second one."""
    held_until: str
    status: int = 0
    answer: Any = None


def begin(
    table: Table, identity: RequestIdentity, body_sha256: str, effect_id: str, now: datetime
) -> StoredRequest | None:
    """Claim the identity. None: it is ours to run; else what the first request left."""
    key = identity.row_key()
    row = stored.to_row(
        key,
        SCHEMA,
        body_sha256=body_sha256,
        state="running",
        effect_id=effect_id,
        held_until=(now + HELD).isoformat(),
        expires=int((now + KEPT).timestamp()),
    )
    outcome = table.put(Put(row, when=Attr("pk").not_exists()))
    if outcome.done:
        return None
    existing = outcome.row or table.get(key)
    return stored.from_row(StoredRequest, existing) if existing else None


def take_over(table: Table, identity: RequestIdentity, held_until: str, now: datetime) -> bool:
    """Go on with a request whose first runner died. False when another did so first."""
    update = Update(
        identity.row_key(),
        set={"held_until": (now + HELD).isoformat()},
        when=Attr("state").eq("running") & Attr("held_until").eq(held_until),
    )
    return table.update(update).done


def let_go(table: Table, identity: RequestIdentity, now: datetime) -> None:
    """This runner is over without an answer: the next one may go on at once, with the same effect."""
    table.update(Update(identity.row_key(), set={"held_until": now.isoformat()}))


def answered(table: Table, identity: RequestIdentity, status: int, answer: Any) -> None:
    """Keep the first answer, without its secrets."""
    table.update(Update(identity.row_key(), set={"state": "answered", "status": status, "answer": answer}))


def forget(table: Table, identity: RequestIdentity) -> None:
    """The request was refused and changed nothing: the key may be used again."""
    table.delete(Delete(identity.row_key()))
