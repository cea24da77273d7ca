"""Provisioned throughput and custom-model deployments in Bedrock as one thing: paid capacity behind a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from tunedrop.base_models.catalogue import Serving
from tunedrop.edges.bedrock import ABSENT, Answer, code_of, sent
from tunedrop.serving import requests
from tunedrop.serving.purchases import Capacity, Observation, Purchase

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

_STATUS: Mapping[str, Literal["Creating", "Ready", "Updating", "Failed"]] = {  # bedrock-facts 4.3
    "Creating": "Creating",
    "InService": "Ready",
    "Active": "Ready",
    "Updating": "Updating",
    "Failed": "Failed",
}
_WHEN_ALLOWED = frozenset({"AccessDeniedException"})
"""A policy can be put right within the day that a purchase may wait; training need not be paid again for it."""


def observe(bedrock: BedrockClient, purchase: Purchase, stack: str) -> Observation:
    """What stands on the purchase's model, told apart by the tags that only its own requests carry."""
    if purchase.model_arn is None:
        return Observation()
    listed = {capacity.arn: capacity for capacity in listing(bedrock, purchase.serving, purchase.model_arn)}
    if purchase.arn and purchase.arn not in listed:
        late = _get(bedrock, purchase.serving, purchase.arn)
        listed.update({late.arn: late} if late else {})
    ours, others = [], []
    for capacity in listed.values():
        own = tags(bedrock, capacity.arn)
        if own.get("tunedrop:intent") == purchase.intent_id and own.get("tunedrop:stack") == stack:
            failed = _get(bedrock, purchase.serving, capacity.arn) if capacity.status == "Failed" else None
            ours.append(failed or capacity)
        elif capacity.status != "Failed":
            others.append(capacity)
    return Observation(tuple(ours), tuple(others))


def listing(bedrock: BedrockClient, serving: Serving, model_arn: str | None = None) -> Iterator[Capacity]:
    """All of it in the Region, or all on one model; Bedrock's lists hold other people's too."""
    chosen: dict[str, Any] = {"modelArnEquals": model_arn} if model_arn else {}
    if serving == "on_demand":
        for page in bedrock.get_paginator("list_custom_model_deployments").paginate(**chosen):
            for summary in page.get("modelDeploymentSummaries", ()):
                yield _deployment(summary)
    else:
        for throughputs in bedrock.get_paginator("list_provisioned_model_throughputs").paginate(**chosen):
            for throughput in throughputs.get("provisionedModelSummaries", ()):
                yield _throughput(throughput)


def tags(bedrock: BedrockClient, arn: str) -> Mapping[str, str]:
    """The tags, none where the thing has gone."""
    try:
        listed = bedrock.list_tags_for_resource(resourceARN=arn).get("tags", ())
    except ClientError as error:
        if code_of(error) in ABSENT:
            return {}
        raise
    return {tag["key"]: tag["value"] for tag in listed}


def create(spending: BedrockClient, purchase: Purchase, own_tags: Mapping[str, str]) -> Answer:
    """Buy: the one place of this program that does."""
    if purchase.serving == "on_demand":
        deployment = requests.create_deployment(purchase, own_tags)
        return sent(
            lambda: spending.create_custom_model_deployment(**deployment)["customModelDeploymentArn"],
            not_now=_WHEN_ALLOWED,
        )
    throughput = requests.create_throughput(purchase, own_tags)
    return sent(
        lambda: spending.create_provisioned_model_throughput(**throughput)["provisionedModelArn"],
        not_now=_WHEN_ALLOWED,
    )


def delete(spending: BedrockClient, serving: Serving, arn: str) -> Answer:
    """Give it back. Whether it has gone is seen by looking again."""

    def call() -> str:
        if serving == "on_demand":
            spending.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
        else:
            spending.delete_provisioned_model_throughput(provisionedModelId=arn)
        return ""

    return sent(call)


def _get(bedrock: BedrockClient, serving: Serving, arn: str) -> Capacity | None:
    try:
        if serving == "on_demand":
            found = bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=arn)
            return _deployment({**found, "customModelDeploymentName": found["modelDeploymentName"]})
        return _throughput(bedrock.get_provisioned_model_throughput(provisionedModelId=arn))
    except ClientError as error:
        if code_of(error) in ABSENT:
            return None
        raise


def _throughput(shown: Any) -> Capacity:
    return Capacity(
        arn=shown["provisionedModelArn"],
        name=shown["provisionedModelName"],
        model_arn=shown["modelArn"],
        status=_STATUS[shown["status"]],
        failure=shown.get("failureMessage"),
    )


def _deployment(shown: Any) -> Capacity:
    return Capacity(
        arn=shown["customModelDeploymentArn"],
        name=shown["customModelDeploymentName"],  # Get calls it modelDeploymentName (bedrock-facts 4.5)
        model_arn=shown["modelArn"],
        status=_STATUS[shown["status"]],
        failure=shown.get("failureMessage"),
    )
