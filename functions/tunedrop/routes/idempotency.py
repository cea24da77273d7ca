"""Idempotency-Key: repeating a request returns the first answer and has no second effect."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import request_rows
from tunedrop.edges.rows.request_rows import RequestIdentity, StoredRequest
from tunedrop.edges.rows.table import Table
from tunedrop.errors import CapExceeded, Conflict, InvalidInput, NotFound

LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as data. `secrets` names the fields that are returned only once and never stored."""

    status: int
    body: Mapping[str, Any]
    secrets: frozenset[str] = frozenset()

    def without_secrets(self) -> Mapping[str, Any]:
        """The body with its secrets as None, which may be stored and returned again."""
        return {name: None if name in self.secrets else value for name, value in self.body.items()}


def identity(*, caller: str, route: str, key: str) -> RequestIdentity:
    """The request's identity. Raises InvalidInput `invalid_idempotency_key`."""
    check(key)
    return RequestIdentity(caller, route, key)


def check(key: str) -> None:
    """Raise InvalidInput `invalid_idempotency_key` unless the key is 1 to 255 visible ASCII characters."""
    if not 1 <= len(key) <= LONGEST_KEY or not all("!" <= character <= "~" for character in key):
        raise InvalidInput(
            "invalid_idempotency_key",
            f"Idempotency-Key takes 1 to {LONGEST_KEY} visible ASCII characters without spaces.",
            field="Idempotency-Key",
        )


def once(
    request: RequestIdentity,
    body: Any,
    run: Callable[[str], Answer],
    cloud: Cloud,
) -> Answer:
    """Run a request unless it was run before; then return its first answer, without secrets.

    `run` receives the id of what it creates. After a crash it is run again with the same id, so it must cope with
    finding its thing already created. A refusal changed nothing, so it is not stored. Raises what `run` raises,
    InvalidInput `idempotency_key_reused` for another body, and Conflict `request_in_progress`.
    """
    digest = _digest(body)
    effect_id, now = cloud.new_id(), cloud.now()
    stored = request_rows.begin(cloud.access, request, digest, effect_id, now)
    if stored is not None:
        if stored.body_sha256 != digest:
            raise InvalidInput(
                "idempotency_key_reused",
                "This Idempotency-Key was used with a different body before. Use a new key for a new request.",
                field="Idempotency-Key",
            )
        if stored.state == "answered":
            return Answer(stored.status, stored.answer)
        effect_id = _take_over(request, stored, cloud.access, now)
    try:
        answer = run(effect_id)
    except (InvalidInput, NotFound, Conflict, CapExceeded):
        request_rows.forget(cloud.access, request)
        raise
    except Exception:  # nobody knows how far it came: keep the id, and let the next request continue at once
        request_rows.let_go(cloud.access, request, now)
        raise
    request_rows.answered(cloud.access, request, answer.status, answer.without_secrets())
    return answer


def _take_over(request: RequestIdentity, stored: StoredRequest, table: Table, now: datetime) -> str:
    alive = now < datetime.fromisoformat(stored.held_until)
    if alive or not request_rows.take_over(table, request, stored.held_until, now):
        raise Conflict(
            "request_in_progress",
            "The first request with this Idempotency-Key is still in progress. Repeat it in a moment.",
            retry_after_seconds=5,
        )
    return stored.effect_id


def _digest(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
