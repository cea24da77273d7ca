"""How jobs look from outside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from tunedrop.routes.requests import AnswerModel, told_as


class TimelineAnswer(AnswerModel):
    """One status, when it was reached, and how it became known."""

    time: datetime
    status: str
    source: str = Field(description="event, reconcile or request")
    note: str


class TrainedOnAnswer(AnswerModel):
    """One split as Bedrock is given it."""

    key: str
    version_id: str
    sha256: str
    bytes: int
    records: int


class WishAnswer(AnswerModel):
    """The deployment that the job ends in."""

    name: str
    serving: str
    model_units: int
    hours: int | None


class JobAnswer(AnswerModel):
    """One Bedrock model-customization job."""

    id: str
    status: str = Field(
        description="Preparing, Requested, WaitingForCapacity, InProgress, Stopping, Completed, Failed or Stopped"
    )
    dataset: str
    version: int
    base_model: str
    hyperparameters: dict[str, str]
    name: str = Field(description="Of the Bedrock job and of its custom model")
    arn: str | None = Field(description="Of the Bedrock job")
    model_arn: str | None = Field(description="Of the custom model, once there is one")
    owner: str
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    failure: str | None
    failure_code: str | None = Field(
        None,
        description="Stable: dataset_rejected, plan_confirmation_required …; null where only Bedrock's words are known",
    )
    failure_details: dict[str, Any] | None = Field(
        None, description="As of a refused request: reports of rejected data, or the plan to confirm by its plan_id"
    )
    stop_requested: bool
    deployment: WishAnswer | None
    trained_tokens: int | None = Field(
        description="Estimated: tokens of train times epochs. Like steps, cost, splits and request null while Preparing"
    )
    steps: int | None
    cost: dict[str, Any] | None = Field(description="amount is null where no price is configured")
    final_losses: dict[str, float | None]
    metric_points: dict[str, int] = told_as(
        "metric_points", called="metric_counts", description="How many are stored, by split"
    )
    splits: dict[str, TrainedOnAnswer] | None
    request: dict[str, Any] | None = Field(description="The exact CreateModelCustomizationJob request")
    timeline: list[TimelineAnswer]


class JobsAnswer(AnswerModel):
    """A page of jobs, newest first."""

    jobs: list[JobAnswer]
    cursor: str | None
