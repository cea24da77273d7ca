"""Buy and release paid capacity: the only module that makes these calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tunedrop.domain.base_models.catalogue import Serving
from tunedrop.domain.serving import purchase_request
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.edges.bedrock.call_outcomes import AnsweredCall, sent

if TYPE_CHECKING:
    from tunedrop.edges.clients import Spender

_WITHIN_THE_DAY = frozenset({"AccessDeniedException", "ConflictException", "ResourceNotFoundException"})
"""Errors that may pass within the 24 hours a purchase may wait: somebody fixes a policy, or Bedrock finds a model that
was trained a moment ago. Failing at once would waste the training."""


def create(spender: Spender, purchase: Purchase, own_tags: Mapping[str, str]) -> AnsweredCall:
    """Buy the purchase's capacity: the only function that does. Returns the ARN in `Done`."""
    if purchase.serving == "on_demand":
        deployment = purchase_request.create_deployment(purchase, own_tags)
        return sent(
            lambda: spender.create_custom_model_deployment(**deployment),
            "customModelDeploymentArn",
            not_now=_WITHIN_THE_DAY,
        )
    throughput = purchase_request.create_throughput(purchase, own_tags)
    return sent(
        lambda: spender.create_provisioned_model_throughput(**throughput),
        "provisionedModelArn",
        not_now=_WITHIN_THE_DAY,
    )


def delete(spender: Spender, serving: Serving, arn: str) -> AnsweredCall:
    """Ask Bedrock to delete the capacity. `Done` means accepted; only a later look shows that it is gone."""
    if serving == "on_demand":
        return sent(lambda: spender.delete_custom_model_deployment(customModelDeploymentIdentifier=arn))
    return sent(lambda: spender.delete_provisioned_model_throughput(provisionedModelId=arn))
