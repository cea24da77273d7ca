"""Release a deployment on request, or say what that would end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from tunedrop.actions.deployments import read_deployments
from tunedrop.actions.deployments.read_deployments import PricedDeployment
from tunedrop.domain.messages.api_key import ApiKey
from tunedrop.domain.serving import adoption_plan, deployment_states, purchase_states
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


def plan(name: str, cloud: Cloud) -> PlannedRelease:
    """What the release would end, what that has cost, and who may be calling. Raises NotFound `unknown_deployment`."""
    deployment = read_deployments.get(name, cloud)
    ends = deployment.state != "Releasing" and deployment.state not in deployment_states.ENDED
    keys, _ = key_rows.listing(cloud.access, limit=MOST_KEYS, cursor=None) if ends else ((), None)
    callers = [key for key in keys if key.may_call(name) and key.works(cloud.now())]
    callers.sort(key=lambda key: (key.last_used_at is not None, key.last_used_at or key.created_at), reverse=True)
    return PlannedRelease(read_deployments.priced(deployment, cloud), ends, tuple(callers))


def release(name: str, cloud: Cloud, *, author: Author) -> Deployment:
    """Request the release of a deployment. Repeating it writes nothing, and sends the message again.

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
            adoption_plan.check_release(purchase, now)
        writes = _writes(deployment, purchase, author, now)
        if ended or _was_asked(deployment, purchase) or cloud.state.write_all(*writes):
            if not ended or purchase_states.announcements(purchase, now):
                _ask_for_advance(purchase, cloud)
            return read_deployments.get(name, cloud)
    raise Unavailable("busy", f"Deployment {name} is being changed. Send the request again.", deployment=name)


def _was_asked(deployment: Deployment, purchase: Purchase) -> bool:
    """Whether a request before this one did all that there is to write.

    A write that changes nothing would still take the row away from the function that releases it at this moment.
    """
    return deployment.state == "Releasing" and purchase.release_requested is not None


def _ask_for_advance(purchase: Purchase, cloud: Cloud) -> None:
    """Send a hint. If it gets lost, reconcile finds the row, and repeating the request sends it again."""
    cloud.spend_queue.send("advance_purchase", deployment=purchase.deployment, generation=purchase.generation)


def _writes(deployment: Deployment, purchase: Purchase, author: Author, now: datetime) -> list[Put]:
    reason = f"asked for by {author.by}"
    asked = replace(purchase, release_requested=purchase.release_requested or reason)
    asked = purchase_states.acted(asked, "released", author, now)
    if purchase.state in {"planned", "requested"}:
        released = purchase_states.finish(asked, "released", None, now)
        ended = deployment_states.end(deployment, "Released", reason, None, now)
        return [deployment_rows.put_purchase(released), deployment_rows.put_changed(ended)]
    releasing = deployment_states.begin_release(deployment, reason, now)
    if purchase.state == "live":
        asked = purchase_states.release(asked, reason, None, now)
    return [deployment_rows.put_purchase(asked), deployment_rows.put_changed(releasing)]
