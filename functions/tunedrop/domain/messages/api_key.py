"""API keys as text: how one is made, recognised without asking anyone, and remembered only by its SHA-256.

`td_<id>_<random><checksum>`: the prefix lets secret scanners find it, the checksum lets them be sure (the regular
expression is `td_[0-9a-z]{26}_[0-9A-Za-z]{39}`, the last six being CRC-32 of all before, in base 62).
"""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass
from datetime import datetime

PREFIX = "td_"
ENTROPY_BYTES = 24
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM, _CHECKSUM = 33, 6
"""Digits that 24 bytes and 32 bits need in base 62."""
_SHAPE = re.compile(rf"td_[0-9a-z]{{26}}_[0-9A-Za-z]{{{_RANDOM + _CHECKSUM}}}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known about a key; the secret itself is not."""

    id: str
    name: str
    deployments: frozenset[str] | None
    """What it may call; None: every deployment, those made later too."""
    sha256: str
    created_at: datetime
    created_by: str
    """The IAM identity that made it."""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def works(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def mint(key_id: str, entropy: bytes) -> str:
    """The secret of a new key. `key_id` is a ULID in lower case, `entropy` 24 bytes from a secure source."""
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"{ENTROPY_BYTES} bytes are needed")
    unchecked = f"{PREFIX}{key_id}_{_base62(int.from_bytes(entropy), _RANDOM)}"
    return unchecked + _checksum(unchecked)


def looks_right(secret: str) -> bool:
    """Whether the text is a key as `mint` makes them: a typing error is found without a look at any table."""
    return _SHAPE.fullmatch(secret) is not None and secret[-_CHECKSUM:] == _checksum(secret[:-_CHECKSUM])


def digest(secret: str) -> str:
    """What is stored of it, in hex. The entropy makes salt and slowness needless."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECKSUM)


def _base62(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
