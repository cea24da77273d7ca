"""List what can be tuned here now: the catalogue, this Region, and each base model's lifecycle in Bedrock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunedrop.domain.base_models.catalogue import BaseModel, catalogue
from tunedrop.domain.training import lifecycle
from tunedrop.domain.training.lifecycle import Lifecycle
from tunedrop.edges.bedrock import observed_lifecycle
from tunedrop.edges.cloud import Cloud
from tunedrop.errors import TunedropError


@dataclass(frozen=True, slots=True)
class Availability:
    """One base model as this stack can use it."""

    base_model: BaseModel
    trainable: bool
    missing: tuple[str, ...]
    """Messages that say why it can't be tuned here; empty if it can."""
    lifecycle: Lifecycle | None
    """None if Bedrock does not know the model, or was not asked because it is tuned only in other Regions."""


def list_availability(cloud: Cloud) -> Sequence[Availability]:
    """Every base model of the catalogue, in its order. Raises botocore's errors.

    Asks Bedrock only about those that are tuned in this Region.
    """
    tuned = observed_lifecycle.tuned_today(cloud.bedrock)
    return [_availability(model, tuned, cloud) for model in catalogue().values()]


def _availability(model: BaseModel, tuned: Mapping[str, Lifecycle], cloud: Cloud) -> Availability:
    found: Lifecycle | None = None
    try:
        lifecycle.check_region(model, cloud.settings.region)
        found = observed_lifecycle.lifecycle(cloud.bedrock, model, tuned)
        lifecycle.check(model, found, cloud.now())
    except TunedropError as reason:
        return Availability(model, trainable=False, missing=(reason.message,), lifecycle=found)
    return Availability(model, trainable=True, missing=(), lifecycle=found)
