"""What is to be told of a purchase: a pure function of its row and of the time.

Each fact is told once, however often it is looked for; one that a later fact of its kind has overtaken is not told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tunedrop.domain.serving.deployment_wish import MAX_HOURS
from tunedrop.domain.serving.purchase_states import ENDINGS, HOLDING, Announcement, Purchase

WARNINGS = (60, 15)
"""Minutes ahead of its end at which the owner is warned, wherever at least as many have passed since it was bought or
got that end: nobody is warned of an end that they have just asked for."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to tell."""

    kind: Announcement | None
    """As rows remember it; None: that it still bills, which comes again every day."""
    minutes_ahead: int | None = None
    """Of its end, for a warning."""
    day: int | None = None
    """How many whole days it has been billed, where it still bills."""

    @property
    def is_about_money(self) -> bool:
        """Whether it says what the capacity costs."""
        return self.kind in {"expiring", None}


def due(purchase: Purchase, now: datetime) -> tuple[Fact, ...]:
    """What is true and was not told yet."""
    facts: list[Fact] = []
    if purchase.state == "live" and purchase.ready_at and "ready" not in purchase.announced:
        facts.append(Fact("ready"))
    if ahead := _warning(purchase, now):
        facts.append(Fact("expiring", minutes_ahead=ahead))
    if (day := _day(purchase, now)) > purchase.billing_days_told:
        facts.append(Fact(None, day=day))
    ended = ENDINGS.get(purchase.state)
    if ended and ended not in purchase.announced:
        facts.append(Fact(ended))
    return tuple(facts)


def told(purchase: Purchase, facts: tuple[Fact, ...]) -> Purchase:
    """The purchase once these facts were told."""
    kinds = [fact.kind for fact in facts if fact.kind and fact.kind not in purchase.announced]
    aheads = [fact.minutes_ahead for fact in facts if fact.minutes_ahead]
    return replace(
        purchase,
        announced=(*purchase.announced, *kinds),
        warned=(*purchase.warned, *aheads),
        billing_days_told=max([purchase.billing_days_told, *(fact.day for fact in facts if fact.day)]),
    )


def renewed_end(purchase: Purchase, now: datetime) -> datetime | None:
    """Where its end would be if it got as much time again, to the minute; None without an end or with a commitment."""
    end, since = purchase.end_in_force, _since(purchase)
    if end is None or since is None or purchase.committed_until:
        return None
    return min(end + (end - since), now + timedelta(hours=MAX_HOURS)).replace(second=0, microsecond=0)


def _warning(purchase: Purchase, now: datetime) -> int | None:
    """The minutes ahead of its end that are due to be told. The nearer warning stands for both."""
    end, since = purchase.end_in_force, _since(purchase)
    if purchase.state != "live" or end is None or since is None or now >= end:
        return None
    reached = [
        ahead
        for ahead in WARNINGS
        if end - since >= 2 * timedelta(minutes=ahead) and now >= end - timedelta(minutes=ahead)
    ]
    return min(reached) if reached and min(reached) not in purchase.warned else None


def _since(purchase: Purchase) -> datetime | None:
    """Since when its end is what it is."""
    moments = [moment for moment in (purchase.attempted_at, purchase.end_set_at) if moment]
    return max(moments, default=None)


def _day(purchase: Purchase, now: datetime) -> int:
    """The whole days since its purchase was sent, while it may be billed by the hour."""
    if not purchase.model_units or purchase.state not in HOLDING or purchase.attempted_at is None:
        return 0
    return (now - purchase.attempted_at) // DAY
