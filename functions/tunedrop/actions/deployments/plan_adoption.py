"""Check a request to adopt capacity that exists, and say what it would mean. Nothing is written, and never bought."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from tunedrop.actions.deployments import find_capacity, find_model
from tunedrop.domain.serving import adoption_plan, lost_purchases
from tunedrop.domain.serving.deployment_plan import DeploymentPlan
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.generation_drafts import Beginning
from tunedrop.domain.serving.lost_purchases import Becoming, Lost, Rebuilt
from tunedrop.domain.serving.purchase_states import ENDED, RELEASE_TIME
from tunedrop.domain.serving.put_request import PutDeployment
from tunedrop.edges import faults
from tunedrop.edges.bedrock import observed_capacity
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import deployment_rows, job_rows, orphan_rows


@dataclass(frozen=True, slots=True)
class Adoption:
    """Capacity that a deployment may have."""

    lost: Lost
    intent_id: str
    plan: DeploymentPlan


def check(asked: PutDeployment, arn: str, generation: int, cloud: Cloud) -> Adoption:
    """Whose capacity it is, what it serves, and until when it would be kept.

    Raises InvalidInput, NotFound `unknown_capacity`, Conflict and Unavailable.
    """
    settings = cloud.settings
    with faults.asked_by_a_caller():
        item = find_capacity.listed(arn, cloud)
        if item is None:
            raise adoption_plan.unknown(arn)
        if owner := find_capacity.owner(item, cloud):
            raise adoption_plan.taken(item, owner)
        tags = observed_capacity.tags(cloud.bedrock, arn)
        adoption_plan.check_owner(item, tags.get(adoption_plan.TAG), settings.stack_id)
        lost = find_capacity.lost(item, tags, _brake(arn, cloud), cloud)
    model, intent_id = adoption_plan.check_model(lost), adoption_plan.intent_of(lost, settings.stack_uid)
    if job := job_rows.load(cloud.state, model.id):
        find_model.check(job, cloud)
    before = deployment_rows.find_intended(cloud.state, model.id, intent_id) or find_capacity.intended(tags, cloud)
    if before and before.state not in ENDED:
        raise adoption_plan.taken(item, before)
    lost = replace(lost, before=before)
    planned = adoption_plan.plan(asked, lost, generation, default_hours=settings.deployment_hours, now=cloud.now())
    return Adoption(lost, intent_id, planned)


def _brake(arn: str, cloud: Cloud) -> datetime | None:
    """When the schedule of its name fires, as it was when people were told of it: our role may not ask Scheduler."""
    told = orphan_rows.load(cloud.state, arn)
    return told.ends_at + RELEASE_TIME if told and told.ends_at else None


def rebuilt(adoption: Adoption, head: Deployment | None, beginning: Beginning) -> Rebuilt:
    """The rows of the deployment that has it. `head`: the ended deployment whose name is reused, if any."""
    lost, planned = adoption.lost, adoption.plan
    becoming = Becoming(adoption_plan.check_model(lost), planned.wish, planned.until)
    return lost_purchases.adopt(lost, becoming, head, beginning)
