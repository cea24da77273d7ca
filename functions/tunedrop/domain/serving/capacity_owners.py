"""Whose paid capacity it is: an open purchase's, this stack's but lost track of, or another's. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tunedrop.domain.serving.purchase_states import Capacity, Purchase
from tunedrop.domain.training import names_tokens_tags


def unaccounted(existing: Iterable[Capacity], own: Iterable[Purchase]) -> Iterator[Capacity]:
    """The capacity that no open purchase owns by ARN, or will adopt by name."""
    purchases = tuple(own)
    arns = {purchase.arn for purchase in purchases}
    awaited = {purchase.name for purchase in purchases if purchase.arn is None}
    return (item for item in existing if item.arn not in arns and item.name not in awaited)


def is_ours(item: Capacity, tags: Mapping[str, str], *, stack_id: str, stack_uid: str) -> bool:
    """Whether this stack made it, as its tags or its name say. All else is foreign, and never touched."""
    return tags.get("tunedrop:stack") == stack_id or names_tokens_tags.is_marked(item.name, stack_uid)


def made_for(tags: Mapping[str, str], purchase: Purchase) -> bool:
    """Whether the tags name this purchase's intent."""
    return purchase.intent_id == tags.get("tunedrop:intent")
