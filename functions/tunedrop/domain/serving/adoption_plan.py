"""What it means to adopt capacity that exists: whether a deployment may have it, and until when. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from tunedrop.domain.serving import deployment_ends, deployment_plan, deployment_wish
from tunedrop.domain.serving.deployment_plan import DeploymentPlan, Served
from tunedrop.domain.serving.deployment_wish import MAX_HOURS
from tunedrop.domain.serving.lost_purchases import Lost
from tunedrop.domain.serving.purchase_states import Capacity, Purchase
from tunedrop.domain.serving.put_request import PutDeployment
from tunedrop.domain.serving.served_models import ProvenModel
from tunedrop.domain.training import names_tokens_tags
from tunedrop.domain.training.job_states import DeploymentWish
from tunedrop.errors import Conflict, InvalidInput, NotFound

TAG = "tunedrop:stack"


def intent_of(lost: Lost, stack_uid: str) -> str:
    """The intent that bought it, or for what others bought, one that is the same whoever adopts it: never two do."""
    origin = names_tokens_tags.proven_lineage(lost.item.name, lost.tags, stack_uid)
    return origin.intent_id if origin else names_tokens_tags.token(stack_uid, lost.item.arn)[:26]


def check_owner(item: Capacity, owner: str | None, stack_id: str) -> None:
    """Raises Conflict for capacity without this stack's tag, which our roles may neither swap nor end."""
    if owner == stack_id:
        return
    if owner:
        words = f"{item.name} has the tag of another stack, {owner}. It is listed here, and never touched."
        raise Conflict("foreign_capacity", words, field="arn", stack=owner)
    raise Conflict(
        "capacity_untagged",
        f"{item.name} has no tag of this stack, so this stack may not end it. Tag it first, with credentials of your "
        "own: tunedrop deployments put NAME --arn ARN does.",
        field="arn",
        tags={TAG: stack_id},
    )


def check_model(lost: Lost) -> ProvenModel:
    """The model that it serves. Raises Conflict `foreign_model`."""
    if lost.model is None:
        words = f"{lost.item.name} serves no custom model of this stack, so no deployment of it can be named after it."
        raise Conflict("foreign_model", words, field="arn", model_arn=lost.item.model_arn)
    return lost.model


def unknown(arn: str) -> NotFound:
    """The refusal of capacity that Bedrock does not list in this Region."""
    return NotFound("unknown_capacity", f"Bedrock lists no {arn} in this Region.", field="arn")


def taken(item: Capacity, purchase: Purchase) -> Conflict:
    """The refusal of capacity that another deployment has."""
    words = f"{item.name} is the capacity of deployment {purchase.deployment}, which is {purchase.state}."
    return Conflict("capacity_taken", words, field="arn", deployment=purchase.deployment)


def plan(asked: PutDeployment, lost: Lost, generation: int, *, default_hours: int, now: datetime) -> DeploymentPlan:
    """The plan. Raises Conflict `foreign_model`, InvalidInput for an end that can't be."""
    until = _until(asked, lost, default_hours, now)
    bought_at = lost.item.created_at or now
    hours = deployment_ends.hours_until(until, bought_at) if until else None
    deployment_wish.check_on_budget(asked.on_budget, lost.serving, within="")
    minutes = lost.idle_minutes if asked.idle_minutes is None else asked.idle_minutes
    idle, on_budget = deployment_wish.resolve_idle(minutes, within=""), asked.on_budget or lost.on_budget
    wish = DeploymentWish(asked.name, lost.serving, lost.item.model_units, hours, idle, on_budget)
    deployment_ends.check_endless(asked, lost.serving)
    model = check_model(lost)
    return deployment_plan.make(
        wish, until, ("adopt",), Served(generation, model.id, lost.item.model_arn, lost.item.arn)
    )


def _until(asked: PutDeployment, lost: Lost, default_hours: int, now: datetime) -> datetime | None:
    committed = lost.committed_until
    named = _named(asked, lost, now)
    deployment_ends.check_commitment(named, committed, now)
    if named:
        if named != committed:
            deployment_ends.check_end(named, now, now)
        return named
    if committed and committed > now:
        return committed
    if lost.ends_at and lost.ends_at > now:
        return lost.ends_at
    if lost.serving == "on_demand":
        return None
    made_at = lost.item.created_at or now  # whole hours from there, so that a plan is the same a moment later
    return made_at + timedelta(hours=deployment_ends.hours_until(now, made_at) + default_hours)


def _named(asked: PutDeployment, lost: Lost, now: datetime) -> datetime | None:
    if asked.hours is None:
        return asked.expires_at
    deployment_wish.check_range("hours", asked.hours, MAX_HOURS)
    ends_at = (lost.item.created_at or now) + timedelta(hours=asked.hours)
    if ends_at <= now:
        words = f"{asked.hours} hours from its purchase are over. Say its end by expires_at."
        raise InvalidInput("out_of_range", words, field="hours")
    return ends_at
