"""Whose paid capacity it is: an open purchase's, this stack's but lost track of, or another's. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tunedrop.domain.serving.purchase_states import Capacity, Purchase
from tunedrop.domain.training import names_tokens_tags


def unaccounted(existing: Iterable[Capacity], own: Iterable[Purchase]) -> Iterator[Capacity]:
    """The capacity that no open purchase owns by ARN, or will adopt by name."""
    purchases = tuple(own)
    return (item for item in existing if not any(accounts_for(purchase, item) for purchase in purchases))


def accounts_for(purchase: Purchase, item: Capacity) -> bool:
    """Whether this open purchase owns the capacity, or will adopt it by itself.

    One that waits for an approval would not look: its row is older than the capacity.
    """
    waits = purchase.state == "planned" and purchase.approval is not None
    return purchase.arn == item.arn or (purchase.arn is None and purchase.name == item.name and not waits)


def is_ours(item: Capacity, tags: Mapping[str, str], *, stack_id: str, stack_uid: str) -> bool:
    """Whether this stack made it, as its tags or its name say. All else is foreign, and never touched."""
    return tags.get("tunedrop:stack") == stack_id or names_tokens_tags.is_marked(item.name, stack_uid)


def was_restored(purchase: Purchase) -> bool:
    """Whether the purchase of capacity that exists lapsed before it was ever sent: its row is older than the capacity.

    Then the capacity is adopted by the next generation. What a person ended is ended in Bedrock, too.
    """
    return purchase.state == "lapsed" and purchase.attempted_at is None


def made_for(tags: Mapping[str, str], purchase: Purchase) -> bool:
    """Whether the tags name this purchase's intent."""
    return purchase.intent_id == tags.get("tunedrop:intent")
