"""API keys: how one is generated and recognized offline. We store only its SHA-256.

`td_<id>_<random><checksum>`: secret scanners find it by the prefix and confirm it by the checksum. The regular
expression is `td_[0-9a-z]{26}_[0-9A-Za-z]{39}`; the last six characters are the CRC-32 of all before, in base 62.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from tunedrop.domain.messages.key_limits import KeyLimit

DEFAULT_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=3650)
DEFAULT_REQUESTS_PER_MINUTE = 60
MOST_REQUESTS_PER_MINUTE = 10_000
DEFAULT_MAX_TOKENS = 4096
MOST_MAX_TOKENS = 1_000_000
MOST_INPUT_TOKENS = 10_000_000
DEFAULT_TOKENS_PER_MINUTE = 100_000
DEFAULT_TOKENS_PER_DAY = 2_000_000
MOST_TOKENS = 1_000_000_000_000
MOST_COST = 1_000_000_000
PREFIX = "td_"
ENTROPY_BYTES = 24
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM, _CHECKSUM = 33, 6
"""The base-62 digits that 24 bytes and 32 bits need."""
_SHAPE = re.compile(rf"td_[0-9a-z]{{26}}_[0-9A-Za-z]{{{_RANDOM + _CHECKSUM}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLimits:
    """What a key may ask for, in one call and in each window of the clock, in UTC. None: there is no such limit."""

    requests_per_minute: int = DEFAULT_REQUESTS_PER_MINUTE
    """The calls it may make in one minute of the clock, in UTC."""
    max_tokens: int = DEFAULT_MAX_TOKENS
    """The most that one call may ask for."""
    max_input_tokens: int | None = None
    """The most that the prompt of one call may have, estimated; None: no such limit."""
    tokens_per_minute: int = DEFAULT_TOKENS_PER_MINUTE
    """The tokens of its calls, in and out, in one minute of the clock; so for the others."""
    tokens_per_day: int = DEFAULT_TOKENS_PER_DAY
    tokens_per_month: int | None = None
    cost_per_minute: float | None = None
    """In the stack's currency, for calls that are billed by the token and have a price."""
    cost_per_day: float | None = None
    cost_per_month: float | None = None

    def allowed(self, limit: KeyLimit) -> float | None:
        """What it may take in one window of the limit; None: as much as it likes."""
        value: float | None = getattr(self, limit.name)
        return value


DEFAULT_LIMITS = KeyLimits()


@dataclass(frozen=True, slots=True)
class ApiKey(KeyLimits):
    """What we know about a key, which excludes its secret."""

    id: str
    name: str
    deployments: frozenset[str] | None
    """The deployments it may call; None: all of them, including later ones."""
    sha256: str
    created_at: datetime
    created_by: str
    """The ARN of the IAM identity that created it."""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def works(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def may_call(self, deployment: str) -> bool:
        """Whether its scope holds the deployment."""
        return self.deployments is None or deployment in self.deployments


def mint(key_id: str, entropy: bytes) -> str:
    """The secret of a new key. `key_id` is a ULID in lower case, `entropy` 24 bytes from a secure source.

    Raises ValueError for any other number of bytes.
    """
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"{ENTROPY_BYTES} bytes are needed")
    unchecked = f"{PREFIX}{key_id}_{_base62(int.from_bytes(entropy), _RANDOM)}"
    return unchecked + _checksum(unchecked)


def looks_right(secret: str) -> bool:
    """Whether the text has the format and checksum of a key, so that typos are found without reading a table."""
    return _SHAPE.fullmatch(secret) is not None and secret[-_CHECKSUM:] == _checksum(secret[:-_CHECKSUM])


def digest(secret: str) -> str:
    """The SHA-256 that we store, in hex. With 192 random bits, no salt or slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECKSUM)


def _base62(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
