"""Paid capacity that no row knows, after a restore mostly: its rows rebuilt, or why they can't be. Pure.

What AWS keeps is enough where it proves itself. The capacity's name is made of its tags `dataset`, `version` and
`intent`, so these are what they were; the tag `deployment` names what it served; the model has a name and tags of its
own; and the schedule that ends it, which was made before the purchase and moved with each renewal, holds its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tunedrop.domain.base_models import catalogue
from tunedrop.domain.base_models.catalogue import OnBudget, Serving
from tunedrop.domain.serving import (
    deployment_ends,
    deployment_states,
    generation_drafts,
    purchase_states,
    terms,
)
from tunedrop.domain.serving.acts import OURS
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.domain.serving.generation_drafts import Beginning
from tunedrop.domain.serving.purchase_states import RELEASE_TIME, Capacity, Purchase
from tunedrop.domain.serving.served_models import ProvenModel
from tunedrop.domain.training import names_tokens_tags
from tunedrop.domain.training.job_states import DeploymentWish
from tunedrop.domain.training.names_tokens_tags import Lineage
from tunedrop.domain.versions import object_keys


@dataclass(frozen=True, slots=True)
class Lost:
    """Paid capacity of this stack that no open purchase accounts for, and what AWS says of it."""

    item: Capacity
    tags: Mapping[str, str]
    model: ProvenModel | None
    """The custom model behind it, if this stack made that."""
    brake_fires_at: datetime | None
    """When the schedule that bears its name deletes it."""
    before: Purchase | None = None
    """The row of the purchase that bought it, which has ended, if the tables still have it."""

    @property
    def serving(self) -> Serving:
        """Its way to serve."""
        return serving_of(self.item.arn)

    @property
    def deployment(self) -> str | None:
        """The deployment that it was bought for, as its tags say."""
        name = self.tags.get("tunedrop:deployment", "")
        return name if object_keys.is_name(name) and name not in catalogue.catalogue() else None

    @property
    def idle_minutes(self) -> int | None:
        """As it was asked for with the purchase, if a row says so: tags do not."""
        return self.before.idle_minutes if self.before else None

    @property
    def on_budget(self) -> OnBudget:
        """The same."""
        return self.before.on_budget if self.before else "notify"

    @property
    def committed_until(self) -> datetime | None:
        """The end of its term; while Bedrock does not show it, the latest that it can be."""
        made_at, term = self.item.created_at, self.item.commitment
        return self.item.committed_until or (terms.ends_at(term, made_at) if term and made_at else None)

    @property
    def ends_at(self) -> datetime | None:
        """When Tunedrop would have released it; None: nothing says. Of a commitment, that is the end of its term."""
        if self.committed_until:
            return self.committed_until
        return self.brake_fires_at - RELEASE_TIME if self.brake_fires_at else None


@dataclass(frozen=True, slots=True)
class Becoming:
    """What it becomes: whose model, the deployment as if it had been wished for, and its end."""

    model: ProvenModel
    wish: DeploymentWish
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The rows of a deployment's next generation, whose capacity exists already: it is never bought."""

    head: Deployment
    purchase: Purchase


@dataclass(frozen=True, slots=True)
class Adopter:
    """Which stack adopts, when, and as which generation of the deployment."""

    stack_id: str
    stack_uid: str
    now: datetime
    generation: int


def serving_of(arn: str) -> Serving:
    """The way to serve of what has this ARN."""
    return "provisioned_throughput" if ":provisioned-model/" in arn else "on_demand"


def rebuild(lost: Lost, before: Deployment | None, adopter: Adopter) -> Rebuilt | str:
    """The rows; or the reason why they can't be rebuilt, in words. `before`: the deployment of that name as it is."""
    origin, name, model = _origin(lost, adopter.stack_uid), lost.deployment, lost.model
    reason = _unproven(lost, adopter) or _without_end(lost, adopter.now) or _occupied(before)
    if reason or origin is None or name is None or model is None:
        return reason or _NO_ORIGIN
    hours = _hours(lost, lost.ends_at, adopter.now)
    wish = DeploymentWish(name, lost.serving, lost.item.model_units, hours, lost.idle_minutes, lost.on_budget)
    why = "Bedrock has it, and no row knew it: adopted by its name and tags"
    beginning = Beginning(adopter.generation, origin.intent_id, adopter.stack_uid, adopter.now, why, OURS)
    return adopt(lost, Becoming(model, wish, lost.ends_at), before, beginning)


_NO_ORIGIN = "its name does not follow from its tags, so nothing proves that this stack bought it"


def _unproven(lost: Lost, adopter: Adopter) -> str | None:
    proofs = (
        (lost.tags.get("tunedrop:stack") == adopter.stack_id, "it lacks this stack's tag, so the stack may not end it"),
        (_origin(lost, adopter.stack_uid) is not None, _NO_ORIGIN),
        (lost.deployment is not None, "no tag names the deployment that it was bought for"),
        (lost.model is not None, "it serves no custom model of this stack"),
    )
    return next((words for holds, words in proofs if not holds), None)


def _origin(lost: Lost, stack_uid: str) -> Lineage | None:
    return names_tokens_tags.proven_lineage(lost.item.name, lost.tags, stack_uid)


def _occupied(before: Deployment | None) -> str | None:
    if before is None or before.state in deployment_states.ENDED:
        return None
    return f"deployment {before.name}, for which it was bought, is {before.state} with other capacity"


def _without_end(lost: Lost, now: datetime) -> str | None:
    if lost.serving == "on_demand":
        return None
    if lost.ends_at is None:
        return "no schedule bears its name, so nobody can tell when it was to end"
    if lost.ends_at <= now:
        return "its end has come, and its schedule deletes it"
    return None


def adopt(lost: Lost, becoming: Becoming, before: Deployment | None, beginning: Beginning) -> Rebuilt:
    """The rows once the capacity is theirs: live, so that whatever Bedrock shows later, nothing is ever bought.

    What this stack bought keeps its name, by which its schedule is found; what others bought is called by that name in
    our rows only.
    """
    item = lost.item
    head, draft = generation_drafts.draft(becoming.model, becoming.wish, before, beginning, becoming.until)
    ours = _origin(lost, beginning.stack_uid) is not None
    bought = replace(
        draft,
        name=item.name if ours else draft.name,
        model_arn=item.model_arn,
        attempted_at=item.created_at or beginning.now,
        billed_since=item.created_at,
        committed_until=lost.committed_until,
        commitment=item.commitment,
    )
    live = purchase_states.go_live(bought, item, beginning.now)
    return Rebuilt(replace(head, model_arn=item.model_arn, arn=item.arn, expires_at=live.expires_at), live)


def _hours(lost: Lost, until: datetime | None, now: datetime) -> int | None:
    return deployment_ends.hours_until(until, lost.item.created_at or now) if until else None
