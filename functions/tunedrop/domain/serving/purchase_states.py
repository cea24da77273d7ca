"""A purchase: one generation of paid capacity of a deployment, written before the first call is made. Pure.

`unknown` is written *before* the call that creates, so a crash, a timeout and a lost answer are all one case: look at
what Bedrock has, adopt it if it is ours, else send again with the same token (docs/architecture.md#money).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from tunedrop.domain.base_models.catalogue import OnBudget, Serving
from tunedrop.domain.serving import acts, terms
from tunedrop.domain.serving.acts import Act, Author, Did
from tunedrop.domain.serving.approvals import Approval
from tunedrop.domain.serving.served_spans import ServedSpan
from tunedrop.domain.serving.terms import Term
from tunedrop.domain.serving.unit_gates import Purpose, UnitGate
from tunedrop.domain.training.bedrock_refusal import Refusal

PurchaseState = Literal["planned", "requested", "unknown", "live", "releasing", "released", "failed", "lapsed"]
EndState = Literal["released", "failed", "lapsed"]
Status = Literal["Creating", "Ready", "Updating", "Failed"]
Announcement = Literal["ready", "expiring", "released", "failed", "lapsed"]

ENDINGS: Mapping[PurchaseState, Announcement] = {"released": "released", "failed": "failed", "lapsed": "lapsed"}
ENDED: frozenset[PurchaseState] = frozenset({"released", "failed", "lapsed"})
HOLDING: frozenset[PurchaseState] = frozenset({"unknown", "live", "releasing"})
"""States in which something may be billed. Exactly these hold model units; before, they are only reserved."""

LAPSES_AFTER = timedelta(hours=24)
"""How long after the job's end, or the request, a purchase may still be made; later, nobody would expect the bill."""
SETTLE = timedelta(seconds=120)
"""Longer than the spending function may run (60 s): after this, no earlier send can still be in flight."""
LONG_SETTLE = timedelta(minutes=20)
"""When "not listed" becomes "not there": Bedrock's lists are assumed to lag less (docs/facts.md#creating-a-job).

If they lag longer, and Bedrock has forgotten the token, two are bought until the list shows both."""
RELEASE_TIME = timedelta(minutes=15)
"""A release that takes longer counts as expired capacity, which has an alarm."""
PAUSE = timedelta(seconds=60)
"""Between two tries for capacity, however many messages arrive."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Another model that shall be served by the same capacity, and how far that has come."""

    job_id: str
    dataset: str
    version: int
    model_arn: str
    asked_at: datetime
    sent_at: datetime | None = None
    """When the last send was about to start."""
    refusal: Refusal | None = None
    """Bedrock's answer to the last send."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """The unit of capacity that a purchase is to take over from."""

    generation: int
    arn: str | None


@dataclass(frozen=True, slots=True)
class Purchase:
    """The row of one purchase: the intent to buy, and what became of it."""

    deployment: str
    generation: int
    state: PurchaseState
    intent_id: str
    token: str
    name: str
    """The name of the throughput or custom-model deployment in Bedrock, unique to this generation."""
    serving: Serving
    model_units: int
    """0 for on-demand."""
    hours: int | None
    """From the send that bought it to its release; None: until somebody releases it (on-demand only).

    With `until`, the hours until then, rounded up: a release that does not know `until` ends it no earlier.
    """
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
    """How often the creating call was sent without our knowing its effect."""
    attempted_at: datetime | None = None
    """When the last send was about to start."""
    refusal: Refusal | None = None
    """Bedrock's answer to the last send. After several sends it does not prove that the earlier ones had no effect."""
    parked_at: datetime | None = None
    """When Bedrock last had no capacity, or did not take a deletion."""
    until: datetime | None = None
    """When it is released, if a request named that moment. `expires_at` follows once whatever else ends it may."""
    idle_minutes: int | None = None
    """Released once nobody has called it for so long; None: only at its end."""
    idle_from: datetime | None = None
    """When a request last changed that: no minute before counts."""
    live_at: datetime | None = None
    ready_at: datetime | None = None
    expires_at: datetime | None = None
    release_requested: str | None = None
    """The reason, once somebody asked for the release."""
    releasing_at: datetime | None = None
    deleted_at: datetime | None = None
    """When Bedrock accepted the deletion of `arn`; after that, a list without it is proof enough."""
    released_at: datetime | None = None
    failure: str | None = None
    brake_fires_at: datetime | None = None
    """When the schedule that stands beside us deletes the capacity (`brake`); None: it has to be made, or made anew."""
    brake_tried_at: datetime | None = None
    """When the schedule could last not be made or moved."""
    brake_failure: str | None = None
    """Why, in EventBridge Scheduler's words."""
    brake_refused: bool = False
    """Whether that is its last word."""
    billed_since: datetime | None = None
    """When its capacity was made, as Bedrock shows it; None: not seen yet."""
    accept_unknown_price: bool = False
    """Whether it may be bought under a budget that it can't be held against."""
    on_budget: OnBudget = "notify"
    """Whether its owner is only told, or it is released, when the month's budget is exceeded."""
    committed_until: datetime | None = None
    """Of capacity with a commitment: Bedrock deletes it no earlier."""
    commitment: Term | None = None
    """None: billed by the hour."""
    approval: Approval | None = None
    """Of a commitment that was asked for: while it waits, the purchase is planned. Or of what its gate holds."""
    gate: UnitGate | None = None
    """None: it goes live as soon as it can be called."""
    swap: Swap | None = None
    """The model that is to replace the one it serves, if any."""
    served_before: tuple[ServedSpan, ...] = ()
    """Of what bills by the hour: the models that were swapped for others in place, the first first."""
    replaces: Replaced | None = None
    """What it takes over from, if it was bought as a second unit."""
    replaced_by: int | None = None
    """The generation that took over from it."""
    announced: tuple[Announcement, ...] = ()
    acts: tuple[Act, ...] = ()
    """Who had it asked for, bought, renewed, swapped and released, the first first."""
    end_set_at: datetime | None = None
    """When a request last moved its end."""
    warned: tuple[int, ...] = ()
    """How many minutes ahead of its present end the owner was warned."""
    billing_days_told: int = 0
    """The last day of its bill that was told."""
    revision: int = 0

    @property
    def id(self) -> str:
        """`<deployment>#<generation>`: unique in the stack."""
        return f"{self.deployment}#{self.generation}"

    @property
    def purpose(self) -> Purpose:
        """Whether callers may have it once it can be called, or only its evaluation."""
        return "serve" if self.gate is None or self.gate.opened_at else "evaluate"

    @property
    def ends_at(self) -> datetime | None:
        """When it is released; None before it is bought if its hours count from there, and without an end."""
        return self.until or self.expires_at

    def is_committed(self, now: datetime) -> bool:
        """Whether Bedrock would not delete it yet."""
        return self.committed_until is not None and now < self.committed_until

    @property
    def has_new_end(self) -> bool:
        """Whether a request named an end that `expires_at` does not have yet."""
        return self.until is not None and self.until != self.expires_at

    @property
    def end_in_force(self) -> datetime | None:
        """When it is released as things stand: a later end that a request named may still be on its way."""
        return min((end for end in (self.until, self.expires_at) if end), default=None)


