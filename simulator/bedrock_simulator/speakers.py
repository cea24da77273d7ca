"""Which model answers a call: a base model by its id or an inference profile, or what serves a custom model."""

from typing import Final

from bedrock_simulator import foundation_models
from bedrock_simulator.errors import ServiceError, invalid, not_found
from bedrock_simulator.prompts import Speaker
from bedrock_simulator.world import Call

INVALID_MODEL: Final = "The provided model identifier is invalid."


def speaker(call: Call) -> Speaker:
    """The model behind the request's `modelId`. Raises ServiceError if it can't be called so, or not any more."""
    model_id = call["modelId"]
    if ":custom-model/" in model_id:  # docs/facts.md#invoking-a-model: call what serves it instead
        raise invalid(INVALID_MODEL)
    is_served = ":provisioned-model/" in model_id or ":custom-model-deployment/" in model_id
    found = _served(call, model_id) if is_served else _on_demand(call, model_id)
    lifecycle = call.world.lifecycle(found.base)
    if lifecycle.end_of_life and lifecycle.end_of_life <= call.now:
        raise ServiceError(
            call.world.configuration.end_of_life_code,
            "This model version has reached the end of its life.",
        )
    return found


def _on_demand(call: Call, model_id: str) -> Speaker:
    invoked = foundation_models.find_for_inference(model_id, call.region)
    if invoked is None:
        raise invalid(INVALID_MODEL)
    base, profile = invoked.model, invoked.profile
    if profile and model_id not in {profile, call.arn(f"inference-profile/{profile}")}:
        raise invalid(INVALID_MODEL)
    if not profile and call.region not in base.on_demand_regions:  # docs/facts.md#base-models
        raise invalid(
            f"Invocation of model ID {base.id} with on-demand throughput isn\u2019t supported. "
            "Retry your request with the ID or ARN of an inference profile that contains this model."
        )
    return Speaker(base, names=(model_id, base.customization_id, base.id))


def _served(call: Call, arn: str) -> Speaker:
    world = call.world
    thing = world.throughputs.get(arn) or world.deployments.get(arn)
    if thing is None or not call.owns(thing):
        raise not_found("The provided model identifier could not be found.")
    if thing.status not in {"InService", "Active", "Updating"}:
        raise ServiceError("ModelNotReadyException", "The model is not ready for inference: it is still being created.")
    model = world.models.get(thing.model_arn)
    base = foundation_models.find(model.base_model_id if model else thing.model_arn)
    if base is None:
        raise not_found("The provided model identifier could not be found.")
    if model is None:
        return Speaker(base, names=(arn, base.customization_id, base.id))
    return Speaker(base, model.memory, (arn, model.arn, model.name), model.fit)
