"""What can be wrong with a request, as one tree. Nothing here knows HTTP: routes and messages each map it once.

* TunedropError
  x InvalidInput      the request says something that cannot be (a field, a value, a key)
  x NotFound          no such dataset, version, job, deployment or API key
  x Conflict          it exists, and its state forbids what was asked
  x CapExceeded       a cap of this stack or a quota of the account would be passed
  x Unavailable       AWS did not answer in time or throttled: the same request may be sent again
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class TunedropError(Exception):
    """A fault the caller can act on: `code` is stable, `message` says what to do, `details` name field and values."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details: Mapping[str, Any] = details


class InvalidInput(TunedropError):
    """A value that this application or Bedrock would never take; nothing was changed."""


class NotFound(TunedropError):
    """The named thing does not exist in this stack."""


class Conflict(TunedropError):
    """The thing exists, but its state does not allow this now."""


class CapExceeded(TunedropError):
    """A cap parameter of the stack or a quota of the account stands in the way; nothing was bought."""


class Unavailable(TunedropError):
    """A dependency failed for now; repeating the request is safe."""
