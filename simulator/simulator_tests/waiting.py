"""How these tests wait: they look again and again, and only what never happens comes to the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 240.0
"""Seconds for any one thing, on a machine that has much else to do."""
BETWEEN_LOOKS = 0.1

Seen = TypeVar("Seen")


def eventually(look: Callable[[], Seen | None]) -> Seen:
    """What `look` gives as soon as it is true."""
    deadline = time.monotonic() + PATIENCE
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} seconds"
        time.sleep(BETWEEN_LOOKS)
    return seen
