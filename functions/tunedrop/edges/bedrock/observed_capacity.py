"""The paid capacity in Bedrock: provisioned throughputs and custom-model deployments in one shape. Only reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tunedrop.domain.base_models.catalogue import Serving
from tunedrop.domain.serving import terms
from tunedrop.domain.serving.dead_stacks import Size
from tunedrop.domain.serving.purchase_states import Capacity, Observation, Purchase, Status
from tunedrop.edges.faults import ABSENT, code_of

if TYPE_CHECKING:
    from tunedrop.edges.clients import BedrockReader

_STATUS: Mapping[str, Status] = {  # docs/facts.md#provisioned-throughput, docs/facts.md#on-demand-deployments
    "Creating": "Creating",
    "InService": "Ready",
    "Active": "Ready",
    "Updating": "Updating",
    "Failed": "Failed",
}


def observe(bedrock: BedrockReader, purchase: Purchase, stack: str) -> Observation:
    """The capacity on the purchase's model: what is ours by ARN, name or tags, and what is not.

    Without a model, all capacity of its kind. Raises ClientError if Bedrock hides whether something is ours.
    """
    listed = list(listing(bedrock, purchase.serving, purchase.model_arn))
    if purchase.swap:  # only Get tells of an update, and a list by model has lost what serves another one by now
        listed = [capacity for capacity in listed if capacity.arn != purchase.arn]
    if purchase.arn and all(capacity.arn != purchase.arn for capacity in listed):
        listed += _unlisted(bedrock, purchase.serving, purchase.arn)
    replaced = purchase.replaces.arn if purchase.replaces else None
    ours, others = [], []
    for capacity in listed:
        if _is_ours(bedrock, capacity, purchase, stack):
            ours.append(_with_failure(bedrock, purchase.serving, capacity))
        elif capacity.status != "Failed" and capacity.arn != replaced:
            others.append(capacity)
    return Observation(tuple(ours), tuple(others))


def _is_ours(bedrock: BedrockReader, capacity: Capacity, purchase: Purchase, stack: str) -> bool:
    """ARN and name decide first: the name holds a digest of our intent, while tags may lag (docs/facts.md#iam)."""
    if capacity.arn == purchase.arn or capacity.name == purchase.name:
        return True
    own = tags(bedrock, capacity.arn)
    return own.get("tunedrop:intent") == purchase.intent_id and own.get("tunedrop:stack") == stack


def _unlisted(bedrock: BedrockReader, serving: Serving, arn: str) -> Iterable[Capacity]:
    """The purchase's own capacity, when its model's list lacks it or tells too little.

    Get denies our role both what is gone and what lost its tags. If it does, the list of all capacity decides: tags
    hide nothing from lists.
    """
    try:
        return [_get(bedrock, serving, arn)]
    except ClientError as error:
        if code_of(error) not in ABSENT:
            raise
        denied = code_of(error) == "AccessDeniedException"
    return [capacity for capacity in listing(bedrock, serving) if capacity.arn == arn] if denied else ()


def _with_failure(bedrock: BedrockReader, serving: Serving, capacity: Capacity) -> Capacity:
    """The capacity with the reason for its failure, which lists leave out."""
    if capacity.status != "Failed" or capacity.failure:
        return capacity
    try:
        return _get(bedrock, serving, capacity.arn)
    except ClientError as error:
        if code_of(error) in ABSENT:
            return capacity
        raise


def listing(bedrock: BedrockReader, serving: Serving, model_arn: str | None = None) -> Iterator[Capacity]:
    """All capacity of this kind in the Region, or on one model, including what others in the account made."""
    chosen: dict[str, Any] = {"modelArnEquals": model_arn} if model_arn else {}
    if serving == "on_demand":
        for page in bedrock.get_paginator("list_custom_model_deployments").paginate(**chosen):
            for summary in page.get("modelDeploymentSummaries", ()):
                yield _deployment(summary)
    else:
        for throughputs in bedrock.get_paginator("list_provisioned_model_throughputs").paginate(**chosen):
            for throughput in throughputs.get("provisionedModelSummaries", ()):
                yield _throughput(throughput)


def sizes(bedrock: BedrockReader) -> Mapping[str, Size]:
    """What each throughput in the Region is billed by, by its ARN."""
    pages = bedrock.get_paginator("list_provisioned_model_throughputs").paginate()
    return {
        shown["provisionedModelArn"]: Size(shown["modelUnits"], shown["foundationModelArn"].rpartition("/")[2])
        for page in pages
        for shown in page.get("provisionedModelSummaries", ())
    }


def tags(bedrock: BedrockReader, arn: str) -> Mapping[str, str]:
    """The resource's tags; none if it is gone.

    Raises ClientError, also when access is denied: that would not tell whose resource it is.
    """
    try:
        listed = bedrock.list_tags_for_resource(resourceARN=arn).get("tags", ())
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return {}
        raise
    return {tag["key"]: tag["value"] for tag in listed}


def _get(bedrock: BedrockReader, serving: Serving, arn: str) -> Capacity:
    if serving == "on_demand":
        found = bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
        return _deployment({**found, "customModelDeploymentName": found["modelDeploymentName"]})
    return _throughput(bedrock.get_provisioned_model_throughput(provisionedModelId=arn))


def _status(shown: str) -> Status:
    """Ours for Bedrock's status; one that we do not know counts as a transition between two that we do."""
    return _STATUS.get(shown, "Updating")


def _throughput(shown: Any) -> Capacity:
    return Capacity(
        arn=shown["provisionedModelArn"],
        name=shown["provisionedModelName"],
        model_arn=shown["modelArn"],
        status=_status(shown["status"]),
        failure=shown.get("failureMessage"),
        model_units=shown["modelUnits"],
        created_at=shown.get("creationTime"),
        base_model_arn=shown["foundationModelArn"],
        committed_until=shown.get("commitmentExpirationTime"),
        commitment=terms.of_bedrock(shown.get("commitmentDuration")),
    )


def _deployment(shown: Any) -> Capacity:
    update = shown.get("updateDetails", {}).get("updateStatus")
    return Capacity(
        arn=shown["customModelDeploymentArn"],
        name=shown["customModelDeploymentName"],  # Get says modelDeploymentName (docs/facts.md#on-demand-deployments)
        model_arn=shown["modelArn"],
        status="Updating" if update == "Updating" else _status(shown["status"]),
        failure=shown.get("failureMessage"),
        update_failed=update == "UpdateFailed",
        created_at=shown.get("createdAt") or shown.get("creationTime"),
    )
