"""How a dataset's owner tunes the checks: which codes to pass over, which warnings count as errors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Codes by what is done with them. What Bedrock itself would refuse can be neither ignored nor made milder."""

    ignore: frozenset[str] = frozenset()
    error: frozenset[str] = frozenset()
