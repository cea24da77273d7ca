"""Adopt paid capacity of this stack that no row knows, or tell people of it: it is never bought, and never deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from tunedrop.actions.charges import reserve_budget
from tunedrop.actions.deployments import advance_purchase, find_capacity
from tunedrop.domain.reports import orphan_notifications
from tunedrop.domain.reports.orphan_notifications import Finder
from tunedrop.domain.serving import capacity_owners, lost_purchases
from tunedrop.domain.serving.lost_purchases import Adopter, Lost
from tunedrop.domain.serving.purchase_states import Capacity
from tunedrop.domain.training import names_tokens_tags
from tunedrop.edges import event_bus, schedules
from tunedrop.edges.bedrock import observed_capacity
from tunedrop.edges.clients import Spender
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.observability import logger
from tunedrop.edges.rows import deployment_rows, orphan_rows
from tunedrop.edges.rows.orphan_rows import ToldOrphan

TOLD_AGAIN_AFTER = timedelta(hours=24)


def take(arn: str, cloud: Cloud, spender: Spender) -> None:
    """Give the capacity of this ARN to the deployment that it was bought for, or say why that can't be.

    Safe to repeat. Raises botocore's errors, UnreadableRow and PublishFailed.
    """
    item = find_capacity.listed(arn, cloud)
    if item is None or find_capacity.owner(item, cloud):
        return
    stack, tags = cloud.settings, observed_capacity.tags(cloud.bedrock, arn)
    if not capacity_owners.is_ours(item, tags, stack_id=stack.stack_id, stack_uid=stack.stack_uid):
        return
    intended = find_capacity.intended(tags, cloud)
    if intended and not capacity_owners.was_restored(intended):
        advance_purchase.advance(intended.deployment, intended.generation, cloud, spender)
        return
    lost = replace(find_capacity.lost(item, tags, _brake(item, cloud), cloud), before=intended)
    before = deployment_rows.load(cloud.state, lost.deployment) if lost.deployment else None
    generation = deployment_rows.next_generation(cloud.state, before)
    adopter = Adopter(stack.stack_id, stack.stack_uid, cloud.now(), generation)
    rebuilt = lost_purchases.rebuild(lost, before, adopter)
    if isinstance(rebuilt, str):
        _tell(lost, rebuilt, cloud)
        return
    adopting = deployment_rows.adopt(rebuilt.head, rebuilt.purchase, intended)
    if cloud.state.write_all(*adopting, *reserve_budget.adopted(cloud)):
        logger.warning("paid capacity adopted", extra={"arn": arn, "purchase": rebuilt.purchase.id})
        advance_purchase.advance(rebuilt.purchase.deployment, rebuilt.purchase.generation, cloud, spender)


def _brake(item: Capacity, cloud: Cloud) -> datetime | None:
    """When the schedule that bears its name fires; only of a name of ours may our role ask."""
    ours = names_tokens_tags.is_marked(item.name, cloud.settings.stack_uid)
    standing = schedules.standing(cloud.scheduler, item.name) if ours and item.model_units else None
    return standing.fires_at if standing else None


def _tell(lost: Lost, why: str, cloud: Cloud) -> None:
    """Publish that it bills for nobody, the first time, daily, and when the reason changes; then remember that."""
    now, told = cloud.now(), orphan_rows.load(cloud.state, lost.item.arn)
    if told and told.why == why and now - told.told_at < TOLD_AGAIN_AFTER:
        return
    telling = ToldOrphan(lost.item.arn, now, told.times + 1 if told else 1, why, lost.ends_at)
    finder = Finder(cloud.settings.stack_id, now, cloud.settings.prices, cloud.settings.currency)
    event_bus.publish(cloud.bus, orphan_notifications.found(lost, why, telling.times, finder))
    cloud.state.put(orphan_rows.put(telling))
