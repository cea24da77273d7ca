"""How long ago something happened to a purchase, where its next step depends on that. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from tunedrop.domain.serving import terms
from tunedrop.domain.serving.purchase_states import LONG_SETTLE, PAUSE, Purchase


def is_paused(purchase: Purchase, now: datetime) -> bool:
    """Whether Bedrock had no capacity, or did not take a deletion, a moment ago."""
    return purchase.parked_at is not None and now - purchase.parked_at < PAUSE


def is_young(purchase: Purchase, now: datetime) -> bool:
    """Whether the purchase is too young for a list to prove that its capacity does not exist."""
    known_at = purchase.live_at or purchase.attempted_at
    return known_at is not None and now - known_at < settle(purchase)


def settle(purchase: Purchase) -> timedelta:
    """How long after a send "not listed" becomes "not there"."""
    return terms.SETTLE if purchase.commitment else LONG_SETTLE
