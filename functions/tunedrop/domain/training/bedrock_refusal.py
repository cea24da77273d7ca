"""Bedrock's refusal of a call that costs money, and whether it may pass. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Refusal:
    """Bedrock's definite answer that this one call had no effect."""

    kind: Literal["not_now", "refused"]
    """`not_now` (a quota, throttling) may pass later; `refused` will not."""
    code: str
    message: str
