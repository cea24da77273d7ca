"""What a job would train and cost, before anything is spent. Pure."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tunedrop.training.jobs import DeploymentWish


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be spent. `plan_id` is a digest of all of it: another plan has another id."""

    dataset: str
    version: int
    base_model: str
    train_sha256: str
    validation_sha256: str | None
    hyperparameters: Mapping[str, str]
    deployment: DeploymentWish | None
    epochs: int
    tokens_per_epoch: int
    trained_tokens: int
    steps: int
    cost: Mapping[str, Any]
    plan_id: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        return asdict(self)


def cost_of(trained_tokens: int, base_model: str, prices: Mapping[str, float], currency: str) -> Mapping[str, Any]:
    """The price of training, where one is configured per 1,000 tokens; `amount` None means unknown, never 0."""
    price = prices.get(f"{base_model}.training_per_1000_tokens")
    if price is None:
        return {"amount": None, "currency": None, "price_per_1000_tokens": None}
    amount = round(trained_tokens / 1000 * price, 4)
    return {"amount": amount, "currency": currency, "price_per_1000_tokens": price}


def steps_of(records: int, hyperparameters: Mapping[str, str]) -> int:
    """Parameter updates: epochs times ceil(records / batch size) (bedrock-facts 2.2); without one it is 1."""
    batch = int(hyperparameters.get("batchSize", "1"))
    return int(hyperparameters["epochCount"]) * math.ceil(records / batch)


def identified(plan: Plan) -> Plan:
    """The plan with its id."""
    content = json.dumps({**plan.to_dict(), "plan_id": ""}, sort_keys=True, separators=(",", ":"))
    values = {name: getattr(plan, name) for name in plan.__slots__}
    return Plan(**{**values, "plan_id": hashlib.sha256(content.encode()).hexdigest()[:32]})
