"""What became of a stack: CloudFormation knows those that were deleted, too. Only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tunedrop.edges.faults import code_of

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

UNKNOWN = "ValidationError"
"""The code of CloudFormation's answer about a stack that it does not know (docs/facts.md#cloudformation)."""


def status(cloudformation: CloudFormationClient, stack_id: str) -> str | None:
    """The status of the stack with this ARN, such as DELETE_COMPLETE; None if CloudFormation does not know it.

    Raises botocore's errors for everything else.
    """
    try:
        return cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
    except ClientError as error:
        if code_of(error) == UNKNOWN:
            return None
        raise
