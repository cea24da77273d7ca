"""The next step for a purchase: a pure function of its row, of what Bedrock shows, and of the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tunedrop.domain.serving import brake, capacity_owners, commitments, gate_steps, swap_steps
from tunedrop.domain.serving.acts import EXPIRY, OURS, Author
from tunedrop.domain.serving.commitments import LearnTerm
from tunedrop.domain.serving.purchase_ages import is_paused, is_young, settle
from tunedrop.domain.serving.purchase_states import SETTLE, Capacity, EndState, Observation, Purchase
from tunedrop.domain.serving.swap_steps import SwapStep
from tunedrop.domain.texts.counted import counted
from tunedrop.domain.training.bedrock_refusal import Refusal


@dataclass(frozen=True, slots=True)
class Observe:
    """Look at Bedrock before deciding."""


@dataclass(frozen=True, slots=True)
class SetBrake:
    """Make the schedule that deletes the capacity at this time, or move it there."""

    fires_at: datetime


@dataclass(frozen=True, slots=True)
class SendPurchase:
    """Write `unknown`, then send the creating call."""


@dataclass(frozen=True, slots=True)
class Requeue:
    """Go back to `requested`: Bedrock has no capacity now, and nothing was bought."""


@dataclass(frozen=True, slots=True)
class AdoptCapacity:
    """The capacity exists and is ours: go `live`."""

    capacity: Capacity


@dataclass(frozen=True, slots=True)
class BecomeReady:
    """Record that the capacity can be called."""

    capacity: Capacity


@dataclass(frozen=True, slots=True)
class MoveEnd:
    """Let the capacity end when a request said."""

    expires_at: datetime


@dataclass(frozen=True, slots=True)
class BeginRelease:
    """Go from `live` to `releasing`."""

    reason: str
    failure: str | None = None
    author: Author | None = None
    """Who decided that, where no request did."""


@dataclass(frozen=True, slots=True)
class Discard:
    """Ask Bedrock to delete this capacity."""

    arn: str


@dataclass(frozen=True, slots=True)
class ReclaimCapacity:
    """Go back to `releasing`: the purchase had ended in our table when an old send took effect in Bedrock."""

    capacity: Capacity


@dataclass(frozen=True, slots=True)
class Finish:
    """End the purchase: nothing is billed for it any more, or nothing ever was."""

    state: EndState
    reason: str
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class LeavePurchase:
    """Do nothing until something else changes."""

    reason: str


PurchaseStep = (
    Observe
    | SetBrake
    | SendPurchase
    | Requeue
    | AdoptCapacity
    | BecomeReady
    | MoveEnd
    | LearnTerm
    | BeginRelease
    | Discard
    | ReclaimCapacity
    | Finish
    | LeavePurchase
    | SwapStep
)


def next_step(purchase: Purchase, observed: Observation | None, free_units: int, now: datetime) -> PurchaseStep:
    """The next step. `observed` is what `Observe` saw; None after any other step.

    `free_units`: model units left under the stack's cap; the write that takes them checks the cap again.
    """
    match purchase.state:
        case "planned":
            return _planned(purchase, observed, now)
        case "requested":
            return _requested(purchase, observed, free_units, now)
        case "unknown":
            return _unknown(purchase, observed, now)
        case "live":
            return _live(purchase, observed, now)
        case "releasing":
            return _releasing(purchase, observed, now)
        case _:
            return _ended(purchase, observed, now)


def _planned(purchase: Purchase, observed: Observation | None, now: datetime) -> PurchaseStep:
    if purchase.approval is None:
        return LeavePurchase("the job has not completed")
    if observed is None:
        return Observe()
    if observed.ours:  # rows from before its approval were put back
        return AdoptCapacity(observed.ours[0])
    waits = purchase.approval.waits(now)
    return LeavePurchase("nobody has approved it yet") if waits else Finish("lapsed", "nobody approved it in time")


def _requested(purchase: Purchase, observed: Observation | None, free_units: int, now: datetime) -> PurchaseStep:
    if given_up := _given_up(purchase, now):
        return given_up
    if is_paused(purchase, now):
        return LeavePurchase("Bedrock had no room just now")
    if observed is None:
        return Observe()
    # The cap matters only if we would buy; capacity that exists is adopted or reported whatever the cap.
    if not observed.ours and not observed.others and purchase.model_units > free_units:
        return LeavePurchase(
            f"needs {counted(purchase.model_units, 'model unit')} of MaxModelUnits; {max(free_units, 0)} free"
        )
    return _adopt_or_send(purchase, observed, now)


def _unknown(purchase: Purchase, observed: Observation | None, now: datetime) -> PurchaseStep:
    # A refusal is conclusive only for a single send: an earlier one, whose answer was lost, may have taken effect.
    if purchase.refusal and purchase.attempts == 1:
        return _refused(purchase.refusal)
    if observed is None:
        return Observe()
    if observed.ours:
        return AdoptCapacity(observed.ours[0])
    return _not_there(purchase, observed, now - (purchase.attempted_at or now), now)


def _not_there(purchase: Purchase, observed: Observation, waited: timedelta, now: datetime) -> PurchaseStep:
    if waited < settle(purchase):
        return LeavePurchase("an attempt may be on its way, or its effect not listed yet")
    if purchase.refusal:
        return _refused(purchase.refusal)
    return _given_up(purchase, now) or _adopt_or_send(purchase, observed, now)


def _adopt_or_send(purchase: Purchase, observed: Observation, now: datetime) -> PurchaseStep:
    if observed.ours:
        return AdoptCapacity(observed.ours[0])
    if observed.others and purchase.serving == "provisioned_throughput":
        return _taken(observed.others[0])
    if fires_at := brake.wanted(purchase, now):
        paused = brake.is_paused(purchase, now)
        return LeavePurchase("its schedule could not be made just now") if paused else SetBrake(fires_at)
    return SendPurchase()


def _live(purchase: Purchase, observed: Observation | None, now: datetime) -> PurchaseStep:
    # Release and expiry come before the look at Bedrock, whose failure must not keep something billing.
    if about_its_end := _about_its_end(purchase, now):
        return about_its_end
    if observed is None:
        return Observe()
    surplus = [capacity.arn for capacity in observed.ours if capacity.arn != purchase.arn]
    if surplus and not is_paused(purchase, now):
        return Discard(surplus[0])
    own = next((capacity for capacity in observed.ours if capacity.arn == purchase.arn), None)
    return _followed(purchase, own, now) if own else _gone(purchase, now)


def _about_its_end(purchase: Purchase, now: datetime) -> PurchaseStep | None:
    """Its end, or the brake before its end is moved; if the brake can't be moved, the end before stays its end."""
    if purchase.release_requested and not purchase.is_committed(now):
        return BeginRelease(purchase.release_requested)
    if over := gate_steps.over(purchase, now):
        return BeginRelease(over, author=EXPIRY)
    fires_at = brake.wanted(purchase, now)
    in_force = purchase.expires_at if fires_at and brake.is_paused(purchase, now) else purchase.ends_at
    if in_force and now >= in_force:
        reason = "its end has come" if purchase.until else f"its {purchase.hours} hours are over"
        return BeginRelease(reason, author=EXPIRY)
    if fires_at:
        return None if brake.is_paused(purchase, now) else SetBrake(fires_at)
    return MoveEnd(purchase.until) if purchase.until and purchase.has_new_end else None


