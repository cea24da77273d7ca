"""A dataset's check policy: which finding codes to ignore, and which warnings to treat as errors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Codes to ignore and codes to raise to errors. What Bedrock itself would refuse stays an error regardless."""

    ignore: frozenset[str] = frozenset()
    error: frozenset[str] = frozenset()
