"""Which stacks stand, and which were deleted, as CloudFormation says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError
from tunedrop.domain.serving import stack_arns

from tunedrop_cli.errors import Refused
from tunedrop_cli.stack import UNKNOWN

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

Standing = Literal["stands", "deleted", "unknown"]


@dataclass(frozen=True, slots=True)
class Target:
    """The stack to clean up: one that stands, or all of that name that were deleted."""

    name: str
    ids: tuple[str, ...]
    stands: bool


def target(cloudformation: CloudFormationClient, name: str) -> Target:
    """The stack of that name or ARN; a name means a deleted one only where none of that name stands.

    Raises Refused where CloudFormation knows neither.
    """
    found = _described(cloudformation, name)
    if found:
        return Target(found["StackName"], (found["StackId"],), found["StackStatus"] != stack_arns.DELETED)
    deleted = tuple(each["StackId"] for each in _deleted(cloudformation) if each["StackName"] == name)
    if not deleted:
        words = f"CloudFormation knows no stack {name} here, nor one that was deleted in the last 90 days"
        raise Refused(0, {"code": "no_stack", "message": words})
    return Target(name, deleted, stands=False)


def standing(
    cloudformation: CloudFormationClient, ids: Iterable[str], *, region: str, account: str
) -> Mapping[str, Standing]:
    """What became of each stack, by ARN; `unknown` also for what is no ARN of a stack in this account and Region."""
    found: dict[str, Standing] = {}
    for stack_id in set(ids):
        here = stack_arns.is_here(stack_id, region=region, account=account)
        known = _described(cloudformation, stack_id) if here else None
        status = known["StackStatus"] if known else ""
        found[stack_id] = "unknown" if not known else "deleted" if status == stack_arns.DELETED else "stands"
    return found


def _described(cloudformation: CloudFormationClient, name: str) -> Any:
    try:
        return cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == UNKNOWN:
            return None
        raise


def _deleted(cloudformation: CloudFormationClient) -> Iterable[Any]:
    for page in cloudformation.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"]):
        yield from page["StackSummaries"]
