"""Refuse the deletion of the stack while something of it would go on billing with nobody left to end it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from tunedrop.actions import reconcile
from tunedrop.actions.evaluations import read_evaluations
from tunedrop.domain.base_models.catalogue import Serving
from tunedrop.domain.reports import refused_deletion
from tunedrop.domain.serving import capacity_owners, remains
from tunedrop.domain.serving.purchase_states import Capacity
from tunedrop.domain.serving.remains import InBedrock, OpenWork, Remains
from tunedrop.domain.training import names_tokens_tags
from tunedrop.edges import faults, stacks
from tunedrop.edges.bedrock import observed_capacity, observed_jobs, observed_models
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.custom_resource import ResourceRequest
from tunedrop.edges.observability import logger, traced
from tunedrop.edges.rows.stored import UnreadableRow

GUARD = "DeletionGuard"
"""The guard's physical id. It never changes: CloudFormation would delete the one before."""
LEAVING = frozenset({"DELETE_IN_PROGRESS"})
"""The stack's status while it is deleted. In any other, only the guard goes: an update or a rollback, which stays free
because all that ends what bills stays too."""

T = TypeVar("T")


@dataclass(slots=True)
class _Look:
    """Looks one after the other, so that a fault of one hides nothing else."""

    unseen: list[str] = field(default_factory=list)

    def at(self, what: str, look: Callable[[], Iterable[T]]) -> tuple[T, ...]:
        """All that the look finds; nothing, and a note of it, if AWS does not let it."""
        try:
            return tuple(look())
        except faults.FAULTS as fault:
            logger.error("the guard could not look", extra={"at": what, **traced(fault)})
            self.unseen.append(f"{what} ({faults.code_of(fault)})")
            return ()


def refusal(asked: ResourceRequest, cloud: Cloud) -> str | None:
    """Why the stack must not be deleted now; None for every other request, which is carried out at once.

    A guard whose creation failed has another id, and is let go as well.
    """
    if asked.kind != "Delete" or asked.id != GUARD or not _is_leaving(cloud):
        return None
    found = look(cloud)
    logger.warning(
        "the stack's deletion was asked for",
        extra={"billing": found.billing, "kept": found.kept, "unseen": found.unseen},
    )
    return refused_deletion.words(found, cloud.settings.stack_id) if found.holds_the_stack else None


def _is_leaving(cloud: Cloud) -> bool:
    try:
        return stacks.status(cloud.cloudformation, cloud.settings.stack_id) in LEAVING
    except faults.FAULTS as fault:
        logger.error("the stack's status could not be read", extra=traced(fault))
        return True


def look(cloud: Cloud) -> Remains:
    """What would remain of the stack, by its rows and by Bedrock's own lists."""
    looking = _Look()
    work = _open(cloud, looking)
    seen = InBedrock(
        throughputs=looking.at("throughputs", lambda: _own(cloud, "provisioned_throughput")),
        on_demand=looking.at("on-demand deployments", lambda: _own(cloud, "on_demand")),
        running_jobs=looking.at("jobs", lambda: filter(_mark(cloud), observed_jobs.running(cloud.bedrock))),
        models=looking.at("custom models", lambda: filter(_mark(cloud), observed_models.names(cloud.bedrock))),
    )
    return remains.of(work, seen, looking.unseen)


def _open(cloud: Cloud, looking: _Look) -> OpenWork:
    """What the rows know."""
    for work, unreadable in looking.at("rows", lambda: _open_work(cloud)):
        looking.unseen += [f"the row {fault.row}" for fault in unreadable if fault]
        return work
    return OpenWork()


def _open_work(cloud: Cloud) -> list[tuple[OpenWork, tuple[UnreadableRow | None, ...]]]:
    try:
        jobs, purchases, unreadable = reconcile.open_work(cloud)
        standing = read_evaluations.standing(cloud)
    except faults.FAULTS as fault:
        if faults.code_of(fault) != "ResourceNotFoundException":
            raise
        logger.error("the table is gone: Bedrock's lists alone decide", extra=traced(fault))
        return []
    work = OpenWork(tuple(jobs), tuple(purchases), standing.evaluations)
    return [(work, (unreadable, standing.unreadable))]


def _own(cloud: Cloud, way: Serving) -> Iterable[Capacity]:
    stack = cloud.settings
    for item in observed_capacity.listing(cloud.bedrock, way):
        tags = observed_capacity.tags(cloud.bedrock, item.arn)
        if capacity_owners.is_ours(item, tags, stack_id=stack.stack_id, stack_uid=stack.stack_uid):
            yield item


def _mark(cloud: Cloud) -> Callable[[str], bool]:
    return lambda name: names_tokens_tags.is_marked(name, cloud.settings.stack_uid)
