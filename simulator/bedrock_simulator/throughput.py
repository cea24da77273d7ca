"""Provisioned Throughput: capacity that is billed by the hour until it is deleted."""

import math
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from bedrock_simulator import foundation_models
from bedrock_simulator.entities import Bill, Due, Throughput
from bedrock_simulator.errors import ServiceError, invalid, not_found, over_quota
from bedrock_simulator.foundation_models import FoundationModel
from bedrock_simulator.listing import page
from bedrock_simulator.objects import Objects
from bedrock_simulator.resources import find, find_model, name_is_taken
from bedrock_simulator.tags import tag_map
from bedrock_simulator.world import Call, Commit, World

OPERATION: Final = "CreateProvisionedModelThroughput"
TERMS: Final = {"OneMonth": timedelta(days=30), "SixMonths": timedelta(days=180)}


def create(call: Call) -> dict[str, Any]:
    """CreateProvisionedModelThroughput: the same client token buys once."""
    if earlier := call.earlier(OPERATION):
        return {"provisionedModelArn": earlier}
    model_arn, base = _model(call, call["modelId"])
    _check(call, base)
    tags = tag_map(call["tags"])
    arn = call.arn(f"provisioned-model/{call.world.new_id(call.now)}")
    throughput = _new(call, arn, model_arn, base)
    call.remember(OPERATION, arn)
    call.world.throughputs[arn] = throughput
    call.world.tags[arn] = tags
    call.world.charge(
        Bill(
            "provisioned_throughput",
            arn,
            throughput.name,
            call["clientRequestToken"] or "",
            tags,
            call.now,
            units=throughput.model_units,
            commitment=throughput.commitment,
        )
    )
    ready = call.world.after(call.now, call.world.configuration.durations.throughput_creation)
    call.world.plan(ready, "throughput.serve", arn)
    return {"provisionedModelArn": arn}


def _model(call: Call, identifier: str) -> tuple[str, FoundationModel]:
    """The ARN to serve, and the base model behind it."""
    model = find_model(call, identifier)
    base = foundation_models.find(model.base_model_id if model else identifier)
    if base is None:
        raise not_found(f"Could not find the model: {identifier}")
    is_provisionable = model is not None or identifier.endswith(base.customization_id)
    if not (is_provisionable and "provisioned" in base.serving):
        raise invalid(f"Provisioned Throughput is not supported for the model: {identifier}")
    if call.region not in base.provisioned_regions:
        raise invalid("The provided model identifier is invalid.")
    return model.arn if model else foundation_models.arn(base.customization_id, call.region), base


def _check(call: Call, base: FoundationModel) -> None:
    world = call.world
    if world.lifecycle(base).status == "LEGACY":
        raise ServiceError(
            world.configuration.legacy_code,
            f"{base.name} is in Legacy state: Provisioned Throughput can't be created.",
        )
    if name_is_taken(call, world.throughputs.values(), call["provisionedModelName"]):
        raise invalid("The provided provisioned model name is currently in use.")
    own = [t for t in world.throughputs.values() if call.owns(t)]
    quotas, wanted = world.configuration.quotas, call["modelUnits"]
    by_model = quotas.model_units_by_model.get(base.customization_id, quotas.model_units)
    units = sum(t.model_units for t in own)
    units_of_model = sum(t.model_units for t in own if t.base_model_id == base.customization_id)
    if units + wanted > quotas.model_units or units_of_model + wanted > by_model:
        term = "no commitment " if not call["commitmentDuration"] else ""
        raise over_quota(  # docs/facts.md#errors
            f"Your account does not currently have any {term}model units reserved for {base.name}."
        )


def _new(call: Call, arn: str, model_arn: str, base: FoundationModel) -> Throughput:
    commitment = call["commitmentDuration"]
    term = TERMS[commitment].total_seconds() if commitment else 0
    return Throughput(
        arn=arn,
        account=call.account,
        region=call.region,
        name=call["provisionedModelName"],
        model_arn=model_arn,
        desired_model_arn=model_arn,
        base_model_id=base.customization_id,
        model_units=call["modelUnits"],
        commitment=commitment,
        commitment_ends=call.world.after(call.now, term) if commitment else None,
        created_at=call.now,
        modified_at=call.now,
    )


