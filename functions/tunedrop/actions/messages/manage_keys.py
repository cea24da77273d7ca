"""Create, list and revoke API keys for the Messages API."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tunedrop.domain.messages import api_key, key_limits
from tunedrop.domain.messages.api_key import ApiKey, KeyLimits
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, key_rows
from tunedrop.errors import InvalidInput, NotFound

EVERY_DEPLOYMENT = "*"
MAX_DEPLOYMENTS = 100
LONGEST_NAME = 64
_MOST: Mapping[str, int] = {
    "requests_per_minute": api_key.MOST_REQUESTS_PER_MINUTE,
    "max_tokens": api_key.MOST_MAX_TOKENS,
    "max_input_tokens": api_key.MOST_INPUT_TOKENS,
    **{limit.name: api_key.MOST_TOKENS for limit in key_limits.LIMITS if limit.measure == "tokens"},
    **{limit.name: api_key.MOST_COST for limit in key_limits.LIMITS if limit.measure == "cost"},
}
_DEPLOYMENT = re.compile(r"[a-z0-9](-?[a-z0-9])*")  # docs/data-format.md#where-to-put-files: at most 32 characters


@dataclass(frozen=True, slots=True)
class KeyPage:
    """One page of keys, newest first, and the cursor for the next page (None: no more)."""

    keys: tuple[ApiKey, ...]
    cursor: str | None


def create(
    cloud: Cloud,
    *,
    key_id: str,
    name: str,
    deployments: Sequence[str] | None,
    created_by: str,
    expires_at: datetime | None = None,
    limits: KeyLimits = api_key.DEFAULT_LIMITS,
) -> tuple[ApiKey, str | None]:
    """Create a key. Returns it with its secret, which we do not keep. `deployments`: names, or `"*"` for all of them.

    Without `expires_at` it works for 90 days. If `key_id` exists, returns that key without its secret.
    Raises InvalidInput naming the field.
    """
    now = cloud.now()
    _check_name(name)
    scope = _scope(deployments)
    _check_limits(limits)
    ends = _end(expires_at, now)
    _check_deployments(scope, cloud)
    secret = api_key.mint(key_id, secrets.token_bytes(api_key.ENTROPY_BYTES))
    unlimited = ApiKey(
        id=key_id,
        name=name,
        deployments=scope,
        sha256=api_key.digest(secret),
        created_at=now,
        created_by=created_by,
        expires_at=ends,
    )
    key = _limited(unlimited, limits)
    if not key_rows.insert(cloud.access, key):
        return get(key_id, cloud), None
    return key, secret


def list_keys(limit: int, cursor: str | None, cloud: Cloud) -> KeyPage:
    """Up to `limit` keys, including revoked and expired ones. Raises InvalidInput `invalid_cursor`."""
    return KeyPage(*key_rows.listing(cloud.access, limit=limit, cursor=cursor))


def get(key_id: str, cloud: Cloud) -> ApiKey:
    """The key of that id. Raises NotFound `unknown_key`."""
    key = key_rows.load(cloud.access, key_id)
    if key is None:
        raise NotFound("unknown_key", f"There is no API key with id {key_id!r}.", field="id")
    return key


def revoke(key_id: str, cloud: Cloud) -> ApiKey:
    """Revoke the key, from its next call on. Repeating it changes nothing. Raises NotFound `unknown_key`."""
    key_rows.revoke(cloud.access, get(key_id, cloud), cloud.now())
    return get(key_id, cloud)


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or not name.strip():
        raise InvalidInput("invalid_name", "A key's name is 1 to 64 printable characters.", field="name")


def _scope(deployments: Sequence[str] | None) -> frozenset[str] | None:
    if deployments is None:
        words = f'Say which deployments the key may call: their names, or "{EVERY_DEPLOYMENT}" for all of them.'
        raise InvalidInput("deployments_required", words, field="deployments")
    if deployments == EVERY_DEPLOYMENT:
        return None
    scope = frozenset(deployments)
    if not 1 <= len(scope) <= MAX_DEPLOYMENTS:
        words = f'Name 1 to {MAX_DEPLOYMENTS} deployments, or send "{EVERY_DEPLOYMENT}" for all of them.'
        raise InvalidInput("invalid_scope", words, field="deployments")
    for deployment in sorted(scope):
        if len(deployment) > 32 or not _DEPLOYMENT.fullmatch(deployment):
            raise InvalidInput(
                "invalid_scope",
                f"{deployment!r} is not a deployment name: lower-case letters, digits, single hyphens; at most 32.",
                field="deployments",
            )
    return scope


def _limited(key: ApiKey, limits: KeyLimits) -> ApiKey:
    return replace(
        key,
        requests_per_minute=limits.requests_per_minute,
        max_tokens=limits.max_tokens,
        max_input_tokens=limits.max_input_tokens,
        tokens_per_minute=limits.tokens_per_minute,
        tokens_per_day=limits.tokens_per_day,
        tokens_per_month=limits.tokens_per_month,
        cost_per_minute=limits.cost_per_minute,
        cost_per_day=limits.cost_per_day,
        cost_per_month=limits.cost_per_month,
    )


def _check_deployments(scope: frozenset[str] | None, cloud: Cloud) -> None:
    for name in sorted(scope or ()):
        if deployment_rows.load(cloud.state, name) is None:
            words = f"There is no deployment {name!r}: `GET /deployments` lists them."
            raise InvalidInput("unknown_deployment", words, field="deployments")


def _check_limits(limits: KeyLimits) -> None:
    for field, most in _MOST.items():
        value: float | None = getattr(limits, field)
        if value is not None and not (0 < value <= most and math.isfinite(value)):
            least = "more than 0, at most" if field.startswith("cost") else "1 to"
            raise InvalidInput("invalid_limit", f"`{field}` must be {least} {most:,}.", field=field)


def _end(expires_at: datetime | None, now: datetime) -> datetime:
    if expires_at is None:
        return now + api_key.DEFAULT_LIFE
    if expires_at.tzinfo is None or not now < expires_at <= now + api_key.LONGEST_LIFE:
        days = api_key.LONGEST_LIFE.days
        words = f"`expires_at` must be in the future, at most {days:,} days ahead, and have a time zone."
        raise InvalidInput("invalid_expiry", words, field="expires_at")
    return expires_at
