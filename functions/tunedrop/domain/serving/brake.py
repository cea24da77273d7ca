"""The second brake: a schedule that deletes a throughput soon after its end, without our tables or our code. Pure.

It is made before the purchase and moved before anything lets the capacity stay longer. What becomes of the purchase
does not change it: its name is this purchase's own, so where nothing is left to delete, it fires at nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tunedrop.domain.serving import terms
from tunedrop.domain.serving.deployment_wish import MAX_HOURS
from tunedrop.domain.serving.purchase_states import PAUSE, RELEASE_TIME, SETTLE, Purchase

_TARGET = "ProvisionedModelId"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A call that EventBridge Scheduler makes once."""

    name: str
    description: str
    fires_at: datetime
    target_arn: str
    role_arn: str
    """The role that the schedule takes on."""
    parameters: Mapping[str, str]
    """Named as AWS's SDK for Java names them, whatever the API says (docs/facts.md#scheduler)."""


@dataclass(frozen=True, slots=True)
class StandingSchedule:
    """A schedule as EventBridge Scheduler shows it."""

    fires_at: datetime
    parameters: Mapping[str, str]

    @property
    def knows_capacity(self) -> bool:
        """Whether it names capacity by its ARN, which only a purchase that went live has told it."""
        return self.parameters.get(_TARGET, "").startswith("arn:")


def wanted(purchase: Purchase, now: datetime) -> datetime | None:
    """When the brake should fire, if that is not when it will; None where it stands well or nothing bills by the hour.

    Before the purchase, its hours count from now. Two visits of one purchase begin seconds apart, and the later of them
    does not undo what the other has just set.
    """
    if purchase.serving != "provisioned_throughput":
        return None
    end = purchase.ends_at or now + timedelta(hours=purchase.hours or MAX_HOURS)
    is_term = purchase.commitment is not None or purchase.committed_until is not None
    fires_at = end + (terms.BRAKE_AFTER if is_term else RELEASE_TIME)
    stands = purchase.brake_fires_at is not None and abs(purchase.brake_fires_at - fires_at) <= SETTLE
    return None if stands else fires_at


def is_paused(purchase: Purchase, now: datetime) -> bool:
    """Whether the brake could not be set a moment ago, so that everything else about the purchase goes first."""
    return purchase.brake_tried_at is not None and now - purchase.brake_tried_at < PAUSE


def schedule(purchase: Purchase, fires_at: datetime, role_arn: str) -> Schedule:
    """What ends the purchase's capacity then: by its ARN, and by its name while nobody knows the ARN."""
    partition = role_arn.split(":")[1]
    return Schedule(
        name=purchase.name,
        description=f"Ends the throughput of {purchase.id}, should Tunedrop not have ended it",
        fires_at=fires_at,
        target_arn=f"arn:{partition}:scheduler:::aws-sdk:bedrock:deleteProvisionedModelThroughput",
        role_arn=role_arn,
        parameters={_TARGET: purchase.arn or purchase.name},
    )
