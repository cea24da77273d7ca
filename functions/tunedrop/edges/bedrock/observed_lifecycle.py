"""Whether Bedrock still tunes a base model. Only reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tunedrop.domain.training.lifecycle import Lifecycle
from tunedrop.edges.faults import code_of

if TYPE_CHECKING:
    from tunedrop.edges.clients import BedrockReader


def lifecycle(bedrock: BedrockReader, model_id: str) -> Lifecycle | None:
    """The model's lifecycle from GetFoundationModel; None if Bedrock does not know the model.

    Raises botocore's errors for everything else.
    """
    try:
        details = bedrock.get_foundation_model(modelIdentifier=model_id).get("modelDetails", {})
    except ClientError as error:
        if code_of(error) in {"ResourceNotFoundException", "ValidationException"}:
            return None
        raise
    stages: Mapping[str, Any] = details.get("modelLifecycle", {})
    return Lifecycle(stages.get("status", "ACTIVE"), stages.get("legacyTime"), stages.get("endOfLifeTime"))
