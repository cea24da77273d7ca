"""Whether Bedrock still tunes a base model. Only reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tunedrop.domain.base_models.catalogue import BaseModel
from tunedrop.domain.training.lifecycle import Lifecycle
from tunedrop.edges.faults import code_of

if TYPE_CHECKING:
    from tunedrop.edges.clients import BedrockReader


def tuned_today(bedrock: BedrockReader) -> Mapping[str, Lifecycle]:
    """The ids that Bedrock lists as tunable in this Region, each with its lifecycle. Raises botocore's errors."""
    listed = bedrock.list_foundation_models(byCustomizationType="FINE_TUNING")["modelSummaries"]
    return {row["modelId"]: _lifecycle(row) for row in listed}


def all_today(bedrock: BedrockReader) -> Mapping[str, Lifecycle]:
    """Each base model's lifecycle, by its ids. Raises botocore's errors."""
    return {row["modelId"]: _lifecycle(row) for row in bedrock.list_foundation_models()["modelSummaries"]}


def lifecycle(bedrock: BedrockReader, base_model: BaseModel, tuned: Mapping[str, Lifecycle]) -> Lifecycle | None:
    """The base model's lifecycle, with `tuned` as the word on whether it is tuned; None if Bedrock does not know it.

    GetFoundationModel may know the plain id only, so a variant that is not found proves nothing
    (docs/facts.md#lifecycle). Raises botocore's errors for everything else.
    """
    ids = (base_model.customization_id, base_model.inference_id)
    in_list = next((tuned[each] for each in ids if each in tuned), None)
    found = next((found for each in ids if (found := _get(bedrock, each))), in_list)
    return replace(found, tuned=in_list is not None) if found else None


def _get(bedrock: BedrockReader, model_id: str) -> Lifecycle | None:
    try:
        return _lifecycle(bedrock.get_foundation_model(modelIdentifier=model_id).get("modelDetails", {}))
    except ClientError as error:
        if code_of(error) in {"ResourceNotFoundException", "ValidationException"}:
            return None
        raise


def _lifecycle(details: Mapping[str, Any]) -> Lifecycle:
    stages: Mapping[str, Any] = details.get("modelLifecycle", {})
    return Lifecycle(stages.get("status", "ACTIVE"), stages.get("legacyTime"), stages.get("endOfLifeTime"))
