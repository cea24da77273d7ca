"""`GET /base-models`: what can be tuned here, with ranges, defaults and ways to serve."""

from __future__ import annotations

from datetime import datetime

from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import BaseModel, Field

from tunedrop.availability import Availability, list_availability
from tunedrop.base_models.catalogue import Hyperparameter, Range
from tunedrop.routes.requests import Request
from tunedrop.training.lifecycle import Lifecycle

router = APIGatewayRouter()


class HyperparameterAnswer(BaseModel):
    """A hyperparameter: inclusive bounds and default, as decimals in text."""

    name: str
    type: str
    minimum: str
    maximum: str
    default: str
    meaning: str

    @classmethod
    def of(cls, parameter: Hyperparameter) -> HyperparameterAnswer:
        """As the catalogue has it."""
        return cls(
            name=parameter.name,
            type=parameter.type,
            minimum=str(parameter.minimum),
            maximum=str(parameter.maximum),
            default=str(parameter.default),
            meaning=parameter.meaning,
        )


class RangeAnswer(BaseModel):
    """Inclusive bounds."""

    minimum: int
    maximum: int

    @classmethod
    def of(cls, bounds: Range) -> RangeAnswer:
        """As the catalogue has it."""
        return cls(minimum=bounds.minimum, maximum=bounds.maximum)


class LimitsAnswer(BaseModel):
    """What a dataset may hold."""

    train_records: RangeAnswer
    validation_records: RangeAnswer
    total_records: RangeAnswer
    record_tokens: int


class LifecycleAnswer(BaseModel):
    """What Bedrock says of the base model in this Region."""

    status: str
    legacy_at: datetime | None
    ends_at: datetime | None

    @classmethod
    def of(cls, stage: Lifecycle) -> LifecycleAnswer:
        """As Bedrock said it."""
        return cls(status=stage.status, legacy_at=stage.legacy_at, ends_at=stage.ends_at)


class BaseModelAnswer(BaseModel):
    """A base model as this stack can use it."""

    name: str
    title: str
    provider: str
    customization_id: str
    regions: list[str] = Field(description="Where it can be trained")
    trainable: bool = Field(description="Whether a job can be started here and now")
    missing: list[str] = Field(description="Why not, where not")
    lifecycle: LifecycleAnswer | None
    record_format: str
    serving: list[str] = Field(description="Ways to serve its custom models; the first is the default")
    takes_validation: bool
    limits: LimitsAnswer
    hyperparameters: list[HyperparameterAnswer]

    @classmethod
    def of(cls, found: Availability) -> BaseModelAnswer:
        """One line of the list."""
        model, limits = found.base_model, found.base_model.limits
        return cls(
            name=model.name,
            title=model.title,
            provider=model.provider,
            customization_id=model.customization_id,
            regions=list(model.regions),
            trainable=found.trainable,
            missing=list(found.missing),
            lifecycle=LifecycleAnswer.of(found.lifecycle) if found.lifecycle else None,
            record_format=model.record_format,
            serving=list(model.serving),
            takes_validation=model.validation,
            limits=LimitsAnswer(
                train_records=RangeAnswer.of(limits.train_records),
                validation_records=RangeAnswer.of(limits.validation_records),
                total_records=RangeAnswer.of(limits.total_records),
                record_tokens=limits.record_tokens,
            ),
            hyperparameters=[HyperparameterAnswer.of(parameter) for parameter in model.hyperparameters],
        )


class BaseModelsAnswer(BaseModel):
    """All base models that Tunedrop knows."""

    base_models: list[BaseModelAnswer]


@router.get("/base-models", summary="What can be tuned here")
def get_base_models() -> BaseModelsAnswer:
    """Every base model: trainable here or why not, lifecycle, limits, hyperparameters, ways to serve."""
    world = Request.of(router).world
    found = list_availability(bedrock=world.bedrock, region=world.settings.region, now=world.now)
    return BaseModelsAnswer(base_models=[BaseModelAnswer.of(each) for each in found])
