"""The operations on base models: GetFoundationModel, ListFoundationModels."""

from typing import Any

from bedrock_simulator import foundation_models
from bedrock_simulator.errors import not_found
from bedrock_simulator.foundation_models import FoundationModel
from bedrock_simulator.world import Call


def get(call: Call) -> dict[str, Any]:
    """GetFoundationModel: by id or ARN; by one with context suffix if the configuration says so."""
    identifier = call["modelIdentifier"]
    model = foundation_models.find(identifier)
    details = None
    wanted = identifier.rpartition("/")[2]
    if model and (wanted == model.id or call.world.configuration.variants_resolve):
        details = next((d for d in _details(call, model) if d["modelId"] == wanted), None)
    if details is None:
        raise not_found("Could not resolve the foundation model from the provided model identifier.")
    return {"modelDetails": details}


def list_models(call: Call) -> dict[str, Any]:
    """ListFoundationModels: not paged, like the real one."""
    found = [d for model in foundation_models.catalogue() for d in _details(call, model)]
    return {"modelSummaries": [details for details in found if _matches(call, details)]}


def _matches(call: Call, details: dict[str, Any]) -> bool:
    wanted = (
        ("byCustomizationType", details["customizationsSupported"]),
        ("byInferenceType", details["inferenceTypesSupported"]),
        ("byOutputModality", details["outputModalities"]),
    )
    provider = call["byProvider"]
    return (provider is None or provider.lower() == details["providerName"].lower()) and all(
        call[name] is None or call[name] in values for name, values in wanted
    )


def _details(call: Call, model: FoundationModel) -> list[dict[str, Any]]:
    """A model's rows: one with its on-demand id and, if it can be trained or provisioned, one with its context."""
    is_trainable = call.region in model.customization_regions
    is_provisionable = call.region in model.provisioned_regions
    way = "ON_DEMAND" if call.region in model.on_demand_regions else "INFERENCE_PROFILE"
    rows = [_row(call, model, model.id, [], [way])]
    if is_trainable or is_provisionable:
        is_tuned = is_trainable and model.customization_id not in call.world.configuration.not_tuned
        customizations = ["FINE_TUNING"] if is_tuned else []
        inference = ["PROVISIONED"] if is_provisionable else []
        rows.append(_row(call, model, model.customization_id, customizations, inference))
    return rows


def _row(
    call: Call, model: FoundationModel, model_id: str, customizations: list[str], inference: list[str]
) -> dict[str, Any]:
    lifecycle = call.world.lifecycle(model)
    return {
        "modelArn": foundation_models.arn(model_id, call.region),
        "modelId": model_id,
        "modelName": model.name,
        "providerName": model.provider,
        "inputModalities": list(model.modalities),
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": True,
        "customizationsSupported": customizations,
        "inferenceTypesSupported": inference,
        "modelLifecycle": {
            "status": lifecycle.status,
            "legacyTime": lifecycle.legacy_time,
            "endOfLifeTime": lifecycle.end_of_life,
        },
    }
