"""What a job would train and cost, before anything is spent. Pure."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.training.job_states import DeploymentWish
from tunedrop.errors import Conflict


@dataclass(frozen=True, slots=True)
class PreparedSplit:
    """One split as Bedrock is given it."""

    key: str
    version_id: str
    bytes: int
    records: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PreparedVersion:
    """An accepted version for one base model."""

    name: str
    version: int
    base_model: str
    train: PreparedSplit
    validation: PreparedSplit | None
    tokens_per_epoch: int
    """Estimated, of train."""
    owner: str | None
    """What `dataset.toml` says."""


@dataclass(frozen=True, slots=True)
class UnpreparedVersion:
    """A version with a verdict, but none for this base model: what is known of it before it is prepared for that."""

    name: str
    version: int
    owner: str | None


@dataclass(frozen=True, slots=True)
class JobPlan:
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


def make(
    prepared: PreparedVersion,
    base_model: BaseModel,
    hyperparameters: Mapping[str, str],
    deployment: DeploymentWish | None,
    *,
    prices: Mapping[str, float],
    currency: str,
) -> JobPlan:
    """The plan of a request whose values are all known. Early stopping may make it cheaper, nothing dearer."""
    epochs = int(hyperparameters["epochCount"])
    trained_tokens = prepared.tokens_per_epoch * epochs
    plan = JobPlan(
        dataset=prepared.name,
        version=prepared.version,
        base_model=base_model.name,
        train_sha256=prepared.train.sha256,
        validation_sha256=prepared.validation.sha256 if prepared.validation else None,
        hyperparameters=hyperparameters,
        deployment=deployment,
        epochs=epochs,
        tokens_per_epoch=prepared.tokens_per_epoch,
        trained_tokens=trained_tokens,
        steps=_steps(prepared.train.records, epochs, hyperparameters),
        cost=_cost(trained_tokens, base_model.name, prices, currency),
    )
    content = json.dumps(plan.to_dict(), sort_keys=True, separators=(",", ":"))
    return replace(plan, plan_id=hashlib.sha256(content.encode()).hexdigest()[:32])


def confirm(plan: JobPlan, plan_id: str | None, cap: int) -> None:
    """Raises Conflict with the plan where it is over the stack's cap, or is not the one that `plan_id` confirms."""
    if plan_id == plan.plan_id:
        return
    if plan_id is not None:
        raise Conflict(
            "plan_changed",
            f"plan_id confirms another plan than this request makes. This one has plan_id {plan.plan_id}.",
            field="plan_id",
            plan=plan.to_dict(),
        )
    if plan.trained_tokens > cap:
        raise Conflict(
            "plan_confirmation_required",
            f"The job would train {plan.trained_tokens} tokens; this stack asks before more than {cap} "
            f"(MaxTrainedTokensPerJob). To go on, repeat the request with plan_id {plan.plan_id}.",
            plan=plan.to_dict(),
            cap=cap,
            parameter="MaxTrainedTokensPerJob",
        )


def _steps(records: int, epochs: int, hyperparameters: Mapping[str, str]) -> int:
    """Parameter updates: epochs times ceil(records / batch size) (docs/facts.md#hyperparameters)."""
    return epochs * math.ceil(records / int(hyperparameters.get("batchSize", "1")))


def _cost(trained_tokens: int, base_model: str, prices: Mapping[str, float], currency: str) -> Mapping[str, Any]:
    """The price of training where one is configured; `amount` None means unknown, never 0 (docs/facts.md#prices)."""
    price = prices.get(f"{base_model}.training_per_1000_tokens")
    if price is None:
        return {"amount": None, "currency": None, "price_per_1000_tokens": None}
    amount = round(trained_tokens / 1000 * price, 4)
    return {"amount": amount, "currency": currency, "price_per_1000_tokens": price}
