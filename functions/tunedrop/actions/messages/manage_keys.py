"""Create, list and revoke API keys for the Messages API, and authenticate calls with them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tunedrop.domain.messages import api_errors, api_key
from tunedrop.domain.messages.api_key import ApiKey
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import key_rows
from tunedrop.errors import InvalidInput, NotFound

EVERY_DEPLOYMENT = "*"
MAX_DEPLOYMENTS = 100
LONGEST_NAME = 64
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
    requests_per_minute: int = api_key.DEFAULT_REQUESTS_PER_MINUTE,
    max_tokens: int = api_key.DEFAULT_MAX_TOKENS,
) -> tuple[ApiKey, str | None]:
    """Create a key. Returns it with its secret, which we do not keep. `deployments`: names, or `"*"` for all of them.

    Without `expires_at` it works for 90 days. If `key_id` exists, returns that key without its secret.
    Raises InvalidInput naming the field.
    """
    now = cloud.now()
    _check_name(name)
    scope = _scope(deployments)
    _check_limits(requests_per_minute, max_tokens)
    ends = _end(expires_at, now)
    secret = api_key.mint(key_id, secrets.token_bytes(api_key.ENTROPY_BYTES))
    key = ApiKey(
        id=key_id,
        name=name,
        deployments=scope,
        sha256=api_key.digest(secret),
        created_at=now,
        created_by=created_by,
        expires_at=ends,
        requests_per_minute=requests_per_minute,
        max_tokens=max_tokens,
    )
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


def authenticate(secret: str | None, deployment: str | None, cloud: Cloud) -> ApiKey:
    """The key behind a call to `deployment` (None: the call names none), found and counted by one conditional update.

    Raises ApiError `authentication_error`, `permission_error` if the key is valid but not for this deployment, or
    `rate_limit_error` if it has used up its calls of this minute.
    """
    if not secret:
        raise _unauthenticated("missing_key", "Send an API key as `x-api-key` or as `Authorization: Bearer`.")
    if not api_key.looks_right(secret):
        raise _unauthenticated("invalid_key", "This is not a Tunedrop API key, or it was not copied completely.")
    now = cloud.now()
    outcome = key_rows.use(cloud.access, api_key.digest(secret), deployment, now)
    if outcome.row is None:
        raise _unauthenticated("invalid_key", "This API key does not exist here.")
    key = key_rows.from_row(outcome.row)
    if outcome.done:
        return key
    raise _refusal(key, deployment, now)


def _refusal(key: ApiKey, deployment: str | None, now: datetime) -> api_errors.ApiError:
    if key.revoked_at is not None:
        return _unauthenticated("key_revoked", "This API key was revoked.")
    if not key.works(now):
        return _unauthenticated("key_expired", "This API key has expired.")
    if deployment is not None and not key.may_call(deployment):
        words = f"This API key may not call deployment {deployment!r}; its scope is narrower."
        return api_errors.ApiError("permission_error", "key_scope", words)
    words = f"This API key may make {key.requests_per_minute:,} requests a minute, and has made them."
    wait = api_key.seconds_left(now)
    return api_errors.ApiError("rate_limit_error", "key_rate_limit", words, again=True, retry_after=wait)


def _unauthenticated(code: str, message: str) -> api_errors.ApiError:
    return api_errors.ApiError("authentication_error", code, message)


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


def _check_limits(requests_per_minute: int, max_tokens: int) -> None:
    for field, value, most in (
        ("requests_per_minute", requests_per_minute, api_key.MOST_REQUESTS_PER_MINUTE),
        ("max_tokens", max_tokens, api_key.MOST_MAX_TOKENS),
    ):
        if not 1 <= value <= most:
            raise InvalidInput("invalid_limit", f"`{field}` must be 1 to {most:,}.", field=field)


def _end(expires_at: datetime | None, now: datetime) -> datetime:
    if expires_at is None:
        return now + api_key.DEFAULT_LIFE
    if expires_at.tzinfo is None or not now < expires_at <= now + api_key.LONGEST_LIFE:
        days = api_key.LONGEST_LIFE.days
        words = f"`expires_at` must be in the future, at most {days:,} days ahead, and have a time zone."
        raise InvalidInput("invalid_expiry", words, field="expires_at")
    return expires_at