def serve(world: World, due: Due, objects: Objects) -> Commit:
    """Finish a creation or an update: the throughput now serves its desired model."""

    def commit() -> None:
        throughput = world.throughputs[due.arn]
        world.throughputs[due.arn] = replace(
            throughput,
            status="InService",
            model_arn=throughput.desired_model_arn,
            modified_at=due.at,
        )

    return commit


def _find(call: Call) -> Throughput:
    wanted = call["provisionedModelId"]
    throughput = find(call, call.world.throughputs.values(), wanted)
    if throughput is None:
        raise not_found(f"Could not find the provisioned model: {wanted}")
    return throughput


def get(call: Call) -> dict[str, Any]:
    """GetProvisionedModelThroughput: by ARN, name or id."""
    return _summary(call, _find(call))


def _commitment_ends(call: Call, throughput: Throughput) -> datetime | None:
    """When its term ends: one that nobody deleted in time has begun another (docs/facts.md#provisioned-throughput)."""
    ends, grace = throughput.commitment_ends, call.world.configuration.renewal_seconds
    while ends and throughput.commitment and grace < math.inf and call.world.after(ends, grace) <= call.now:
        ends = call.world.after(ends, TERMS[throughput.commitment].total_seconds())
    return ends


def _summary(call: Call, throughput: Throughput) -> dict[str, Any]:
    return {
        "modelUnits": throughput.model_units,
        "desiredModelUnits": throughput.model_units,
        "provisionedModelName": throughput.name,
        "provisionedModelArn": throughput.arn,
        "modelArn": throughput.model_arn,
        "desiredModelArn": throughput.desired_model_arn,
        "foundationModelArn": foundation_models.arn(throughput.base_model_id, throughput.region),
        "status": throughput.status,
        "creationTime": throughput.created_at,
        "lastModifiedTime": throughput.modified_at,
        "commitmentDuration": throughput.commitment,
        "commitmentExpirationTime": _commitment_ends(call, throughput),
    }


def list_throughputs(call: Call) -> dict[str, Any]:
    """ListProvisionedModelThroughputs: only the caller's own."""
    status, model = call["statusEquals"], call["modelArnEquals"]
    throughputs = (
        t
        for t in call.world.throughputs.values()
        if call.owns(t) and status in {None, t.status} and model in {None, t.model_arn}
    )
    return page(call, "provisionedModelSummaries", throughputs, partial(_summary, call))


def update(call: Call) -> dict[str, Any]:
    """UpdateProvisionedModelThroughput: a new name takes effect at once, another model after a while."""
    throughput = _find(call)
    name, identifier = call["desiredProvisionedModelName"], call["desiredModelId"]
    if throughput.status != "InService":
        raise invalid(f"The provisioned model is {throughput.status} and can't be updated.")
    if name and name != throughput.name:
        if name_is_taken(call, call.world.throughputs.values(), name):
            raise invalid("The provided provisioned model name is currently in use.")
        throughput = replace(throughput, name=name, modified_at=call.now)
    if identifier:
        throughput = _redirect(call, throughput, identifier)
    call.world.throughputs[throughput.arn] = throughput
    return {}


def _redirect(call: Call, throughput: Throughput, identifier: str) -> Throughput:
    model_arn, base = _model(call, identifier)
    is_custom = ":custom-model/" in throughput.model_arn
    if not is_custom or base.customization_id != throughput.base_model_id:
        raise invalid("The desired model must have the same base model.")  # docs/facts.md#provisioned-throughput
    ready = call.world.after(call.now, call.world.configuration.durations.throughput_update)
    call.world.plan(ready, "throughput.serve", throughput.arn)
    return replace(throughput, desired_model_arn=model_arn, status="Updating", modified_at=call.now)


def delete(call: Call) -> dict[str, Any]:
    """DeleteProvisionedModelThroughput: takes effect at once, but is refused before a commitment ends."""
    throughput = _find(call)
    ends = _commitment_ends(call, throughput)
    if ends and call.now < ends:
        raise ServiceError(
            call.world.configuration.committed_delete_code,
            "The provisioned model can't be deleted before its commitment term ends.",
        )
    world = call.world
    world.agenda.cancel(throughput.arn)
    world.stop_charging(throughput.arn, call.now)
    del world.throughputs[throughput.arn]
    del world.tags[throughput.arn]
    return {}
