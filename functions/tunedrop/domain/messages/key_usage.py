"""What was used under API keys: calls, tokens, cost, time and stop reasons, by key, deployment and day. Pure.

A call counts for the most that it may use until it has ended, and goes on to where its end is never learned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

UsageBy = Literal["key", "deployment", "day"]


@dataclass(frozen=True, slots=True)
class Used:
    """What was used; the sum of several is one, too."""

    calls: int = 0
    """All that were admitted while the deployment was Ready."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost: Decimal = Decimal(0)
    """In the stack's currency, of the calls that have a price."""
    unpriced: int = 0
    """Calls whose price is not configured."""
    latency_ms: int = 0
    """Of all ended calls together."""
    stop_reasons: Mapping[str, int] = field(default_factory=dict)
    """Ended calls, by stop reason; `error` where there is none."""

    def __add__(self, other: Used) -> Used:
        reasons = {**self.stop_reasons}
        for reason, count in other.stop_reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
        return Used(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost + other.cost,
            self.unpriced + other.unpriced,
            self.latency_ms + other.latency_ms,
            reasons,
        )

    @property
    def ended(self) -> int:
        """Calls whose end is known."""
        return sum(self.stop_reasons.values())


@dataclass(frozen=True, slots=True)
class UsageOfDay:
    """What was used of one deployment under one key on one day of UTC."""

    day: str
    """As 2026-11-22."""
    key_id: str
    deployment: str
    used: Used


@dataclass(frozen=True, slots=True)
class UsageGroup:
    """What was used in sum; None: of all days, keys or deployments."""

    day: str | None
    key_id: str | None
    deployment: str | None
    used: Used


def grouped(found: Iterable[UsageOfDay], by: Iterable[UsageBy]) -> list[UsageGroup]:
    """Sums by these, in their order: days newest last."""
    kept = frozenset(by)
    sums: dict[tuple[str | None, str | None, str | None], Used] = {}
    for each in found:
        place = (
            each.day if "day" in kept else None,
            each.key_id if "key" in kept else None,
            each.deployment if "deployment" in kept else None,
        )
        sums[place] = sums.get(place, Used()) + each.used
    return [UsageGroup(*place, used) for place, used in sorted(sums.items(), key=lambda one: _order(one[0]))]


def _order(place: tuple[str | None, str | None, str | None]) -> tuple[str, ...]:
    return tuple(part or "" for part in place)
