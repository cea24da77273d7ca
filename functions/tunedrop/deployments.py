"""Reading deployments, and giving one back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from tunedrop.edges import deployment_rows, queues
from tunedrop.edges.settings import Settings
from tunedrop.edges.table import Put, Table
from tunedrop.errors import NotFound, Unavailable
from tunedrop.serving import deployments, purchases
from tunedrop.serving.deployments import Deployment
from tunedrop.serving.purchases import Purchase

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MOST_TRIES = 5
LONGEST_NAME = 32


@dataclass(frozen=True, slots=True)
class DeploymentPage:
    """Some deployments, newest first, and where the next ones begin."""

    deployments: tuple[Deployment, ...]
    cursor: str | None


def get(name: str, *, table: Table) -> Deployment:
    """The deployment of that name. Raises NotFound `unknown_deployment`."""
    deployment = deployment_rows.load(table, name) if len(name) <= LONGEST_NAME else None
    if deployment is None:
        raise NotFound("unknown_deployment", f"There is no deployment named {name[:80]!r}.", deployment=name[:80])
    return deployment


def list_deployments(*, limit: int, cursor: str | None, table: Table) -> DeploymentPage:
    """Deployments, ended ones included."""
    page = table.listing(deployment_rows.KIND, limit=limit, cursor=cursor)
    return DeploymentPage(tuple(deployment_rows.deployment_from(row) for row in page.rows), page.cursor)


def release(name: str, *, caller: str, table: Table, sqs: SQSClient, settings: Settings, now: datetime) -> Deployment:
    """Ask for a deployment to be given back; asking again changes nothing, and is passed on again. Raises NotFound.

    What was not sent to Bedrock yet ends at once; all else is Releasing until Bedrock no longer has it. A job that
    runs for it goes on.
    """
    for _ in range(MOST_TRIES):
        deployment = get(name, table=table)
        purchase = deployment_rows.load_purchase(table, name, deployment.generation)
        if purchase is None:
            return deployment
        ended = deployment.state in deployments.ENDED
        if ended or table.write_all(*_writes(deployment, purchase, f"asked for by {caller}", now)):
            if not ended or purchases.announcements(purchase, now):
                _ask_for_advance(purchase, sqs, settings)
            return get(name, table=table)
    raise Unavailable("busy", f"Deployment {name} is being changed. Send the request again.", deployment=name)


def _ask_for_advance(purchase: Purchase, sqs: SQSClient, settings: Settings) -> None:
    """Only a hint: where it gets lost, reconcile finds the row, and asking again sends it again."""
    queues.send(
        sqs,
        settings.spend_queue_url,
        "advance_purchase",
        deployment=purchase.deployment,
        generation=purchase.generation,
    )


def _writes(deployment: Deployment, purchase: Purchase, reason: str, now: datetime) -> list[Put]:
    asked = replace(purchase, release_requested=purchase.release_requested or reason)
    if purchase.state in {"planned", "requested"}:
        released = purchases.finish(asked, "released", None, now)
        ended = deployments.end(deployment, "Released", reason, None, now)
        return [deployment_rows.put_purchase(released), deployment_rows.put_changed(ended)]
    releasing = deployments.begin_release(deployment, reason, now)
    if purchase.state == "live":
        asked = purchases.release(asked, reason, None, now)
    return [deployment_rows.put_purchase(asked), deployment_rows.put_changed(releasing)]