@dataclass(frozen=True, slots=True)
class Capacity:
    """One throughput or custom-model deployment as Bedrock shows it."""

    arn: str
    name: str
    model_arn: str
    status: Status
    """Bedrock's InService and Active are both Ready here."""
    failure: str | None = None
    update_failed: bool = False
    """Whether the last update of an on-demand deployment failed: it serves the model before."""
    model_units: int = 0
    """0 for on-demand."""
    created_at: datetime | None = None
    base_model_arn: str | None = None
    """Of what bills by the hour, by which its price goes."""
    committed_until: datetime | None = None
    """Bedrock deletes it no earlier."""
    commitment: Term | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """The capacity on the purchase's model: `ours` by ARN, name or intent tag, and `others`."""

    ours: tuple[Capacity, ...] = ()
    others: tuple[Capacity, ...] = ()


def acted(purchase: Purchase, did: Did, author: Author, now: datetime) -> Purchase:
    """The purchase with one more act."""
    return replace(purchase, acts=acts.after(purchase.acts, did, author, now))


def request(purchase: Purchase, model_arn: str, since: datetime, now: datetime) -> Purchase:
    """The purchase once there is a model: to be bought until `LAPSES_AFTER` that, the job's end or the request."""
    return replace(purchase, state="requested", model_arn=model_arn, requested_at=now, lapses_at=since + LAPSES_AFTER)


def attempt(purchase: Purchase, now: datetime) -> Purchase:
    """The purchase just before the creating call is sent: from here on, its effect is unknown."""
    return replace(purchase, state="unknown", attempts=purchase.attempts + 1, attempted_at=now, refusal=None)


def refuse(purchase: Purchase, refusal: Refusal) -> Purchase:
    """The purchase after Bedrock refused the last send; earlier sends may still have taken effect."""
    return replace(purchase, refusal=refusal)


def requeue(purchase: Purchase, now: datetime) -> Purchase:
    """The purchase back in `requested`: nothing was bought. It keeps the refusal for people to read."""
    return replace(purchase, state="requested", attempts=0, parked_at=now)


def go_live(purchase: Purchase, capacity: Capacity, now: datetime) -> Purchase:
    """The purchase once its capacity exists. Its hours count from the send that bought it: billing may begin there.

    A row from before that send counts from when Bedrock says that it was made; what it still waits for was approved.
    """
    bought_at = purchase.attempted_at or capacity.created_at or now
    until = purchase.until or (capacity.committed_until if purchase.commitment else None)
    expires_at = until or (bought_at + timedelta(hours=purchase.hours) if purchase.hours else None)
    latest = terms.ends_at(purchase.commitment, bought_at) if purchase.commitment else None
    return replace(
        purchase,
        state="live",
        arn=capacity.arn,
        billed_since=capacity.created_at or purchase.billed_since,
        live_at=now,
        until=until,
        expires_at=expires_at,
        committed_until=capacity.committed_until or purchase.committed_until or latest,
        approval=purchase.approval if purchase.approval and purchase.approval.approved_at else None,
        refusal=None,
        brake_fires_at=None,  # made anew: it can name what it deletes by its ARN now
    )


def release(purchase: Purchase, reason: str, failure: str | None, now: datetime) -> Purchase:
    """The purchase once its release begins; keeps an earlier reason and failure."""
    return replace(
        purchase,
        state="releasing",
        release_requested=purchase.release_requested or reason,
        releasing_at=now,
        failure=purchase.failure or failure,
    )


def reclaim(purchase: Purchase, capacity: Capacity, now: datetime) -> Purchase:
    """The ended purchase after an old send took effect late: released again, and its end announced again."""
    return replace(
        purchase,
        state="releasing",
        arn=capacity.arn,
        billed_since=capacity.created_at,
        release_requested="it appeared in Bedrock after the purchase had ended",
        releasing_at=now,
        deleted_at=None,
        released_at=None,
        announced=tuple(fact for fact in purchase.announced if fact not in ENDINGS.values()),
    )


def finish(purchase: Purchase, state: EndState, failure: str | None, now: datetime) -> Purchase:
    """The purchase at its end: nothing is billed for it any more, or nothing ever was."""
    return replace(purchase, state=state, failure=failure or purchase.failure, released_at=now, parked_at=None)
