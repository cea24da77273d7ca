"""The next step of putting another model behind capacity that serves: no second unit, no gap. Pure.

Bedrock's updates take no token, so it is looked at before and after each, and only what Bedrock shows completes one
(docs/facts.md#client-tokens). The same update sent twice leads to the same model and costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tunedrop.domain.serving.purchase_states import LONG_SETTLE, PAUSE, SETTLE, Capacity, Swap

TRIED_FOR = timedelta(hours=1)
"""How long a swap that Bedrock has not begun is tried: later, nobody would expect another model to answer."""


@dataclass(frozen=True, slots=True)
class SendSwap:
    """Write when it is sent, then ask Bedrock to put the model behind the capacity."""


@dataclass(frozen=True, slots=True)
class CompleteSwap:
    """Record that the capacity serves the model."""


@dataclass(frozen=True, slots=True)
class GiveUpSwap:
    """Go on with the model before."""

    reason: str


@dataclass(frozen=True, slots=True)
class LeaveSwap:
    """Do nothing until something else changes."""

    reason: str


SwapStep = SendSwap | CompleteSwap | GiveUpSwap | LeaveSwap


def next_step(swap: Swap, own: Capacity, now: datetime) -> SwapStep:
    """The next step for capacity that can be called, as Bedrock shows it now."""
    if own.status != "Ready":
        return LeaveSwap(f"Bedrock reports {own.status}")
    if swap.sent_at is None:
        return _send_or_give_up(swap, now)
    if own.model_arn == swap.model_arn:
        return CompleteSwap()
    return _not_shown(swap, own, now - swap.sent_at) or _send_or_give_up(swap, now)


def _not_shown(swap: Swap, own: Capacity, waited: timedelta) -> SwapStep | None:
    if waited < SETTLE and not _is_for_later(swap, waited):
        return LeaveSwap("it was sent just now")
    if own.update_failed:
        return GiveUpSwap("Bedrock could not put the model behind it")
    if swap.refusal and swap.refusal.kind == "refused":
        return GiveUpSwap(f"Bedrock refused: {swap.refusal.code}: {swap.refusal.message}")
    if waited < LONG_SETTLE and not swap.refusal:
        return LeaveSwap("its effect may not be shown yet")
    return None


def _is_for_later(swap: Swap, waited: timedelta) -> bool:
    return swap.refusal is not None and swap.refusal.kind == "not_now" and waited >= PAUSE


def _send_or_give_up(swap: Swap, now: datetime) -> SwapStep:
    if now - swap.asked_at < TRIED_FOR:
        return SendSwap()
    why = f": {swap.refusal.code}: {swap.refusal.message}" if swap.refusal else ""
    return GiveUpSwap(f"Bedrock did not begin it within an hour{why}")
