"""What can be tuned here and now: the catalogue, this Region, and what Bedrock says of each base model's lifecycle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tunedrop.domain.base_models.catalogue import BaseModel, catalogue
from tunedrop.domain.training import lifecycle
from tunedrop.domain.training.lifecycle import Lifecycle
from tunedrop.edges.bedrock import job_calls as bedrock_edge
from tunedrop.errors import TunedropError

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient


@dataclass(frozen=True, slots=True)
class Availability:
    """One base model as this stack can use it."""

    base_model: BaseModel
    trainable: bool
    missing: tuple[str, ...]
    """Why it can't be trained here, in words; empty where it can."""
    lifecycle: Lifecycle | None
    """None where Bedrock does not know it, or where it was not asked because it trains in other Regions only."""


def list_availability(*, bedrock: BedrockClient, region: str, now: datetime) -> Sequence[Availability]:
    """Every base model of the catalogue, in its order. Bedrock is asked about those that train in this Region."""
    return [_availability(model, bedrock, region, now) for model in catalogue().values()]


def _availability(model: BaseModel, bedrock: BedrockClient, region: str, now: datetime) -> Availability:
    found: Lifecycle | None = None
    try:
        lifecycle.check_region(model, region)
        found = bedrock_edge.lifecycle(bedrock, model.customization_id)
        lifecycle.check(model, found, now)
    except TunedropError as reason:
        return Availability(model, trainable=False, missing=(reason.message,), lifecycle=found)
    return Availability(model, trainable=True, missing=(), lifecycle=found)
