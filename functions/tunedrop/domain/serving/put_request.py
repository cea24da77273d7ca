"""A request that says what a deployment should be, as the caller wrote it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from tunedrop.domain.base_models.catalogue import OnBudget, Serving
from tunedrop.domain.evaluation.evaluation_request import EvaluationWish
from tunedrop.domain.serving.terms import Term
from tunedrop.errors import InvalidInput

_KINDS = "provisioned-model|custom-model-deployment"
_ARN = re.compile(rf"arn:[a-z0-9-]+:bedrock:[a-z0-9-]{{1,20}}:[0-9]{{12}}:({_KINDS})/[a-z0-9]{{12}}")


@dataclass(frozen=True, slots=True)
class PutDeployment:
    """What it should be; None: as it is, or the default of a new one."""

    name: str
    job_id: str | None = None
    """The job whose custom model it serves; or `model`, that model's name or ARN."""
    model: str | None = None
    serving: Serving | None = None
    model_units: int | None = None
    hours: int | None = None
    """From the purchase to the release."""
    expires_at: datetime | None = None
    """The moment of the release, if `hours` does not say it."""
    no_end: bool = False
    """Serve it until somebody releases it: on demand only."""
    second_unit: bool = False
    """Whether another unit is bought for what the deployment can't be in place; it takes over once it may serve."""
    idle_minutes: int | None = None
    """Released once nobody has called it for so long; 0: only at its end."""
    on_budget: OnBudget | None = None
    accept_unknown_price: bool = False
    """The request is not refused under a budget for a price that is not configured."""
    arn: str | None = None
    """The capacity that exists already, and becomes this deployment's."""
    commitment: Term | None = None
    """Bought for this whole term, once another person has approved it; None: by the hour."""
    evaluation: EvaluationWish | None = None
    """Decides whether what is bought goes live; a second unit is bought for that where another model serves."""
    plan_id: str | None = None
    """Confirms the plan with this id: where it would do something else by now, nothing is done."""


def check(asked: PutDeployment) -> None:
    """Raises InvalidInput for a request that says one thing in two ways."""
    if asked.job_id is not None and asked.model is not None:
        raise InvalidInput("two_models", "Name the custom model once: by job_id, or by model.", field="model")
    if asked.arn is not None:
        _check_arn(asked, asked.arn)
    if (asked.hours is not None) + (asked.expires_at is not None) + asked.no_end > 1:
        raise InvalidInput("two_ends", "Say its end once: by hours, by expires_at, or by no_end.", field="expires_at")
    if asked.commitment is not None:
        _check_commitment(asked)


def _check_arn(asked: PutDeployment, arn: str) -> None:
    if not _ARN.fullmatch(arn):
        words = "arn is that of a provisioned throughput or a custom-model deployment, as Bedrock shows it."
        raise InvalidInput("invalid_arn", words, field="arn")
    said = ("job_id", "model", "serving", "model_units", "evaluation")
    beside = next((name for name in said if getattr(asked, name) is not None), None)
    if beside:
        words = f"What exists says itself what it serves, and how: leave {beside} out, and change it afterwards."
        raise InvalidInput("arn_says_it", words, field=beside)


def _check_commitment(asked: PutDeployment) -> None:
    """What would end it before its term does, or is bought already."""
    others = {
        "hours": asked.hours,
        "expires_at": asked.expires_at,
        "no_end": asked.no_end,
        "idle_minutes": asked.idle_minutes,
        "on_budget": asked.on_budget == "release",
        "second_unit": asked.second_unit,
        "arn": asked.arn,
        "evaluation": asked.evaluation,
    }
    beside = next((name for name, value in others.items() if value), None)
    if beside:
        words = f"A commitment is bought anew and stands until its term ends, whatever happens: leave {beside} out."
        raise InvalidInput("commitment_alone", words, field=beside)
