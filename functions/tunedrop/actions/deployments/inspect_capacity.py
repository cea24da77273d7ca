"""Search all paid capacity in the Region for what our open purchases do not account for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tunedrop.actions.deployments import find_capacity
from tunedrop.domain.base_models.catalogue import Serving
from tunedrop.domain.serving import capacity_owners, due_purchases
from tunedrop.domain.serving.purchase_states import Capacity, Purchase
from tunedrop.edges import faults
from tunedrop.edges.bedrock import observed_capacity
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger, traced
from tunedrop.edges.rows.stored import UnreadableRow

WAYS: tuple[Serving, ...] = ("provisioned_throughput", "on_demand")


@dataclass(slots=True)
class Inspection:
    """What was found. What could not be seen is left out, and its fault kept."""

    vanished: list[Purchase] = field(default_factory=list)
    """Live in our table, but not listed by Bedrock."""
    late: list[Purchase] = field(default_factory=list)
    """Capacity of theirs exists that their rows do not know."""
    orphans: list[Capacity] = field(default_factory=list)
    """Made by this stack, but no purchase knows them."""
    foreign: list[Capacity] = field(default_factory=list)
    """Made by another stack or a person; never touched."""
    tags: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Of orphans and foreign capacity, by ARN."""
    fault: Exception | None = None
    """The first fault met."""

    def note(self, fault: Exception) -> None:
        """Log a fault and keep the first one; the search goes on."""
        logger.error("paid capacity could not be inspected", extra=traced(fault))
        self.fault = self.fault or fault


def inspect(purchases: Collection[Purchase], cloud: Cloud) -> Inspection:
    """Compare what Bedrock lists with the open purchases, item by item, so that one fault hides nothing else."""
    seen = Inspection()
    for way in WAYS:
        own = [purchase for purchase in purchases if purchase.serving == way]
        try:
            existing = list(observed_capacity.listing(cloud.bedrock, way))
        except faults.FAULTS as fault:
            seen.note(fault)
            continue
        arns = {item.arn for item in existing}
        seen.vanished += [purchase for purchase in own if due_purchases.has_vanished(purchase, arns)]
        for item in capacity_owners.unaccounted(existing, own):
            _sort(item, seen, cloud)
    return seen


def _sort(item: Capacity, seen: Inspection, cloud: Cloud) -> None:
    stack = cloud.settings
    try:
        tags = observed_capacity.tags(cloud.bedrock, item.arn)
        ours = capacity_owners.is_ours(item, tags, stack_id=stack.stack_id, stack_uid=stack.stack_uid)
        purchase = find_capacity.intended(tags, cloud) if ours else None
    except (*faults.FAULTS, UnreadableRow) as fault:
        seen.note(fault)
        return
    seen.tags[item.arn] = tags
    if purchase and not capacity_owners.was_restored(purchase):
        seen.late.append(purchase)
    elif ours:
        logger.error("orphan: paid capacity of this stack without a row", extra={"arn": item.arn})
        seen.orphans.append(item)
    else:
        seen.foreign.append(item)
