"""When a deployment shall end: what a request names, in hours or as a moment, and what no end can be. Pure."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from tunedrop.domain.base_models.catalogue import Serving
from tunedrop.domain.serving import deployment_wish
from tunedrop.domain.serving.deployment_wish import MAX_HOURS
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.serving.put_request import PutDeployment
from tunedrop.errors import InvalidInput

Moved = Literal["renew", "shorten"]


_End = tuple[int | None, datetime | None]
"""The hours from the purchase, and the moment that a request named."""


def wanted(asked: PutDeployment, purchase: Purchase, now: datetime) -> tuple[_End, tuple[Moved, ...]]:
    """The end that a request names for capacity that stands, and whether that moves it. Raises InvalidInput."""
    before: _End = (purchase.hours, purchase.until)
    check_endless(asked, purchase.serving)
    if asked.no_end:
        return (None, None), (() if purchase.hours is None and purchase.until is None else ("renew",))
    since = bought_at(purchase, now)
    if asked.expires_at is not None:
        named = asked.expires_at
        end: _End = (hours_until(named, since), named)
        same = named == purchase.ends_at
    elif asked.hours is not None:
        deployment_wish.check_range("hours", asked.hours, MAX_HOURS)
        named = since + timedelta(hours=asked.hours)
        end = (asked.hours, named if purchase.live_at else None)
        same = (asked.hours, None) == before or named == purchase.ends_at
    else:
        return before, ()
    if same:
        return before, ()
    check_end(named, now, now)
    earlier = purchase.ends_at or (since + timedelta(hours=purchase.hours) if purchase.hours else None)
    return end, (("renew",) if earlier is not None and named > earlier else ("shorten",))


def check_endless(asked: PutDeployment, serving: Serving) -> None:
    """Raises InvalidInput `end_required` for what bills by the hour and shall have no end."""
    if asked.no_end and serving != "on_demand":
        words = "What bills by the hour has an end: say hours or expires_at. Only an on-demand deployment goes without."
        raise InvalidInput("end_required", words, field="no_end")


def bought_at(purchase: Purchase | None, now: datetime) -> datetime:
    """Where its hours count from."""
    live = purchase is not None and purchase.live_at is not None
    return purchase.attempted_at or now if purchase and live else now


def check_commitment(wanted: datetime | None, committed_until: datetime | None, now: datetime) -> None:
    """Raises InvalidInput for an end that is not that of the term (docs/facts.md#provisioned-throughput)."""
    if committed_until and wanted and now < committed_until and wanted != committed_until:
        raise InvalidInput(
            "committed",
            f"It is committed until {committed_until.isoformat(timespec='seconds')}. Bedrock ends it no earlier, and "
            "whatever stands longer is committed for another term.",
            field="expires_at",
            committed_until=committed_until.isoformat(),
        )


def end_at(purchase: Purchase, hours: int | None, until: datetime | None, now: datetime) -> Purchase:
    """The purchase with another end asked for; whoever was warned of the earlier one is warned again."""
    told = tuple(fact for fact in purchase.announced if fact != "expiring")
    ended = replace(purchase, hours=hours, until=until, end_set_at=now, announced=told, warned=())
    return ended if hours or until else replace(ended, expires_at=None)  # on demand: no schedule has to be moved first


def stop_when_idle(purchase: Purchase, minutes: int | None, now: datetime) -> Purchase:
    """The purchase with another time without calls after which it is released, counted from now; None: never."""
    return replace(purchase, idle_minutes=minutes, idle_from=now)


def hours_until(until: datetime, since: datetime) -> int:
    """Whole hours, rounded up, at least one."""
    return max(math.ceil((until - since) / timedelta(hours=1)), 1)


def check_end(wanted: datetime, earliest: datetime, now: datetime) -> None:
    """Raises InvalidInput for an end that is too soon or too far ahead."""
    if not earliest <= wanted <= now + timedelta(hours=MAX_HOURS):
        least = "an hour from now" if earliest > now else "in the future"
        raise InvalidInput(
            "out_of_range",
            f"It can't end at {wanted.isoformat(timespec='seconds')}. An end is at least {least} and at most "
            f"{MAX_HOURS} hours ahead; it can be renewed as often as it is needed.",
            field="expires_at",
        )
