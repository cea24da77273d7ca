"""When the owners of custom models are told that a base model retires, and what to train on instead. Pure."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tunedrop.domain.base_models.catalogue import BaseModel, catalogue
from tunedrop.domain.training.lifecycle import Lifecycle

DAYS_AHEAD = (90, 30, 7, 0)
"""0: it has happened, for whoever could not be told before."""

RetirementStep = Literal["legacy", "end"]


@dataclass(frozen=True, slots=True)
class Retirement:
    """One step of a base model's retirement that is due to be told."""

    step: RetirementStep
    """`legacy`: no new jobs and no new Provisioned Throughput; `end`: it answers nobody."""
    at: datetime | None
    """None: Bedrock says that it is Legacy, but not since when."""
    days_ahead: int
    """The one of DAYS_AHEAD that was reached last."""

    @property
    def mark(self) -> str:
        """How a job remembers that it was told: a date that moves is told anew."""
        day = self.at.date().isoformat() if self.at else ""
        return f"{self.step} {day} {self.days_ahead}"


def due(lifecycle: Lifecycle, told: Container[str], now: datetime) -> tuple[Retirement, ...]:
    """What is due to be told: of each step the nearest warning that was reached, unless it was told."""
    steps = (
        _reached("legacy", lifecycle.legacy_at, now) or _unannounced(lifecycle),
        _reached("end", lifecycle.ends_at, now),
    )
    return tuple(each for each in steps if each and each.mark not in told)


def instead(base_model: BaseModel, region: str, lifecycles: Mapping[str, Lifecycle], now: datetime) -> str | None:
    """The base model to train on instead: one that stays, in this Region, of the same provider if there is one."""
    staying = [
        each
        for each in catalogue().values()
        if each.name != base_model.name and region in each.regions and _stays(each, lifecycles, now)
    ]
    staying.sort(key=lambda each: each.provider != base_model.provider)
    return staying[0].name if staying else None


def of(base_model: BaseModel, lifecycles: Mapping[str, Lifecycle]) -> Lifecycle | None:
    """The base model's lifecycle among all that Bedrock lists, by either of its ids; None if it lists neither."""
    ids = (base_model.customization_id, base_model.inference_id)
    return next((lifecycles[each] for each in ids if each in lifecycles), None)


def _reached(step: RetirementStep, at: datetime | None, now: datetime) -> Retirement | None:
    if at is None:
        return None
    days = max(math.ceil((at - now) / timedelta(days=1)), 0)
    reached = [each for each in DAYS_AHEAD if days <= each]
    return Retirement(step, at, min(reached)) if reached else None


def _unannounced(lifecycle: Lifecycle) -> Retirement | None:
    is_legacy = lifecycle.status == "LEGACY" and lifecycle.legacy_at is None
    return Retirement("legacy", None, 0) if is_legacy else None


def _stays(base_model: BaseModel, lifecycles: Mapping[str, Lifecycle], now: datetime) -> bool:
    found = of(base_model, lifecycles)
    return found is not None and found.status == "ACTIVE" and not due(found, (), now)
