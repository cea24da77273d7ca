"""Put another model behind paid capacity: the only module that makes these calls. They buy nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunedrop.domain.base_models.catalogue import Serving
from tunedrop.edges.bedrock.call_outcomes import AnsweredCall, sent

if TYPE_CHECKING:
    from tunedrop.edges.clients import Spender

_WITHIN_THE_HOUR = frozenset({"AccessDeniedException", "ConflictException"})
"""Errors that may pass while a swap is tried: somebody fixes a policy, or Bedrock is busy with the capacity."""


def swap(spender: Spender, serving: Serving, arn: str, model_arn: str) -> AnsweredCall:
    """Ask Bedrock to serve the model by this capacity. `Done` means accepted; only a later look shows it done."""
    if serving == "on_demand":
        return sent(
            lambda: spender.update_custom_model_deployment(customModelDeploymentIdentifier=arn, modelArn=model_arn),
            not_now=_WITHIN_THE_HOUR,
        )
    return sent(
        lambda: spender.update_provisioned_model_throughput(provisionedModelId=arn, desiredModelId=model_arn),
        not_now=_WITHIN_THE_HOUR,
    )
