"""Reports where the stack stored them, by the links that ControlApi answers with."""

from __future__ import annotations

import urllib.request
from http.client import HTTPException

from tunedrop_cli.errors import Refused

ANSWERS_WITHIN = 40.0
"""Seconds to wait for the next byte."""


def read(url: str) -> bytes:
    """Read what a link leads to. Raises Refused."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWERS_WITHIN) as answer:  # noqa: S310
            return bytes(answer.read())
    except (OSError, HTTPException) as error:
        raise Refused(0, {"code": "report_unread", "message": f"the report could not be read: {error}"}) from None
