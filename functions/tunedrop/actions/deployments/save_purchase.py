"""Write what a step made of a purchase, with its deployment and its model units, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tunedrop.domain.serving import second_units
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.purchase_states import HOLDING, Purchase
from tunedrop.edges.clients import Spender
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows
from tunedrop.edges.rows.writes import Write


@dataclass(frozen=True, slots=True)
class Visit:
    """One delivery of a message: what it may touch, when it began, and what it deleted."""

    cloud: Cloud
    spender: Spender
    now: datetime
    discarded: set[str] = field(default_factory=set)
    """The ARNs that this visit asked Bedrock to delete."""
    replaced: list[int] = field(default_factory=list)
    """The generation that was released because its second unit took over, if that happened."""


def units_taken(purchase: Purchase) -> list[Write]:
    """Take model units for capacity that already exists, even beyond the cap."""
    return [deployment_rows.take_units(purchase, cap=None)] if purchase.model_units else []


def units_given(purchase: Purchase) -> list[Write]:
    """Let the model units go that it holds."""
    return [deployment_rows.give_units(purchase)] if purchase.state in HOLDING and purchase.model_units else []


def save(
    purchase: Purchase,
    visit: Visit,
    *also: Write,
    head: Callable[[Deployment], Deployment] | None = None,
    beside: Callable[[Deployment], Sequence[Write]] | None = None,
) -> bool:
    """Write the purchase and, in one transaction, what it changes about its deployment.

    That is the `head` if the purchase is its current generation, and what `beside` says if it stands beside that.
    False if somebody else changed any of these since it was read.
    """
    writes: list[Write] = [deployment_rows.put_purchase(purchase), *also]
    deployment = deployment_rows.load(visit.cloud.state, purchase.deployment) if head else None
    if head and deployment and deployment.generation == purchase.generation:
        writes.append(deployment_rows.put_changed(head(deployment)))
    elif beside and deployment and second_units.is_beside(deployment, purchase):
        writes += beside(deployment)
    return visit.cloud.state.write_all(*writes)
