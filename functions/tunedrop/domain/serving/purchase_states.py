"""A purchase: one generation of paid capacity of a deployment, written before the first call is made. Pure.

`unknown` is written *before* the call that creates, so a crash, a time-out and a lost answer are one case with one way
back: look at what Bedrock has, adopt what is ours, else send again under the same token (docs/architecture.md#money).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from tunedrop.domain.base_models.catalogue import Serving
from tunedrop.domain.training.bedrock_refusal import Refusal

PurchaseState = Literal["planned", "requested", "unknown", "live", "releasing", "released", "failed", "lapsed"]
EndState = Literal["released", "failed", "lapsed"]
Status = Literal["Creating", "Ready", "Updating", "Failed"]
Announcement = Literal["ready", "expiring", "released", "failed", "lapsed"]

_ENDINGS: Mapping[PurchaseState, Announcement] = {"released": "released", "failed": "failed", "lapsed": "lapsed"}
ENDED: frozenset[PurchaseState] = frozenset({"released", "failed", "lapsed"})
HOLDING: frozenset[PurchaseState] = frozenset({"unknown", "live", "releasing"})
"""States in which something may be billed: exactly these hold model units of the stack's cap."""

LAPSES_AFTER = timedelta(hours=24)
"""After the job's end nothing is bought any more: nobody would expect the bill by then."""
SETTLE = timedelta(seconds=120)
"""Longer than the spending function may run: once this has passed, no earlier attempt can still be on its way."""
LONG_SETTLE = timedelta(minutes=10)
"""How long Bedrock's lists may lag before "not there" is believed: nothing is sent again, or called gone, before."""
RELEASE_TIME = timedelta(minutes=15)
"""What takes longer to give back is counted as expired capacity, which has an alarm."""
PAUSE = timedelta(seconds=60)
"""Between two tries for room, whatever comes in meanwhile."""
WARNING = timedelta(minutes=30)
"""Before expiry; at most a tenth of the hours bought."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """The intent and what became of it."""

    deployment: str
    generation: int
    state: PurchaseState
    intent_id: str
    token: str
    name: str
    """Of the throughput or custom-model deployment in Bedrock; used for this generation only."""
    serving: Serving
    model_units: int
    """0 for on-demand."""
    hours: int | None
    """From live to release; None: until somebody gives it back (on-demand only)."""
    job_id: str
    dataset: str
    version: int
    owner: str
    created_at: datetime
    model_arn: str | None = None
    arn: str | None = None
    requested_at: datetime | None = None
    lapses_at: datetime | None = None
    attempts: int = 0
    """Sends of the creating call whose effect is not known."""
    attempted_at: datetime | None = None
    """When the last one was about to be sent."""
    refusal: Refusal | None = None
    """Bedrock's answer to the last one; after several sends it does not prove that none had an effect."""
    parked_at: datetime | None = None
    """When Bedrock last had no room."""
    live_at: datetime | None = None
    ready_at: datetime | None = None
    expires_at: datetime | None = None
    release_requested: str | None = None
    """Why, once somebody asked."""
    releasing_at: datetime | None = None
    deleted_at: datetime | None = None
    """When Bedrock took the deletion of `arn`: from then on a list without it is believed at once."""
    released_at: datetime | None = None
    failure: str | None = None
    announced: tuple[Announcement, ...] = ()
    revision: int = 0

    @property
    def id(self) -> str:
        """`<deployment>#<generation>`: unique in the stack."""
        return f"{self.deployment}#{self.generation}"

    @property
    def warns_at(self) -> datetime | None:
        """When the owner is told that the end is near."""
        if self.expires_at is None or self.hours is None:
            return None
        return self.expires_at - min(WARNING, timedelta(hours=self.hours) / 10)


@dataclass(frozen=True, slots=True)
class Capacity:
    """One throughput or custom-model deployment as Bedrock shows it."""

    arn: str
    name: str
    model_arn: str
    status: Status
    """Bedrock's InService and Active are both Ready here."""
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What Bedrock has on the purchase's model: `ours` has its ARN, its name or its intent tag, `others` have none."""

    ours: tuple[Capacity, ...] = ()
    others: tuple[Capacity, ...] = ()


def plan(purchase: Purchase) -> Purchase:
    """The purchase as it stands while its job runs."""
    return replace(purchase, state="planned")


def request(purchase: Purchase, model_arn: str, job_ended_at: datetime, now: datetime) -> Purchase:
    """The job completed: buy, or lapse when that was more than a day ago."""
    lapses_at = job_ended_at + LAPSES_AFTER
    return replace(purchase, state="requested", model_arn=model_arn, requested_at=now, lapses_at=lapses_at)


def attempt(purchase: Purchase, now: datetime) -> Purchase:
    """Just before the call that creates: from here its effect is unknown."""
    return replace(purchase, state="unknown", attempts=purchase.attempts + 1, attempted_at=now, refusal=None)


def refuse(purchase: Purchase, refusal: Refusal) -> Purchase:
    """The last send had no effect, says Bedrock; earlier ones may have had."""
    return replace(purchase, refusal=refusal)


def requeue(purchase: Purchase, now: datetime) -> Purchase:
    """Nothing was bought, and it may be tried again; the refusal stays readable."""
    return replace(purchase, state="requested", attempts=0, parked_at=now)


def go_live(purchase: Purchase, capacity: Capacity, now: datetime) -> Purchase:
    """It exists, so it may bill: its hours run from the send that bought it, however late that became known."""
    bought_at = purchase.attempted_at or now
    expires_at = bought_at + timedelta(hours=purchase.hours) if purchase.hours else None
    return replace(purchase, state="live", arn=capacity.arn, live_at=now, expires_at=expires_at, refusal=None)


def release(purchase: Purchase, reason: str, failure: str | None, now: datetime) -> Purchase:
    """Give it back."""
    return replace(
        purchase,
        state="releasing",
        release_requested=purchase.release_requested or reason,
        releasing_at=now,
        failure=purchase.failure or failure,
    )


def reclaim(purchase: Purchase, capacity: Capacity, now: datetime) -> Purchase:
    """A late effect of an old send: give it back too, and tell of the end again when it is true."""
    return replace(
        purchase,
        state="releasing",
        arn=capacity.arn,
        release_requested="it appeared in Bedrock after the purchase had ended",
        releasing_at=now,
        deleted_at=None,
        released_at=None,
        announced=tuple(fact for fact in purchase.announced if fact not in _ENDINGS.values()),
    )


def finish(purchase: Purchase, state: EndState, failure: str | None, now: datetime) -> Purchase:
    """Nothing is billed any more."""
    return replace(purchase, state=state, failure=failure or purchase.failure, released_at=now, parked_at=None)


def announcements(purchase: Purchase, now: datetime) -> tuple[Announcement, ...]:
    """What has come true and is not on the bus yet."""
    true: list[Announcement] = []
    if purchase.state == "live" and purchase.ready_at:
        true.append("ready")
        if purchase.warns_at and now >= purchase.warns_at:
            true.append("expiring")
    ended = _ENDINGS.get(purchase.state)
    true += [ended] if ended else []
    return tuple(fact for fact in true if fact not in purchase.announced)
