"""A request to start a job, as the caller wrote it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tunedrop.domain.base_models.catalogue import OnBudget, Serving
from tunedrop.domain.evaluation.evaluation_request import EvaluationWish


@dataclass(frozen=True, slots=True)
class DeploymentRequest:
    """The deployment that a request asks for; None fields default from the base model and the stack."""

    name: str
    serving: Serving | None = None
    model_units: int | None = None
    hours: int | None = None
    idle_minutes: int | None = None
    """Released once nobody has called it for so long; None or 0: only at its end."""
    on_budget: OnBudget | None = None


@dataclass(frozen=True, slots=True)
class Vpc:
    """The network that Bedrock reads the data through."""

    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartJob:
    """A request to start a job, as the caller wrote it."""

    dataset: str
    base_model: str
    version: int | None = None
    """None: the newest accepted one."""
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    deployment: DeploymentRequest | None = None
    evaluation: EvaluationWish | None = None
    """Decides whether the deployment goes live."""
    plan_id: str | None = None
    """Confirms the plan with this id, as a plan over the stack's cap requires."""
    expected_version: int | None = None
    """The request is refused if the newest accepted version is another one."""
    sweep: str | None = None
    """A label shared by jobs that differ in hyperparameters only."""
    from_job: str | None = None
    """The id of the job whose custom model is tuned further."""
    deadline: datetime | None = None
    """The job is not started any more after this; at most the stack's JobDeadlineHours ahead."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """The caller's own tags for the job and its custom model, beside the stack's."""
    kms_key_arn: str | None = None
    """The key that encrypts the custom model."""
    vpc: Vpc | None = None
    accept_unknown_price: bool = False
    """The request is not refused under a budget for a price that is not configured."""
