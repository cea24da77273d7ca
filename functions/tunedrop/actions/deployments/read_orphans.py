"""List what Bedrock has in this account and Region and no deployment of this stack owns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tunedrop.actions.deployments import inspect_capacity
from tunedrop.domain.serving import capacity_costs
from tunedrop.domain.serving.purchase_states import Capacity
from tunedrop.edges import faults
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, orphan_rows
from tunedrop.edges.rows.orphan_rows import ToldOrphan
from tunedrop.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Unowned:
    """Capacity that no open purchase accounts for, with what it costs; None where the price is unknown."""

    item: Capacity
    tags: Mapping[str, str]
    hourly_cost: float | None
    cost_so_far: float | None
    """Since it was made."""
    currency: str
    told: ToldOrphan | None
    """What people were told of it, if it is this stack's."""


@dataclass(frozen=True, slots=True)
class Orphans:
    """This stack's, by tag or name; and what others made, which is never touched."""

    ours: tuple[Unowned, ...]
    foreign: tuple[Unowned, ...]


def list_orphans(cloud: Cloud) -> Orphans:
    """All of them. Raises Unavailable if Bedrock does not say what there is, or whose."""
    seen = inspect_capacity.inspect(list(deployment_rows.open_purchases(cloud.state)), cloud)
    if seen.fault:
        words = "AWS did not say what there is, or whose it is. Send the request again."
        raise Unavailable("aws_unavailable", words, reason=faults.code_of(seen.fault)) from seen.fault
    ours = (
        _unowned(item, seen.tags[item.arn], orphan_rows.load(cloud.state, item.arn), cloud) for item in seen.orphans
    )
    foreign = (_unowned(item, seen.tags[item.arn], None, cloud) for item in seen.foreign)
    return Orphans(tuple(ours), tuple(foreign))


def _unowned(item: Capacity, tags: Mapping[str, str], told: ToldOrphan | None, cloud: Cloud) -> Unowned:
    hour, so_far = capacity_costs.of_existing(item, cloud.settings.prices, cloud.now())
    return Unowned(item, tags, hour, so_far, cloud.settings.currency, told)
