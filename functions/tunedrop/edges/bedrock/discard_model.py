"""Delete custom models: the only module that makes this call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunedrop.edges.bedrock.call_outcomes import CallOutcome, sent

if TYPE_CHECKING:
    from tunedrop.edges.clients import Spender


def delete(spender: Spender, arn: str) -> CallOutcome:
    """Ask Bedrock to delete the custom model, for good."""
    return sent(lambda: spender.delete_custom_model(modelIdentifier=arn)).outcome
