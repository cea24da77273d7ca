"""The exact requests that buy capacity. Pure: the same purchase always gives the same request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunedrop.domain.serving import terms
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.training import names_tokens_tags


def create_throughput(purchase: Purchase, own_tags: Mapping[str, str]) -> dict[str, Any]:
    """The CreateProvisionedModelThroughput request. Raises ValueError without a model.

    It leaves out `commitmentDuration` unless that was approved: a commitment can't be deleted before its term
    (docs/facts.md#provisioned-throughput).
    """
    return {
        **_commitment(purchase),
        "clientRequestToken": purchase.token,
        "provisionedModelName": purchase.name,
        "modelId": _model(purchase),
        "modelUnits": purchase.model_units,
        "tags": _listed(own_tags),
    }


def create_deployment(purchase: Purchase, own_tags: Mapping[str, str]) -> dict[str, Any]:
    """The CreateCustomModelDeployment request, billed per token. Raises ValueError without a model."""
    return {
        "clientRequestToken": purchase.token,
        "modelDeploymentName": purchase.name,
        "modelArn": _model(purchase),
        "tags": _listed(own_tags),
    }


def tags(purchase: Purchase, stack_id: str, release: str) -> Mapping[str, str]:
    """The tags of what is bought."""
    return names_tokens_tags.tags(
        stack=stack_id,
        dataset=purchase.dataset,
        version=purchase.version,
        job=purchase.job_id,
        owner=purchase.owner,
        intent=purchase.intent_id,
        release=release,
        deployment=purchase.deployment,
        term=purchase.commitment or (terms.HOURLY if purchase.model_units else ""),
    )


def _commitment(purchase: Purchase) -> dict[str, str]:
    if purchase.commitment is None:
        return {}
    if purchase.approval is None or purchase.approval.approved_at is None:
        raise ValueError(f"purchase {purchase.id} is a commitment that nobody has approved")
    return {"commitmentDuration": terms.IN_BEDROCK[purchase.commitment]}


def _model(purchase: Purchase) -> str:
    if purchase.model_arn is None:
        raise ValueError(f"purchase {purchase.id} has no model yet")
    return purchase.model_arn


def _listed(own_tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in own_tags.items()]
