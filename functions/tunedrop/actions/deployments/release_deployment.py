"""Release a deployment on request, or say what that would end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from tunedrop.actions.deployments import read_deployments, replace_unit
from tunedrop.actions.deployments.read_deployments import PricedDeployment
from tunedrop.domain.messages.api_key import ApiKey
from tunedrop.domain.serving import commitments, deployment_states, purchase_facts, purchase_states, second_units
from tunedrop.domain.serving.acts import Author
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, key_rows
from tunedrop.edges.rows.writes import Put
from tunedrop.errors import Unavailable

MOST_TRIES = 5
MOST_KEYS = 100
"""The newest API keys that a plan looks at; each is a read."""


@dataclass(frozen=True, slots=True)
class PlannedRelease:
    """What the release of a deployment would end. Nothing was changed."""

    priced: PricedDeployment
    ends_something: bool
    """False if it has ended, or is ending already."""
    callers: tuple[ApiKey, ...]
    """The keys that may call it now, the one used last first."""


@dataclass(frozen=True, slots=True)
class _Ending:
    """Who asked for it, when, and whether no unit waits for the calls that it took."""

    author: Author
    now: datetime
    at_once: bool

    def hurried(self, purchase: Purchase) -> Purchase:
        """The purchase with its end moved to now, if it would wait and shall not: the end waits for nobody."""
        waits = self.at_once and _waits(purchase, self.now)
        return replace(purchase, expires_at=self.now, until=None) if waits else purchase


def plan(name: str, cloud: Cloud) -> PlannedRelease:
    """What the release would end, what that has cost, and who may be calling. Raises NotFound `unknown_deployment`."""
    deployment = read_deployments.get(name, cloud)
    ends = deployment.state != "Releasing" and deployment.state not in deployment_states.ENDED
    keys, _ = key_rows.listing(cloud.access, limit=MOST_KEYS, cursor=None) if ends else ((), None)
    callers = [key for key in keys if key.may_call(name) and key.works(cloud.now())]
    callers.sort(key=lambda key: (key.last_used_at is not None, key.last_used_at or key.created_at), reverse=True)
    return PlannedRelease(read_deployments.priced(deployment, cloud), ends, tuple(callers))


def release(name: str, cloud: Cloud, *, author: Author, at_once: bool = False) -> Deployment:
    """Request the release of a deployment. Repeating it writes nothing, and sends the message again.

    `at_once`: calls that it took are not waited for; its end is now, also if it is Releasing already.
    If nothing was sent to Bedrock yet, the deployment ends at once; else it is Releasing until Bedrock no longer has
    it. A job that trains for it goes on. Raises NotFound `unknown_deployment`, Conflict `committed`,
    and Unavailable.
    """
    now = cloud.now()
    for _ in range(MOST_TRIES):
        deployment = read_deployments.get(name, cloud)
        purchase = deployment_rows.load_purchase(cloud.state, name, deployment.generation)
        if purchase is None:
            return deployment
        ended = deployment.state in deployment_states.ENDED
        if not ended:
            commitments.check_release(purchase, now)
        beside = replace_unit.beside(deployment, cloud)
        waits = at_once and any(_waits(unit, now) for unit in (purchase, beside) if unit)
        asked = _was_asked(deployment, purchase, beside) and not waits
        writes = _writes(deployment, purchase, beside, _Ending(author, now, at_once))
        if ended or asked or cloud.state.write_all(*writes):
            if not ended or purchase_facts.due(purchase, now):
                _ask_for_advance(purchase, cloud)
            if beside:
                _ask_for_advance(beside, cloud)
            return read_deployments.get(name, cloud)
    raise Unavailable("busy", f"Deployment {name} is being changed. Send the request again.", deployment=name)


def _was_asked(deployment: Deployment, purchase: Purchase, beside: Purchase | None) -> bool:
    """Whether a request before this one did all that there is to write.

    A write that changes nothing would still take the row away from the function that releases it at this moment.
    """
    asked = purchase.release_requested is not None and (beside is None or beside.release_requested is not None)
    return deployment.state == "Releasing" and asked


def _waits(purchase: Purchase, now: datetime) -> bool:
    """Whether its release may wait for calls: its end, which waits for nobody, has not come."""
    return purchase.ends_at is None or now < purchase.ends_at


def _ask_for_advance(purchase: Purchase, cloud: Cloud) -> None:
    """Send a hint. If it gets lost, reconcile finds the row, and repeating the request sends it again."""
    cloud.spend_queue.send("advance_purchase", deployment=purchase.deployment, generation=purchase.generation)


def _writes(deployment: Deployment, purchase: Purchase, beside: Purchase | None, how: _Ending) -> list[Put]:
    """All that ends the deployment, and the unit beside the one that serves."""
    if beside is None:
        return _ending(deployment, how.hurried(purchase), how)
    deployment, withdrawn = second_units.withdraw(deployment, beside, purchase, how.author, how.now)
    withdrawn = how.hurried(withdrawn)
    also = [] if withdrawn == beside else [deployment_rows.put_purchase(withdrawn)]
    return [*_ending(deployment, how.hurried(purchase), how), *also]


def _ending(deployment: Deployment, purchase: Purchase, how: _Ending) -> list[Put]:
    reason, now = f"asked for by {how.author.by}", how.now
    asked = replace(purchase, release_requested=purchase.release_requested or reason)
    asked = purchase_states.acted(asked, "released", how.author, now)
    if purchase.state in {"planned", "requested"}:
        released = purchase_states.finish(asked, "released", None, now)
        ended = deployment_states.end(deployment, "Released", reason, None, now)
        return [deployment_rows.put_purchase(released), deployment_rows.put_changed(ended)]
    releasing = deployment_states.begin_release(deployment, reason, now)
    if purchase.state == "live":
        asked = purchase_states.release(asked, reason, None, now)
    return [deployment_rows.put_purchase(asked), deployment_rows.put_changed(releasing)]
