"""The custom models in Bedrock. Only reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tunedrop.edges.faults import ABSENT, code_of

if TYPE_CHECKING:
    from tunedrop.edges.clients import BedrockReader


def name_of(bedrock: BedrockReader, arn: str) -> str | None:
    """The custom model's name; None if it does not exist, or its tags do not let us see it: it is not ours.

    Raises botocore's errors for everything else.
    """
    try:
        return bedrock.get_custom_model(modelIdentifier=arn)["modelName"]
    except ClientError as error:
        if code_of(error) in ABSENT:
            return None
        raise


def names(bedrock: BedrockReader) -> Iterator[str]:
    """The names of the account's own custom models in the Region."""
    for page in bedrock.get_paginator("list_custom_models").paginate(isOwned=True):
        for summary in page.get("modelSummaries", ()):
            yield summary["modelName"]
