"""Bedrock said no to a call that costs money: what kind of no. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Refusal:
    """A definite answer: this one call had no effect."""

    kind: Literal["not_now", "refused"]
    """`not_now` (a quota, a throttle) may pass later; `refused` will not."""
    code: str
    message: str
