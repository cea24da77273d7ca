"""On-demand deployments of custom models: no hourly price, only for some base models."""

from dataclasses import replace
from typing import Any, Final

from bedrock_simulator import foundation_models
from bedrock_simulator.entities import Bill, CustomModel, Deployment, Due
from bedrock_simulator.errors import invalid, not_found, over_quota
from bedrock_simulator.listing import page
from bedrock_simulator.objects import Objects
from bedrock_simulator.resources import find, find_model, name_is_taken
from bedrock_simulator.tags import tag_map
from bedrock_simulator.world import Call, Commit, World

OPERATION: Final = "CreateCustomModelDeployment"


def create(call: Call) -> dict[str, Any]:
    """CreateCustomModelDeployment: the same client token deploys once."""
    if earlier := call.earlier(OPERATION):
        return {"customModelDeploymentArn": earlier}
    world = call.world
    model = _model(call, call["modelArn"])
    if name_is_taken(call, world.deployments.values(), call["modelDeploymentName"]):
        raise invalid("The provided model deployment name is currently in use.")
    _check_quota(call)
    tags = tag_map(call["tags"])
    arn = call.arn(f"custom-model-deployment/{world.new_id(call.now)}")
    name = call["modelDeploymentName"]
    call.remember(OPERATION, arn)
    world.deployments[arn] = Deployment(
        arn=arn,
        account=call.account,
        region=call.region,
        name=name,
        model_arn=model.arn,
        description=call["description"],
        created_at=call.now,
        modified_at=call.now,
    )
    world.tags[arn] = tags
    token = call["clientRequestToken"] or ""
    world.charge(Bill("custom_model_deployment", arn, name, token, tags, call.now))
    ready = world.after(call.now, world.configuration.durations.deployment_creation)
    world.plan(ready, "deployment.serve", arn)
    return {"customModelDeploymentArn": arn}


def _model(call: Call, arn: str) -> CustomModel:
    model = find_model(call, arn)
    if model is None:
        raise not_found(f"Could not find the custom model: {arn}")
    base = foundation_models.find(model.base_model_id)
    if base is None or "on_demand" not in base.serving:  # docs/facts.md#ways-to-serve
        raise invalid("On-demand deployment is not supported for the base model of this model.")
    return model


def _check_quota(call: Call) -> None:
    quotas = call.world.configuration.quotas
    own = [d for d in call.world.deployments.values() if call.owns(d)]
    if len(own) >= quotas.deployments:
        raise over_quota(f"At most {quotas.deployments} custom model deployments can exist at a time.")
    limit = quotas.deployments_in_progress
    creating = [d for d in own if d.status == "Creating"]
    if len(creating) >= limit:
        raise over_quota(f"At most {limit} custom model deployments can be in progress at a time.")


def serve(world: World, due: Due, objects: Objects) -> Commit:
    """Finish a creation or an update."""

    def commit() -> None:
        deployment = world.deployments[due.arn]
        is_update = deployment.desired_model_arn is not None
        world.deployments[due.arn] = replace(
            deployment,
            status="Active",
            model_arn=deployment.desired_model_arn or deployment.model_arn,
            desired_model_arn=None,
            update_status="UpdateCompleted" if is_update else deployment.update_status,
            modified_at=due.at,
        )

    return commit


def _find(call: Call) -> Deployment:
    wanted = call["customModelDeploymentIdentifier"]
    deployment = find(call, call.world.deployments.values(), wanted)
    if deployment is None:
        raise not_found(f"Could not find the custom model deployment: {wanted}")
    return deployment


def get(call: Call) -> dict[str, Any]:
    """GetCustomModelDeployment: by ARN or name."""
    deployment = _find(call)
    update = {
        "modelArn": deployment.desired_model_arn or deployment.model_arn,
        "updateStatus": deployment.update_status,
    }
    return {
        "customModelDeploymentArn": deployment.arn,
        "modelDeploymentName": deployment.name,
        "modelArn": deployment.model_arn,
        "createdAt": deployment.created_at,
        "status": deployment.status,
        "description": deployment.description,
        "updateDetails": update if deployment.update_status else None,
        "lastUpdatedAt": deployment.modified_at,
    }


def list_deployments(call: Call) -> dict[str, Any]:
    """ListCustomModelDeployments: its members have other names than in Get (docs/facts.md#on-demand-deployments)."""
    status, model = call["statusEquals"], call["modelArnEquals"]
    deployments = (
        d
        for d in call.world.deployments.values()
        if call.owns(d) and status in {None, d.status} and model in {None, d.model_arn}
    )
    return page(call, "modelDeploymentSummaries", deployments, _summary)


def _summary(deployment: Deployment) -> dict[str, Any]:
    return {
        "customModelDeploymentArn": deployment.arn,
        "customModelDeploymentName": deployment.name,
        "modelArn": deployment.model_arn,
        "createdAt": deployment.created_at,
        "status": deployment.status,
        "lastUpdatedAt": deployment.modified_at,
    }


def update(call: Call) -> dict[str, Any]:
    """UpdateCustomModelDeployment: swaps the model behind the ARN, which keeps serving meanwhile."""
    deployment, model = _find(call), _model(call, call["modelArn"])
    if deployment.status != "Active" or deployment.update_status == "Updating":
        raise invalid("The custom model deployment is not ready for an update.")
    world = call.world
    world.deployments[deployment.arn] = replace(
        deployment, desired_model_arn=model.arn, update_status="Updating", modified_at=call.now
    )
    ready = world.after(call.now, world.configuration.durations.deployment_update)
    world.plan(ready, "deployment.serve", deployment.arn)
    return {"customModelDeploymentArn": deployment.arn}


def delete(call: Call) -> dict[str, Any]:
    """DeleteCustomModelDeployment: takes effect at once; the model is kept."""
    deployment, world = _find(call), call.world
    world.agenda.cancel(deployment.arn)
    world.stop_charging(deployment.arn, call.now)
    del world.deployments[deployment.arn]
    del world.tags[deployment.arn]
    return {}
