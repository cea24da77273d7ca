"""When a deployment was last called through this stack's Messages API, and what follows for its release. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tunedrop.domain.serving.purchase_states import Purchase

GRANULARITY = timedelta(minutes=1)
"""A call is written down unless one was within this time before it, so the last call may be so much later."""

LONGEST_CALL = timedelta(minutes=5)
"""The time-out of the function that answers."""


@dataclass(frozen=True, slots=True)
class CallsSeen:
    """What is written of a deployment's calls, whatever its generation."""

    deployment: str
    last_called_at: datetime | None = None
    watched_since: datetime | None = None
    """Since when this row stands: a call after that, and before the last one, can't have gone unwritten."""


def may_stop(purchase: Purchase) -> bool:
    """Whether the purchase shall be released for want of calls, so that calls have to be looked at."""
    return (
        purchase.idle_minutes is not None
        and purchase.state == "live"
        and purchase.ready_at is not None
        and purchase.purpose == "serve"
        and purchase.swap is None
        and purchase.release_requested is None
    )


def is_watched(seen: CallsSeen | None) -> bool:
    """Whether calls would be written down where this was read; if not, no call is no proof of anything."""
    return seen is not None and seen.watched_since is not None


def is_idle(purchase: Purchase, seen: CallsSeen | None, now: datetime) -> bool:
    """Whether nobody has called it for as long as it may be idle. What was not watched for so long is never idle."""
    if purchase.is_committed(now):
        return False
    if purchase.idle_minutes is None or purchase.ready_at is None or seen is None or seen.watched_since is None:
        return False
    called = seen.last_called_at + GRANULARITY if seen.last_called_at else None
    moments = (purchase.ready_at, purchase.idle_from, seen.watched_since, called)
    return now - max(moment for moment in moments if moment) >= timedelta(minutes=purchase.idle_minutes)


def may_be_answering(purchase: Purchase, now: datetime) -> bool:
    """Whether its release may wait for calls that it took: not past its end, and never for longer than they last."""
    if purchase.state != "releasing" or purchase.releasing_at is None or purchase.ready_at is None or purchase.failure:
        return False
    if purchase.purpose == "evaluate":
        return False
    over = purchase.ends_at is not None and now >= purchase.ends_at
    return not over and now < purchase.releasing_at + GRANULARITY + LONGEST_CALL


def is_answering(seen: CallsSeen | None, now: datetime) -> bool:
    """Whether the last call that was written down, or one in the minute after it, may still be going on."""
    last = seen.last_called_at if seen else None
    return last is not None and now < last + GRANULARITY + LONGEST_CALL


def is_news(last: datetime | None, now: datetime) -> bool:
    """Whether a call has to be written down. A last call in the future proves nothing."""
    return last is None or not last <= now < last + GRANULARITY
