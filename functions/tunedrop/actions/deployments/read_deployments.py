"""Read one deployment, or list them."""

from __future__ import annotations

from dataclasses import dataclass

from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows
from tunedrop.errors import NotFound

LONGEST_NAME = 32
"""Names are checked when a deployment is requested, so a longer one can't exist and needs no read."""


@dataclass(frozen=True, slots=True)
class DeploymentPage:
    """One page of deployments, newest first, and the cursor for the next page (None: no more)."""

    deployments: tuple[Deployment, ...]
    cursor: str | None


def get(name: str, cloud: Cloud) -> Deployment:
    """The deployment of that name. Raises NotFound `unknown_deployment`."""
    deployment = deployment_rows.load(cloud.state, name) if len(name) <= LONGEST_NAME else None
    if deployment is None:
        raise NotFound("unknown_deployment", f"There is no deployment named {name[:80]!r}.", deployment=name[:80])
    return deployment


def list_deployments(limit: int, cursor: str | None, cloud: Cloud) -> DeploymentPage:
    """Up to `limit` deployments, including ended ones. Raises InvalidInput `invalid_cursor`."""
    page = cloud.state.listing(deployment_rows.KIND, limit=limit, cursor=cursor)
    return DeploymentPage(tuple(deployment_rows.deployment_from(row) for row in page.rows), page.cursor)
