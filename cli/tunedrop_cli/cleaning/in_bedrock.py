"""What Bedrock itself lists in a Region, whose it is by its tags, and its end with the person's own credentials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tunedrop_cli.cleaning.things import BILLS, Thing

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

STACK_TAG = "tunedrop:stack"
GONE = "ResourceNotFoundException"
NOT_YET = frozenset({"ConflictException", "ThrottlingException", "TooManyRequestsException", "InternalServerException"})
"""Codes of refusals that pass: something is being made or stopped, or still serves the model."""

COMMITTED = "committed until "
"""Begins the state of a throughput that Bedrock deletes no earlier."""


def listed(bedrock: BedrockClient) -> list[Thing]:
    """Jobs that run, throughputs, on-demand deployments and custom models, whoever made them, each with its tag.

    Raises ClientError where a list or the tags of a thing can't be seen: then nobody can say that nothing bills.
    """
    found = [*_jobs(bedrock), *_throughputs(bedrock), *_deployments(bedrock), *_models(bedrock)]
    return [replace(each, stack=_stack_of(bedrock, each.id)) for each in found]


def _jobs(bedrock: BedrockClient) -> Iterator[Thing]:
    for status in ("InProgress", "Stopping"):
        pages: Any = bedrock.get_paginator("list_model_customization_jobs").paginate(statusEquals=status)
        for each in _items(pages, "modelCustomizationJobSummaries"):
            yield Thing("job", each["jobName"], each["jobArn"], each["status"], BILLS["job"])


def _throughputs(bedrock: BedrockClient) -> Iterator[Thing]:
    pages = bedrock.get_paginator("list_provisioned_model_throughputs").paginate()
    for each in _items(pages, "provisionedModelSummaries"):
        bills = f"{BILLS['throughput']}, model units: {each['modelUnits']}"
        name, arn = each["provisionedModelName"], each["provisionedModelArn"]
        ends = each.get("commitmentExpirationTime")
        is_committed = ends is not None and ends > datetime.now(UTC)
        state = f"{COMMITTED}{ends:%Y-%m-%d %H:%M} UTC" if is_committed else each["status"]
        yield Thing("throughput", name, arn, state, bills, by_the_hour=True)


def _deployments(bedrock: BedrockClient) -> Iterator[Thing]:
    pages = bedrock.get_paginator("list_custom_model_deployments").paginate()
    for each in _items(pages, "modelDeploymentSummaries"):
        name, arn = each["customModelDeploymentName"], each["customModelDeploymentArn"]
        yield Thing("on-demand deployment", name, arn, each["status"], BILLS["on-demand deployment"])


def _models(bedrock: BedrockClient) -> Iterator[Thing]:
    pages = bedrock.get_paginator("list_custom_models").paginate(isOwned=True)
    for each in _items(pages, "modelSummaries"):
        state = each.get("modelStatus", "Active")
        yield Thing("custom model", each["modelName"], each["modelArn"], state, BILLS["custom model"])


def _items(pages: Any, name: str) -> Iterator[Any]:
    for page in pages:
        yield from page.get(name, ())


def _stack_of(bedrock: BedrockClient, arn: str) -> str:
    try:
        tags = bedrock.list_tags_for_resource(resourceARN=arn).get("tags", ())
    except ClientError as error:
        if error.response["Error"]["Code"] == GONE:
            return ""
        raise
    return next((tag["value"] for tag in tags if tag["key"] == STACK_TAG), "")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why Bedrock did not stop or delete something."""

    words: str
    may_pass: bool


def end(bedrock: BedrockClient, thing: Thing) -> Refusal | None:
    """Stop or delete it; returns Bedrock's refusal, but not that it is gone."""
    try:
        if thing.kind == "job":
            bedrock.stop_model_customization_job(jobIdentifier=thing.id)
        elif thing.kind == "throughput":
            bedrock.delete_provisioned_model_throughput(provisionedModelId=thing.id)
        elif thing.kind == "on-demand deployment":
            bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=thing.id)
        else:
            bedrock.delete_custom_model(modelIdentifier=thing.id)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return None if code == GONE else Refusal(str(error), code in NOT_YET)
    return None
