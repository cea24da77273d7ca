"""Find the throughputs that deleted stacks have left, among what is not this stack's: told, and never ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tunedrop.domain.serving import dead_stacks, stack_arns
from tunedrop.domain.serving.dead_stacks import LeftThroughput
from tunedrop.domain.serving.purchase_states import Capacity
from tunedrop.edges import faults, stacks
from tunedrop.edges.bedrock import observed_capacity
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger, traced

TAG = "tunedrop:stack"


@dataclass(frozen=True, slots=True)
class DeadStacks:
    """What was found. What could not be seen is left out, and its fault kept."""

    throughputs: tuple[LeftThroughput, ...] = ()
    fault: Exception | None = None


def find(foreign: Iterable[Capacity], cloud: Cloud) -> DeadStacks:
    """What of this capacity is tagged with a stack that CloudFormation calls deleted."""
    try:
        owners = {item.arn: _owner(item, cloud) for item in foreign if ":provisioned-model/" in item.arn}
        deleted = {stack for stack in set(owners.values()) if stack and _is_deleted(stack, cloud)}
        sizes = observed_capacity.sizes(cloud.bedrock) if deleted else {}
    except faults.FAULTS as fault:
        logger.error("dead stacks could not be looked for", extra=traced(fault))
        return DeadStacks(fault=fault)
    prices = cloud.settings.prices
    found = [dead_stacks.left(arn, stack, sizes.get(arn), prices) for arn, stack in owners.items() if stack in deleted]
    for each in found:
        logger.error("a throughput bills for a stack that was deleted", extra={"arn": each.arn, "stack_id": each.stack})
    return DeadStacks(tuple(found))


def _owner(item: Capacity, cloud: Cloud) -> str:
    """The stack of its tag; empty for what is no ARN of a stack in this account and Region."""
    named = observed_capacity.tags(cloud.bedrock, item.arn).get(TAG, "")
    is_here = stack_arns.is_here(named, region=cloud.settings.region, account=cloud.settings.account)
    return named if is_here else ""


def _is_deleted(stack: str, cloud: Cloud) -> bool:
    return stacks.status(cloud.cloudformation, stack) == stack_arns.DELETED
