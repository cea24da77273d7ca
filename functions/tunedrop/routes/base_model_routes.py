"""`GET /base-models`: what can be tuned here, with ranges, defaults and ways to serve."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import BeforeValidator, Field

from tunedrop.actions.jobs.list_base_models import Availability, list_availability
from tunedrop.routes.route_basics import AnswerModel, Request, told_as

router = APIGatewayRouter()

Decimal = Annotated[str, BeforeValidator(str)]
"""An exact decimal, sent as text because JSON numbers may lose digits."""


class HyperparameterAnswer(AnswerModel):
    """A hyperparameter: inclusive bounds and default, as decimals in strings."""

    name: str
    type: str
    minimum: Decimal
    maximum: Decimal
    default: Decimal
    meaning: str


class RangeAnswer(AnswerModel):
    """Inclusive bounds."""

    minimum: int
    maximum: int


class LimitsAnswer(AnswerModel):
    """How many records a dataset may have, and how many tokens a record."""

    train_records: RangeAnswer
    validation_records: RangeAnswer
    total_records: RangeAnswer
    record_tokens: int


class LifecycleAnswer(AnswerModel):
    """The base model's lifecycle in this Region, as Bedrock reports it."""

    status: str
    legacy_at: datetime | None
    ends_at: datetime | None


class BaseModelAnswer(AnswerModel):
    """A base model as this stack can use it."""

    name: str
    title: str
    provider: str
    customization_id: str
    regions: list[str] = Field(description="Where it can be trained")
    trainable: bool = Field(description="Whether a job can be started here and now")
    missing: list[str] = Field(description="Why not; empty if trainable")
    lifecycle: LifecycleAnswer | None
    record_format: str
    serving: list[str] = Field(description="Ways to serve its custom models; the first is the default")
    takes_validation: bool = told_as("takes_validation", called="validation")
    limits: LimitsAnswer
    hyperparameters: list[HyperparameterAnswer]


class BaseModelsAnswer(AnswerModel):
    """All base models that Tunedrop knows."""

    base_models: list[BaseModelAnswer]


@router.get("/base-models", summary="What can be tuned here")
def get_base_models() -> BaseModelsAnswer:
    """Every base model: whether it can be tuned here, and if not, why; lifecycle, limits, hyperparameters, serving."""
    found = list_availability(Request.of(router).cloud)
    return BaseModelsAnswer(base_models=[_answer(each) for each in found])


def _answer(found: Availability) -> BaseModelAnswer:
    """One entry of the list: the catalogue's values, and the model's availability here."""
    model = found.base_model
    entry = {name: getattr(model, name) for name in model.__slots__}
    here = {"trainable": found.trainable, "missing": found.missing, "lifecycle": found.lifecycle}
    return BaseModelAnswer.model_validate(entry | here)
