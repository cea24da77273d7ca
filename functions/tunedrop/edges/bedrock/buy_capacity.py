"""Buy paid capacity, and give it back: the one module of this program that calls what does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tunedrop.domain.base_models.catalogue import Serving
from tunedrop.domain.serving import capacity_requests
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.edges.bedrock.call_outcomes import CallOutcome, sent

if TYPE_CHECKING:
    from tunedrop.edges.clients import Spender

_WITHIN_THE_DAY = frozenset({"AccessDeniedException", "ConflictException", "ResourceNotFoundException"})
"""A policy can be put right, and a model that was trained just now be found, within the day that a purchase may wait;
training need not be paid again for it."""


def create(spender: Spender, purchase: Purchase, own_tags: Mapping[str, str]) -> CallOutcome:
    """Buy: the one place of this program that does."""
    if purchase.serving == "on_demand":
        deployment = capacity_requests.create_deployment(purchase, own_tags)
        return sent(
            lambda: spender.create_custom_model_deployment(**deployment)["customModelDeploymentArn"],
            not_now=_WITHIN_THE_DAY,
        )
    throughput = capacity_requests.create_throughput(purchase, own_tags)
    return sent(
        lambda: spender.create_provisioned_model_throughput(**throughput)["provisionedModelArn"],
        not_now=_WITHIN_THE_DAY,
    )


def delete(spender: Spender, serving: Serving, arn: str) -> CallOutcome:
    """Give it back. Whether it has gone is seen by looking again."""

    def call() -> str:
        if serving == "on_demand":
            spender.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
        else:
            spender.delete_provisioned_model_throughput(provisionedModelId=arn)
        return ""

    return sent(call)
