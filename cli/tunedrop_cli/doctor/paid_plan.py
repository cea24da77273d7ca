"""What `--spend` would train and call, and what that costs at most. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tunedrop.domain.base_models.catalogue import BaseModel, catalogue
from tunedrop.domain.texts import tokens

from tunedrop_cli.doctor import sample

CALLS, CALL_TOKENS = 2, 400
"""Calls of the tuned model, and the most tokens of one, in and out."""
DEAREST_CALL = 0.1
"""USD for 1,000 tokens: Prices holds no price of calls, so they are reckoned above any that AWS lists."""
MODEL_MONTH = 1.95
"""USD for a custom model and month, by our last reading of AWS's prices; charged in full if its deletion fails."""
_EACH_RECORD = 16
"""Tokens that a record's format may add to its texts."""


class NoPlan(Exception):
    """Nothing can be trained for this amount, or it is not known what it costs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One small job, its deployment on demand, and two calls."""

    base_model: BaseModel
    records: int
    trained_tokens: int
    """At most."""
    price: float
    """Of 1,000 trained tokens, in USD."""

    @property
    def costs(self) -> Mapping[str, float]:
        """USD by what they are for, rounded up to cents."""
        what = f"{self.records} records, one epoch, at most {self.trained_tokens} tokens"
        return {
            f"train {self.base_model.name} on {what}": (_cents(self.trained_tokens / 1000 * self.price)),
            f"{CALLS} calls of at most {CALL_TOKENS} tokens, deployed on demand": (
                _cents(CALLS * CALL_TOKENS / 1000 * DEAREST_CALL)
            ),
            "the custom model for a month, if it can't be deleted at the end": MODEL_MONTH,
        }

    @property
    def total(self) -> float:
        """USD, at most."""
        return round(sum(self.costs.values()), 2)


def _cents(amount: float) -> float:
    return math.ceil(round(amount * 100, 6)) / 100


def make(listed: Iterable[Mapping[str, Any]], prices: str, currency: str, most: float) -> Plan:
    """The cheapest plan among base models that are trained here and served on demand. Raises NoPlan.

    `listed` are those of `GET /base-models`, `prices` is the stack's parameter, `most` is in USD.
    """
    known: Mapping[str, float] = json.loads(prices or "{}")
    here = [catalogue()[each["name"]] for each in listed if each["trainable"] and "on_demand" in each["serving"]]
    if not here:
        raise NoPlan("no base model is both trained here today and served on demand")
    if currency != "USD":
        raise NoPlan(f"the stack's prices are in {currency}, and --spend is in USD")
    prices_here = {model: known.get(f"{model.name}.training_per_1000_tokens", 0) for model in here}
    priced = {model: price for model, price in prices_here.items() if price > 0}
    if not priced:
        names = ", ".join(f"{model.name}.training_per_1000_tokens" for model in here)
        raise NoPlan(f"no price is known: give the parameter Prices, or TUNEDROP_PRICES, one of {names}")
    plan = min(
        (_plan(model, price) for model, price in priced.items()), key=lambda each: each.trained_tokens * each.price
    )
    if plan.total > most:
        raise NoPlan(f"the cheapest plan costs up to {plan.total:.2f} USD, more than --spend {most:g}")
    return plan


def _plan(model: BaseModel, price: float) -> Plan:
    records = max(model.limits.train_records.minimum, model.limits.total_records.minimum)
    texts = sum(tokens.estimate(record) + _EACH_RECORD for record in sample.records(records))
    return Plan(model, records, math.ceil(texts * (1 + tokens.MARGIN)), price)
