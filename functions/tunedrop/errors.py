"""What can be wrong with a request, as one tree. Nothing here knows HTTP: each API maps the tree once.

* TunedropError
  x InvalidInput      the request has an invalid field, value or key
  x NotFound          no such dataset, version, job, deployment or API key
  x Conflict          it exists, but its state does not allow the request
  x CapExceeded       the request would exceed a cap of this stack or a quota of the account
  x Unavailable       AWS timed out or throttled us: the same request may be sent again
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class TunedropError(Exception):
    """A fault the caller can act on: `code` is stable, `message` says what to do, `details` holds field and values."""

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details: Mapping[str, Any] = details


class InvalidInput(TunedropError):
    """A value that this application or Bedrock never accepts; nothing was changed."""


class NotFound(TunedropError):
    """The named thing does not exist in this stack."""


class Conflict(TunedropError):
    """The thing exists, but its current state does not allow this."""


class CapExceeded(TunedropError):
    """A cap parameter of the stack or a quota of the account does not allow this; nothing was bought."""


class Unavailable(TunedropError):
    """A dependency failed temporarily; repeating the request is safe."""
