"""Admit a call to the Messages API: find its key, and hold of the key's limits what the call may use at most."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from tunedrop.actions.messages import find_target, settle_call
from tunedrop.actions.messages.settle_call import Hold
from tunedrop.domain.charges import call_costs
from tunedrop.domain.messages import api_key, key_limits, key_refusals, prompt_size
from tunedrop.domain.messages.key_limits import Reservation, Use
from tunedrop.domain.messages.key_refusals import Attempt
from tunedrop.domain.messages.messages_request import MessagesRequest
from tunedrop.domain.serving.deployment_states import Deployment
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import key_rows, key_windows
from tunedrop.edges.rows.key_windows import Take, Taken
from tunedrop.errors import Unavailable

BUSY = timedelta(seconds=10)
"""Calls of a key that follow each other so closely in one process: each is settled by the update of the next one."""


@cache
def recent() -> dict[str, datetime]:
    """When each key was last admitted by this process, by the SHA-256 of its secret."""
    return {}


@dataclass(frozen=True, slots=True)
class CallWanted:
    """What a call names and asks for, and the deployment of that name."""

    name: str | None = None
    asked: MessagesRequest | None = None
    deployment: Deployment | None = None

    @property
    def target(self) -> Deployment | None:
        """The deployment if it answers now: only then a call can use anything."""
        return self.deployment if self.deployment and find_target.answers(self.deployment) else None


def target(secret: str | None, name: str, cloud: Cloud) -> Deployment | None:
    """The deployment of that name; strangers have nothing read for them."""
    return find_target.load(name, cloud) if secret and api_key.looks_right(secret) else None


def admit(secret: str | None, wanted: CallWanted, cloud: Cloud) -> Hold:
    """Authenticate the call, and hold what it may use, by one conditional update.

    Raises ApiError `authentication_error`, `permission_error` if the key is valid but not for this deployment,
    `rate_limit_error` if a limit of the key has too little left, `invalid_request_error` for a call that never fits.
    """
    if not secret:
        raise key_refusals.unauthenticated("missing_key")
    if not api_key.looks_right(secret):
        raise key_refusals.unauthenticated("malformed_key")
    now, digest, most = cloud.now(), api_key.digest(secret), _most(wanted, cloud)
    taken = _take(digest, wanted, most, now, cloud)
    if taken.row is None:
        raise key_refusals.unauthenticated("unknown_key")
    key = key_rows.from_row(taken.row)
    if not taken.done:
        short = key_windows.missing(taken.row, key, most, taken.window)
        attempt = Attempt(wanted.name, wanted.asked, most, taken.window, now)
        raise key_refusals.of(key, attempt, short) or _busy()
    before, recent()[digest] = recent().get(digest), now
    busy = before is not None and before <= now < before + BUSY
    used = wanted.target
    hold = Hold(key, wanted.deployment, Reservation(taken.window, used.name, most) if used else None, defers=busy)
    if wanted.asked and (too_large := key_refusals.too_large(key, wanted.asked, most)):
        settle_call.unused(hold, too_large, cloud)
        raise too_large
    return hold


def _take(digest: str, wanted: CallWanted, most: Use, now: datetime, cloud: Cloud) -> Taken:
    """Take, and give back with it what earlier calls owe.

    After a fault nobody knows whether they were: to give back twice would be worse than once too few.
    """
    owed = settle_call.owed().pop(digest, ())
    used = wanted.target.name if wanted.target else None
    taken = key_windows.take(cloud.access, Take(cloud.new_id(), digest, wanted.name, used, most, now, owed))
    if not taken.done:
        settle_call.owe(digest, owed)
        return taken
    for late in owed:
        if taken.row and not key_limits.same("day", late.reservation.window, taken.window):
            settle_call.write(digest, key_rows.from_row(taken.row).id, late, cloud)
    return taken


def _most(wanted: CallWanted, cloud: Cloud) -> Use:
    asked, deployment = wanted.asked, wanted.target
    if asked is None or deployment is None:
        return key_limits.NOTHING
    read, written = prompt_size.estimate(asked), min(asked.max_tokens, key_limits.UNBOUNDED)
    prices = cloud.settings.prices
    return Use(read, written, call_costs.of_call(deployment.serving, deployment.base_model, prices, read, written))


def _busy() -> Unavailable:
    return Unavailable("key_busy", "Too many calls of this API key began at the same moment.")
