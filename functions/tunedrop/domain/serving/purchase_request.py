"""The exact requests that buy capacity. Pure: the same purchase always gives the same request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunedrop.domain.serving.purchase_states import Purchase


def create_throughput(purchase: Purchase, tags: Mapping[str, str]) -> dict[str, Any]:
    """The CreateProvisionedModelThroughput request, billed by the hour. Raises ValueError without a model.

    It leaves out `commitmentDuration` on purpose: a commitment can't be deleted before its term
    (docs/facts.md#provisioned-throughput).
    """
    return {
        "clientRequestToken": purchase.token,
        "provisionedModelName": purchase.name,
        "modelId": _model(purchase),
        "modelUnits": purchase.model_units,
        "tags": _listed(tags),
    }


def create_deployment(purchase: Purchase, tags: Mapping[str, str]) -> dict[str, Any]:
    """The CreateCustomModelDeployment request, billed per token. Raises ValueError without a model."""
    return {
        "clientRequestToken": purchase.token,
        "modelDeploymentName": purchase.name,
        "modelArn": _model(purchase),
        "tags": _listed(tags),
    }


def _model(purchase: Purchase) -> str:
    if purchase.model_arn is None:
        raise ValueError(f"purchase {purchase.id} has no model yet")
    return purchase.model_arn


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]
