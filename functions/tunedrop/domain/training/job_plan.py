"""A job's plan: what it would train and cost, before anything is spent. Pure."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.training.job_states import DeploymentWish
from tunedrop.domain.training.version_choice import SkippedVersion
from tunedrop.errors import Conflict


@dataclass(frozen=True, slots=True)
class PreparedSplit:
    """The prepared object of one split, as Bedrock reads it."""

    key: str
    version_id: str
    bytes: int
    records: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PreparedVersion:
    """A version that was accepted for one base model."""

    name: str
    version: int
    base_model: str
    train: PreparedSplit
    validation: PreparedSplit | None
    tokens_per_epoch: int
    """Estimated tokens of the train split."""
    owner: str | None
    """From `dataset.toml`."""
    skipped: tuple[SkippedVersion, ...] = ()
    """Newer versions that were passed over for it, newest first."""


@dataclass(frozen=True, slots=True)
class UnpreparedVersion:
    """A version that has a verdict, but not for this base model: what is known before it is prepared for it."""

    name: str
    version: int
    owner: str | None
    skipped: tuple[SkippedVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class JobPlan:
    """What a job would train and cost. `plan_id` is a digest of all other fields: a different plan has another id."""

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
    from_job: str | None = None
    """The job whose custom model is tuned further."""
    gate_plan_id: str | None = None
    """The plan of the evaluation that decides whether the deployment goes live."""
    plan_id: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON-compatible values."""
        return asdict(self)


def make(
    prepared: PreparedVersion,
    base_model: BaseModel,
    hyperparameters: Mapping[str, str],
    deployment: DeploymentWish | None,
    *,
    prices: Mapping[str, float],
    currency: str,
    from_job: str | None = None,
    gate_plan_id: str | None = None,
) -> JobPlan:
    """The plan for a request whose values are all resolved. Its token counts are estimates.

    Early stopping can only make the job cheaper (docs/facts.md#early-stopping).
    """
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
        from_job=from_job,
        gate_plan_id=gate_plan_id,
    )
    return replace(plan, plan_id=_digest(plan))


def _digest(plan: JobPlan) -> str:
    """The plan's id. One without what 0.1.0 did not have keeps the id that somebody may have confirmed."""
    later = {"from_job", "gate_plan_id"}
    digested = {name: value for name, value in plan.to_dict().items() if value or name not in later}
    if plan.deployment and plan.deployment.on_budget == "notify":
        del digested["deployment"]["on_budget"]
    if plan.deployment and plan.deployment.idle_minutes is None:
        del digested["deployment"]["idle_minutes"]
    content = json.dumps(digested, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def confirm(plan: JobPlan, plan_id: str | None, cap: int) -> None:
    """Accept the plan if `plan_id` names it, or if there is no `plan_id` and the plan is within `cap` (trained tokens).

    Raises Conflict `plan_changed` or `plan_confirmation_required`, with the plan.
    """
    if plan_id == plan.plan_id:
        return
    if plan_id is not None:
        raise Conflict(
            "plan_changed",
            f"plan_id confirms a different plan. This request's plan has plan_id {plan.plan_id}.",
            field="plan_id",
            plan=plan.to_dict(),
        )
    if plan.trained_tokens > cap:
        raise Conflict(
            "plan_confirmation_required",
            f"The job would train {plan.trained_tokens} tokens; this stack asks for confirmation above {cap} "
            f"(MaxTrainedTokensPerJob). To confirm, repeat the request with plan_id {plan.plan_id}.",
            plan=plan.to_dict(),
            cap=cap,
            parameter="MaxTrainedTokensPerJob",
        )


def _steps(records: int, epochs: int, hyperparameters: Mapping[str, str]) -> int:
    """The number of parameter updates: epochs times ceil(records / batch size) (docs/facts.md#hyperparameters)."""
    return epochs * math.ceil(records / int(hyperparameters.get("batchSize", "1")))


def _cost(trained_tokens: int, base_model: str, prices: Mapping[str, float], currency: str) -> Mapping[str, Any]:
    """The cost of training; `amount` is None, never 0, if no price is configured (docs/facts.md#prices)."""
    price = prices.get(f"{base_model}.training_per_1000_tokens")
    if price is None:
        return {"amount": None, "currency": None, "price_per_1000_tokens": None}
    amount = round(trained_tokens / 1000 * price, 4)
    return {"amount": amount, "currency": currency, "price_per_1000_tokens": price}
