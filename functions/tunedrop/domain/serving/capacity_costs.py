"""What a deployment costs by the hour, and cost so far: estimates, by the stack's own prices. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.charges import charge
from tunedrop.domain.serving import terms
from tunedrop.domain.serving.purchase_states import Capacity, Purchase
from tunedrop.domain.serving.terms import Term
from tunedrop.domain.training.job_states import DeploymentWish

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Cost:
    """In the stack's currency; None, never 0, where the price is not configured. Calls on demand are not in it."""

    hour: float | None
    day: float | None
    until_end: float | None
    """From now to its end; None also where it has no end and costs something."""
    currency: str


@dataclass(frozen=True, slots=True)
class Bill:
    """What one purchase costs, and all of the stack's that may be billed by the hour, itself among them."""

    cost: Cost
    so_far: float | None
    all_model_units: int
    all_hourly: float | None


def hourly(model_units: int, base_model: str, prices: Mapping[str, float], term: Term | None = None) -> float | None:
    """The price of an hour: 0 on demand, which bills by the token (docs/facts.md#ways-to-serve)."""
    if not model_units:
        return 0.0
    price = prices.get(f"{base_model}.{terms.price_of('model_unit_hour', term)}")
    return None if price is None else model_units * price


def of_term(hour: float | None, term: Term) -> float | None:
    """What a whole term costs at most."""
    return None if hour is None else _rounded(hour * terms.hours(term))


def of_existing(item: Capacity, prices: Mapping[str, float], now: datetime) -> tuple[float | None, float | None]:
    """What capacity costs an hour and has cost since it was made, whoever made it; None where the price is unknown."""
    base_model = catalogue.of_arn(item.base_model_arn or "")
    hour = hourly(item.model_units, base_model.name if base_model else "", prices, item.commitment)
    if hour is None or item.created_at is None:
        return hour, None
    return hour, _rounded(hour * max((now - item.created_at) / _HOUR, 0))


def storage(prices: Mapping[str, float]) -> float | None:
    """The price of keeping one custom model for a month (docs/facts.md#prices)."""
    return prices.get("custom_model_month")


def ahead(hour: float | None, left: timedelta | None, currency: str) -> Cost:
    """The cost of capacity with this hourly price that has so long to go; None: it has no end."""
    if hour is None:
        return Cost(None, None, None, currency)
    until_end = hour * max(left / _HOUR, 0) if left is not None else (0.0 if hour == 0 else None)
    return Cost(_rounded(hour), _rounded(hour * 24), until_end if until_end is None else _rounded(until_end), currency)


def of_wish(wish: DeploymentWish, base_model: str, prices: Mapping[str, float], currency: str) -> Cost:
    """The cost of a deployment that is wished for, from its purchase to its end."""
    left = timedelta(hours=wish.hours) if wish.hours else None
    return ahead(hourly(wish.model_units, base_model, prices), left, currency)


def so_far(purchase: Purchase, hour: float | None, now: datetime) -> float | None:
    """What this generation has cost; None where the price is unknown."""
    interval = charge.billed(purchase, now)
    if interval is None:
        return 0.0
    began, ended = interval
    return None if hour is None else _rounded(hour * ((ended - began) / _HOUR))


def _rounded(amount: float) -> float:
    return round(amount, 4)
