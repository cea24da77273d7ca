"""Find out whose paid capacity it is, by everything that AWS and the rows say of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tunedrop.domain.serving import capacity_owners, lost_purchases
from tunedrop.domain.serving.lost_purchases import Lost
from tunedrop.domain.serving.purchase_states import Capacity, Purchase
from tunedrop.edges.bedrock import observed_capacity, observed_models
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, job_rows


def listed(arn: str, cloud: Cloud) -> Capacity | None:
    """The capacity, if Bedrock lists it. Raises botocore's errors."""
    existing = observed_capacity.listing(cloud.bedrock, lost_purchases.serving_of(arn))
    return next((item for item in existing if item.arn == arn), None)


def owner(item: Capacity, cloud: Cloud) -> Purchase | None:
    """The open purchase that accounts for the capacity."""
    purchases = deployment_rows.open_purchases(cloud.state)
    return next((purchase for purchase in purchases if capacity_owners.accounts_for(purchase, item)), None)


def lost(item: Capacity, tags: Mapping[str, str], brake_fires_at: datetime | None, cloud: Cloud) -> Lost:
    """All that AWS says of capacity that no purchase accounts for. Raises botocore's errors."""
    return Lost(item, tags, observed_models.proven(cloud.bedrock, item.model_arn, cloud.settings), brake_fires_at)


def intended(tags: Mapping[str, str], cloud: Cloud) -> Purchase | None:
    """The purchase whose intent the tags name, or None."""
    job_id = tags.get("tunedrop:job", "-")  # no job has the id "-"
    if found := deployment_rows.find_intended(cloud.state, job_id, tags.get("tunedrop:intent", "-")):
        return found
    job = job_rows.load(cloud.state, job_id)  # a job's own wish is found through the job
    if job is None or job.deployment is None or job.deployment_generation is None:
        return None
    purchase = deployment_rows.load_purchase(cloud.state, job.deployment.name, job.deployment_generation)
    return purchase if purchase and capacity_owners.made_for(tags, purchase) else None
