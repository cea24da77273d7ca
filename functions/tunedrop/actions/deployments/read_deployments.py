"""Read one deployment, or list them, with what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tunedrop.domain.base_models.catalogue import OnBudget
from tunedrop.domain.serving import capacity_costs, deployment_states
from tunedrop.domain.serving.acts import Act
from tunedrop.domain.serving.deployment_filter import EVERY_DEPLOYMENT, DeploymentFilter
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows
from tunedrop.errors import NotFound

LONGEST_NAME = 32
"""Names are checked when a deployment is requested, so a longer one can't exist and needs no read."""
LOOKED_AT_ONCE, MOST_LOOKED_AT = 100, 500
"""Deployments that are read for one filtered page."""


@dataclass(frozen=True, slots=True)
class PricedDeployment:
    """A deployment and what it costs, estimated; None where the price is unknown. Calls on demand are not in it."""

    deployment: Deployment
    hourly_cost: float | None
    """0 once it has ended."""
    cost_so_far: float | None
    """Of its current generation."""
    currency: str
    acts: tuple[Act, ...]
    """Who had done what about its current generation."""
    on_budget: OnBudget | None
    """None on demand."""


@dataclass(frozen=True, slots=True)
class DeploymentPage:
    """One page of deployments, newest first, and the cursor for the next page (None: no more)."""

    deployments: tuple[PricedDeployment, ...]
    cursor: str | None


def get(name: str, cloud: Cloud) -> Deployment:
    """The deployment of that name. Raises NotFound `unknown_deployment`."""
    deployment = deployment_rows.load(cloud.state, name) if len(name) <= LONGEST_NAME else None
    if deployment is None:
        raise NotFound("unknown_deployment", f"There is no deployment named {name[:80]!r}.", deployment=name[:80])
    return deployment


def priced(deployment: Deployment, cloud: Cloud) -> PricedDeployment:
    """The deployment with what it costs and who had it done. Takes another read."""
    settings = cloud.settings
    hour = capacity_costs.hourly(deployment.model_units, deployment.base_model, settings.prices)
    purchase = deployment_rows.load_purchase(cloud.state, deployment.name, deployment.generation)
    so_far = capacity_costs.so_far(purchase, hour, cloud.now()) if purchase else None
    ended = deployment.state in deployment_states.ENDED
    acts = purchase.acts if purchase else ()
    on_budget = purchase.on_budget if purchase and purchase.model_units else None
    return PricedDeployment(deployment, 0.0 if ended else hour, so_far, settings.currency, acts, on_budget)


def list_deployments(
    limit: int, cursor: str | None, cloud: Cloud, wanted: DeploymentFilter = EVERY_DEPLOYMENT
) -> DeploymentPage:
    """Up to `limit` of the deployments asked for, including ended ones. Raises InvalidInput `invalid_cursor`.

    A page may be short, or empty, and have a cursor: at most MOST_LOOKED_AT deployments are looked at for one.
    """
    found: list[Deployment] = []
    for _ in range(MOST_LOOKED_AT // LOOKED_AT_ONCE):
        at_once = limit if wanted.takes_all else LOOKED_AT_ONCE
        page = cloud.state.listing(deployment_rows.KIND, limit=at_once, cursor=cursor)
        for row in page.rows:
            deployment = deployment_rows.deployment_from(row)
            if wanted.takes(deployment):
                found.append(deployment)
            if len(found) == limit and row is not page.rows[-1]:
                return _page(found, deployment_rows.cursor_after(row), cloud)
        cursor = page.cursor
        if cursor is None or len(found) == limit:
            break
    return _page(found, cursor, cloud)


def _page(found: Sequence[Deployment], cursor: str | None, cloud: Cloud) -> DeploymentPage:
    return DeploymentPage(tuple(priced(each, cloud) for each in found), cursor)


def standing_by_job(cloud: Cloud) -> Mapping[str, Sequence[Deployment]]:
    """The deployments that have not ended, by the job whose custom model they serve."""
    standing: dict[str, list[Deployment]] = {}
    for row in cloud.state.listing(deployment_rows.KIND).rows:
        deployment = deployment_rows.deployment_from(row)
        if deployment.state not in deployment_states.ENDED:
            standing.setdefault(deployment.job_id, []).append(deployment)
    return standing
