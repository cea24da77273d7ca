"""The operations on custom models: get, list, delete. Jobs create them."""

from typing import Any

from bedrock_simulator import foundation_models
from bedrock_simulator.entities import CustomModel
from bedrock_simulator.errors import ServiceError, not_found
from bedrock_simulator.jobs import kms_key_arn
from bedrock_simulator.listing import page
from bedrock_simulator.resources import find_model
from bedrock_simulator.world import Call


def _find(call: Call) -> CustomModel:
    wanted = call["modelIdentifier"]
    model = find_model(call, wanted)
    if model is None:
        raise not_found(f"Could not find the custom model: {wanted}")
    return model


def get(call: Call) -> dict[str, Any]:
    """GetCustomModel: by ARN or name."""
    model = _find(call)
    job = call.world.jobs[model.job_arn]
    loss = job.validation_loss
    return {
        "modelArn": model.arn,
        "modelName": model.name,
        "jobName": job.name,
        "jobArn": job.arn,
        "baseModelArn": model.base_model_arn,
        "customizationType": "FINE_TUNING",
        "modelKmsKeyArn": kms_key_arn(job),
        "hyperParameters": job.hyperparameters,
        "trainingDataConfig": {"s3Uri": job.training_uri},
        "validationDataConfig": {"validators": [{"s3Uri": uri} for uri in job.validation_uris]},
        "outputDataConfig": {"s3Uri": job.output_uri},
        "trainingMetrics": {"trainingLoss": job.training_loss},
        "validationMetrics": None if loss is None else [{"validationLoss": loss}],
        "creationTime": model.created_at,
        "modelStatus": "Active",
    }


def list_models(call: Call) -> dict[str, Any]:
    """ListCustomModels: only the caller's own."""
    is_empty = call["isOwned"] is False or call["modelStatus"] not in {None, "Active"}
    models = [model for model in call.world.models.values() if call.owns(model) and not is_empty]
    if base := call["baseModelArnEquals"]:
        models = [model for model in models if model.base_model_arn == base]
    if base := call["foundationModelArnEquals"]:
        models = [m for m in models if foundation_models.arn(m.base_model_id, m.region) == base]
    return page(call, "modelSummaries", models, _summary)


def _summary(model: CustomModel) -> dict[str, Any]:
    return {
        "modelArn": model.arn,
        "modelName": model.name,
        "creationTime": model.created_at,
        "baseModelArn": model.base_model_arn,
        "baseModelName": model.base_model_id.partition(":")[0],
        "customizationType": "FINE_TUNING",
        "ownerAccountId": model.account,
        "modelStatus": "Active",
    }


def delete(call: Call) -> dict[str, Any]:
    """DeleteCustomModel: refused while a throughput or deployment serves the model."""
    model = _find(call)
    throughputs = call.world.throughputs.values()
    in_use = any(model.arn in {t.model_arn, t.desired_model_arn} for t in throughputs)
    in_use |= any(model.arn in {d.model_arn, d.desired_model_arn} for d in call.world.deployments.values())
    if in_use:
        raise ServiceError("ConflictException", "The model is in use and can't be deleted.")
    del call.world.models[model.arn]
    del call.world.tags[model.arn]
    call.world.stop_charging(model.arn, call.now)
    return {}