def _followed(purchase: Purchase, own: Capacity, now: datetime) -> PurchaseStep:
    if own.status == "Failed":
        failure = own.failure or "Bedrock reports Failed without a reason."
        return BeginRelease("Bedrock could not create it", failure, OURS)
    if term := commitments.next_step(purchase, own):
        return term
    if own.status == "Ready" and purchase.ready_at is None:
        return BecomeReady(own)
    if purchase.swap:
        return swap_steps.next_step(purchase.swap, own, now)
    return LeavePurchase(f"Bedrock reports {own.status}")


def _releasing(purchase: Purchase, observed: Observation | None, now: datetime) -> PurchaseStep:
    if is_paused(purchase, now):
        return LeavePurchase("Bedrock did not delete it just now")
    if observed is None:
        return Observe()
    if observed.ours:
        return _kept_in_sight(purchase, observed.ours[0], now) or Discard(observed.ours[0].arn)
    # Lists may lag behind a new purchase: delete by ARN what they do not show yet.
    if purchase.arn and purchase.deleted_at is None and is_young(purchase, now):
        return Discard(purchase.arn)
    if purchase.failure:
        return Finish("failed", "given back after a failure", purchase.failure)
    return Finish("released", purchase.release_requested or "given back")


def _kept_in_sight(purchase: Purchase, own: Capacity, now: datetime) -> PurchaseStep | None:
    """What a term that Bedrock has begun anew needs before the next deletion is tried: its end, and its schedule."""
    fires_at = brake.wanted(purchase, now) if purchase.is_committed(now) else None
    schedule = SetBrake(fires_at) if fires_at and not brake.is_paused(purchase, now) else None
    return commitments.renewed(purchase, own, now) or schedule


def _ended(purchase: Purchase, observed: Observation | None, now: datetime) -> PurchaseStep:
    # One that was never sent is looked for too: its row may have been restored to a time before the send.
    ended_at = purchase.released_at or purchase.attempted_at
    if ended_at is None or now - ended_at < SETTLE:
        return LeavePurchase("ended just now")
    if capacity_owners.was_restored(purchase):
        return LeavePurchase("lapsed; if it has capacity, another generation adopts that")
    if observed is None:
        return Observe()
    return ReclaimCapacity(observed.ours[0]) if observed.ours else LeavePurchase("ended")


def _given_up(purchase: Purchase, now: datetime) -> Finish | None:
    if purchase.release_requested:
        return Finish("released", purchase.release_requested)
    if purchase.brake_refused and not purchase.attempts:
        return Finish("failed", "the schedule that would end it could not be made", purchase.brake_failure)
    if (lapses_at := commitments.lapses_at(purchase)) and now >= lapses_at:
        reason = "it could not be bought within 24 hours, and nothing is bought later"
    elif purchase.until and now >= purchase.until:
        reason = "it could not be bought before its end"
    else:
        return None
    return Finish("lapsed", reason, f"{reason}; {purchase.brake_failure}" if purchase.brake_failure else None)


def _refused(refusal: Refusal) -> PurchaseStep:
    if refusal.kind == "refused":
        return Finish("failed", "Bedrock refused", f"{refusal.code}: {refusal.message}")
    return Requeue()


def _taken(other: Capacity) -> Finish:
    words = f"The custom model already has {other.arn}, which this deployment did not make. Nothing was bought."
    return Finish("failed", "the model is served already", words)


def _gone(purchase: Purchase, now: datetime) -> PurchaseStep:
    if is_young(purchase, now):
        return LeavePurchase("Bedrock does not show it yet")
    return Finish("released", "it no longer exists in Bedrock: somebody else deleted it")
