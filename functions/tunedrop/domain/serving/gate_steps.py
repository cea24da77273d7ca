"""What a purchase and the evaluation that judges it mean for each other: pure functions of both rows and of the time.

Neither's visits write the other's row. Each looks at the other's, and sends a hint where that has a next step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tunedrop.domain.evaluation import evaluation_states, evaluation_steps
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.evaluation.evaluation_steps import UnitIs
from tunedrop.domain.evaluation.gate import GateOutcome
from tunedrop.domain.serving import approvals, purchase_states
from tunedrop.domain.serving.acts import Author
from tunedrop.domain.serving.approvals import Approval
from tunedrop.domain.serving.purchase_states import Purchase
from tunedrop.domain.serving.unit_gates import HELD_FOR, HELD_HOURS, UnitGate
from tunedrop.errors import Conflict


@dataclass(frozen=True, slots=True)
class OpenGate:
    """Let callers have the capacity."""

    outcome: GateOutcome
    reason: str


@dataclass(frozen=True, slots=True)
class HoldUnit:
    """Let a person decide."""


@dataclass(frozen=True, slots=True)
class RefuseUnit:
    """Release the capacity: it never goes live."""

    outcome: GateOutcome | None
    reason: str


@dataclass(frozen=True, slots=True)
class AskEvaluation:
    """The evaluation may have a next step."""


@dataclass(frozen=True, slots=True)
class GateApproval:
    """Who lets live what a gate holds, and why."""

    reason: str
    author: Author


@dataclass(frozen=True, slots=True)
class LeaveGate:
    """Do nothing until something else changes."""


GateStep = OpenGate | HoldUnit | RefuseUnit | AskEvaluation | LeaveGate


def next_step(purchase: Purchase, evaluation: Evaluation | None) -> GateStep:
    """The next step of a purchase about its gate, once nothing else is to be done for it."""
    if purchase.purpose == "serve":
        return LeaveGate()
    unit = unit_is(purchase)
    if evaluation and evaluation.state not in evaluation_states.ENDED:
        return AskEvaluation() if evaluation_steps.is_due(evaluation, unit) else LeaveGate()
    return _judged(purchase, evaluation) if unit == "callable" else LeaveGate()


def _judged(purchase: Purchase, evaluation: Evaluation | None) -> GateStep:
    if approval := _given(purchase):
        return OpenGate("held", f"approved by {approval.approved_by}: {approval.reason}")
    outcome, why = _outcome(evaluation)
    if outcome == "held" and purchase.serving == "on_demand":
        return LeaveGate() if purchase.gate and purchase.gate.outcome == "held" else HoldUnit()
    if outcome == "held":
        return RefuseUnit(outcome, f"its gate holds it, and what bills by the hour is not kept for that: {why}")
    return OpenGate(outcome, why) if outcome in {"passed", "none"} else RefuseUnit(outcome, why)


def _given(purchase: Purchase) -> Approval | None:
    return purchase.approval if purchase.approval and purchase.approval.approved_at else None


def _outcome(evaluation: Evaluation | None) -> tuple[GateOutcome | None, str]:
    """The gate's outcome and why; None without one, where nothing goes live."""
    if evaluation is None:
        return None, "the evaluation that was to judge it is gone"
    if evaluation.conclusion:
        return evaluation.conclusion.outcome, f"evaluation {evaluation.id}: {evaluation.conclusion.summary}"
    how = "was stopped" if evaluation.state == "Stopped" else f"failed: {evaluation.failure}"
    return ("none" if evaluation.gate == "none" else None), f"evaluation {evaluation.id} {how}"


def forbids(purchase: Purchase, evaluation: Evaluation | None) -> str | None:
    """Why a purchase is not sent: what is never let live is not bought."""
    if purchase.purpose == "serve" or (evaluation and evaluation.state not in evaluation_states.ENDED):
        return None
    step = _judged(purchase, evaluation)
    return step.reason if isinstance(step, RefuseUnit) else None


def unit_is(purchase: Purchase | None) -> UnitIs:
    """Where the capacity is that an evaluation judges."""
    if purchase is None:
        return "gone"
    if purchase.state in {"planned", "requested", "unknown"}:
        return "coming"
    if purchase.state != "live" or purchase.release_requested:
        return "gone"
    return "callable" if purchase.ready_at else "coming"


def why_gone(purchase: Purchase | None) -> str:
    """What became of the capacity that an evaluation was to judge."""
    why = (purchase.failure or purchase.release_requested) if purchase else None
    return f"There is nothing to ask: {why or 'its deployment is gone'}"


def open_gate(purchase: Purchase, outcome: GateOutcome, now: datetime) -> Purchase:
    """The purchase once callers may have it: no minute before counts as one without a call."""
    return replace(purchase, gate=replace(_gate(purchase), outcome=outcome, opened_at=now), idle_from=now)


def hold(purchase: Purchase, now: datetime) -> Purchase:
    """The purchase once a person is to decide, who is another one than whoever asked for it."""
    asked_by = purchase.acts[0].by if purchase.acts else purchase.owner
    waits = Approval(_gate(purchase).evaluation_id, asked_by, now, now + HELD_FOR)
    return replace(purchase, gate=replace(_gate(purchase), outcome="held"), approval=waits)


def approve(evaluation: Evaluation, purchase: Purchase | None, given: GateApproval, now: datetime) -> Purchase:
    """The purchase that its gate holds, with the approval. Raises Conflict."""
    held = purchase is not None and purchase.approval is not None and unit_is(purchase) == "callable"
    if purchase is None or purchase.approval is None or not held or purchase.purpose == "serve":
        outcome = evaluation.conclusion.outcome if evaluation.conclusion else None
        raise Conflict(
            "nothing_to_approve",
            f"No deployment is held for evaluation {evaluation.id}, whose gate has "
            f"{'no outcome yet' if outcome is None else f'the outcome {outcome}'}. What was released is deployed anew.",
            state=evaluation.state,
            outcome=outcome,
        )
    approved = replace(purchase, approval=approvals.give(purchase.approval, given.author, given.reason, now))
    return purchase_states.acted(approved, "approved", given.author, now)


def refuse(purchase: Purchase, outcome: GateOutcome | None) -> Purchase:
    """The purchase once it is to be released."""
    return replace(purchase, gate=replace(_gate(purchase), outcome=outcome))


def _gate(purchase: Purchase) -> UnitGate:
    assert purchase.gate is not None, "only a purchase with a gate is judged"
    return purchase.gate


def over(purchase: Purchase, now: datetime) -> str | None:
    """Why it is not waited for its gate any longer; None while it is."""
    gate = purchase.gate
    if gate is None or purchase.purpose == "serve" or purchase.ready_at is None:
        return None
    if purchase.approval and _given(purchase) is None and now >= purchase.approval.expires_at:
        return f"nobody approved within {HELD_HOURS} hours what its gate holds"
    most = HELD_FOR if purchase.serving == "on_demand" else timedelta(hours=gate.max_hours)
    if gate.outcome is None and now - purchase.ready_at >= most:
        return f"its evaluation did not end within {most // timedelta(hours=1)} hours"
    return None
