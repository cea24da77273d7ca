"""Looking through all paid capacity in the Region for what our open work does not account for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tunedrop.domain.base_models.catalogue import Serving
from tunedrop.domain.serving import purchase_steps
from tunedrop.domain.serving.purchase_states import Capacity, Purchase
from tunedrop.domain.training import names_tokens_tags
from tunedrop.edges import faults
from tunedrop.edges.bedrock import observed_capacity
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger, traced
from tunedrop.edges.rows import deployment_rows, job_rows

WAYS: tuple[Serving, ...] = ("provisioned_throughput", "on_demand")


@dataclass(slots=True)
class Inspection:
    """What was seen. A part that could not be seen is left out, and its fault remembered."""

    vanished: list[Purchase] = field(default_factory=list)
    """Live in our table, not listed by Bedrock."""
    late: list[Purchase] = field(default_factory=list)
    """Their capacity shows up, and they do not know it."""
    orphans: list[Capacity] = field(default_factory=list)
    foreign: list[Capacity] = field(default_factory=list)
    fault: Exception | None = None
    """The first one."""

    def note(self, fault: Exception) -> None:
        """What failed goes to the log; the rest is looked at all the same."""
        logger.error("Bedrock could not be looked through", extra=traced(fault))
        self.fault = self.fault or fault


def inspect(purchases: Iterable[Purchase], cloud: Cloud) -> Inspection:
    """Every way to serve and every item by itself: one that can't be seen hides no other."""
    seen = Inspection()
    for way in WAYS:
        own = [purchase for purchase in purchases if purchase.serving == way]
        try:
            existing = list(observed_capacity.listing(cloud.bedrock, way))
        except faults.FAULTS as fault:
            seen.note(fault)
            continue
        arns = {item.arn for item in existing}
        seen.vanished += [purchase for purchase in own if purchase_steps.has_vanished(purchase, arns)]
        for item in _unaccounted(existing, own):
            _sort(item, seen, cloud)
    return seen


def _unaccounted(existing: Iterable[Capacity], own: Iterable[Purchase]) -> Iterator[Capacity]:
    """What no open purchase has as its own, or is about to find by its name."""
    arns = {purchase.arn for purchase in own}
    awaited = {purchase.name for purchase in own if purchase.arn is None}
    return (item for item in existing if item.arn not in arns and item.name not in awaited)


def _sort(item: Capacity, seen: Inspection, cloud: Cloud) -> None:
    try:
        tags = observed_capacity.tags(cloud.bedrock, item.arn)
    except faults.FAULTS as fault:
        seen.note(fault)
        return
    stack = cloud.settings
    ours = tags.get("tunedrop:stack") == stack.stack_id or names_tokens_tags.is_marked(item.name, stack.stack_uid)
    purchase = _intended(tags, cloud) if ours else None
    if purchase:
        seen.late.append(purchase)
    elif ours:
        logger.error("paid capacity of this stack that no row knows", extra={"arn": item.arn})
        seen.orphans.append(item)
    else:
        seen.foreign.append(item)


def _intended(tags: Mapping[str, str], cloud: Cloud) -> Purchase | None:
    """The purchase whose intent the tags name, found by its job."""
    job = job_rows.load(cloud.state, tags.get("tunedrop:job", "-"))
    if job is None or job.deployment is None or job.deployment_generation is None:
        return None
    purchase = deployment_rows.load_purchase(cloud.state, job.deployment.name, job.deployment_generation)
    return purchase if purchase and purchase.intent_id == tags.get("tunedrop:intent") else None
