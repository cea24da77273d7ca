"""Throughputs that stacks left when they were deleted: nothing of those stacks is there to end them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tunedrop.domain.base_models import catalogue


@dataclass(frozen=True, slots=True)
class Size:
    """What a throughput is billed by."""

    model_units: int
    base_model_id: str
    """As Bedrock names it, its context suffix included."""


@dataclass(frozen=True, slots=True)
class LeftThroughput:
    """A throughput whose tag names a stack that was deleted."""

    arn: str
    stack: str
    """That stack's ARN."""
    hourly_cost: float | None
    """In this stack's currency; None, never 0, where the price is not configured."""


def left(arn: str, stack: str, size: Size | None, prices: Mapping[str, float]) -> LeftThroughput:
    """The throughput with its cost; None for the size of one that has gone in the meantime."""
    if size is None:
        return LeftThroughput(arn, stack, None)
    known = catalogue.catalogue().values()
    names = (model.name for model in known if model.customization_id == size.base_model_id)
    price = prices.get(f"{next(names, '')}.model_unit_hour")
    return LeftThroughput(arn, stack, None if price is None else size.model_units * price)


def hourly_cost(found: Iterable[LeftThroughput]) -> float | None:
    """The sum; None if any price is unknown."""
    costs = [each.hourly_cost for each in found]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
