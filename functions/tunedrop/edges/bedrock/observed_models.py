"""The custom models in Bedrock. Only reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tunedrop.domain.serving import served_models
from tunedrop.domain.serving.served_models import ProvenModel
from tunedrop.edges.bedrock import observed_capacity
from tunedrop.edges.faults import ABSENT, code_of
from tunedrop.edges.settings import Settings

if TYPE_CHECKING:
    from tunedrop.edges.clients import BedrockReader


def name_of(bedrock: BedrockReader, arn: str) -> str | None:
    """The custom model's name; None if it does not exist, or its tags do not let us see it: it is not ours.

    Raises botocore's errors for everything else.
    """
    found = _get(bedrock, arn)
    return found["modelName"] if found else None


def proven(bedrock: BedrockReader, arn: str, settings: Settings) -> ProvenModel | None:
    """The custom model by its own name and tags, whatever our rows know of it; None if this stack did not make it.

    Raises botocore's errors.
    """
    found = _get(bedrock, arn)
    if found is None:
        return None
    tags = observed_capacity.tags(bedrock, arn)
    return served_models.proven(
        found["modelName"], found["baseModelArn"], tags, stack_id=settings.stack_id, stack_uid=settings.stack_uid
    )


def _get(bedrock: BedrockReader, arn: str) -> Mapping[str, Any] | None:
    try:
        return bedrock.get_custom_model(modelIdentifier=arn)
    except ClientError as error:
        if code_of(error) in ABSENT:
            return None
        raise


def names(bedrock: BedrockReader, marked: str = "") -> Iterator[str]:
    """The names of the account's own custom models in the Region; `marked`: of those whose name holds this."""
    chosen: dict[str, Any] = {"nameContains": marked} if marked else {}
    for page in bedrock.get_paginator("list_custom_models").paginate(isOwned=True, **chosen):
        for summary in page.get("modelSummaries", ()):
            yield summary["modelName"]
