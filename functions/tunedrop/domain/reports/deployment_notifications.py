"""Notifications about deployments and the purchases behind them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from tunedrop.domain.reports import next_commands
from tunedrop.domain.reports.notifications import Notification, fact_id
from tunedrop.domain.serving import purchase_facts
from tunedrop.domain.serving.capacity_costs import Bill
from tunedrop.domain.serving.purchase_facts import WARNINGS, Fact
from tunedrop.domain.serving.purchase_states import Announcement, Purchase

_TYPES: Mapping[Announcement | Literal["held"] | None, str] = {
    "ready": "DeploymentReady",
    "held": "DeploymentHeld",
    "expiring": "DeploymentExpiring",
    None: "DeploymentStillBilling",
    "released": "DeploymentReleased",
    "failed": "DeploymentFailed",
    "lapsed": "PurchaseLapsed",
}
_FIRST_WARNING = max(WARNINGS)


def notification(purchase: Purchase, fact: Fact, bill: Bill | None, stack: str, now: datetime) -> Notification:
    """The notification of a fact about one generation of a deployment; `bill` for one that is about money."""
    return Notification(
        type="DeploymentReplaced" if fact.kind == "ready" and purchase.replaces else _TYPES[fact.kind],
        id=fact_id(stack, "purchase", purchase.intent_id, fact.kind or "still_billing", *_which(purchase, fact)),
        stack=stack,
        time=now,
        summary=_summary(purchase, fact, bill, now),
        next_command=_next_command(purchase, fact, now),
        facts={**_facts(purchase), **(_money(fact, bill) if bill else {})},
        resources=tuple(arn for arn in (purchase.arn, purchase.model_arn) if arn),
    )


def _which(purchase: Purchase, fact: Fact) -> tuple[str, ...]:
    """What tells a fact that can come again from the one before.

    The last warning of an end has the id of 0.1.0's only one, so that after an update nobody is warned twice of it.
    """
    if fact.kind is None:
        return (str(fact.day),)
    end = (purchase.until.isoformat(),) if fact.kind == "expiring" and purchase.until else ()
    return (*end, str(_FIRST_WARNING)) if fact.minutes_ahead == _FIRST_WARNING else end


def _facts(purchase: Purchase) -> dict[str, Any]:
    return {
        "deployment": purchase.deployment,
        "generation": purchase.generation,
        "state": purchase.state,
        "serving": purchase.serving,
        "model_units": purchase.model_units,
        "arn": purchase.arn,
        "model_arn": purchase.model_arn,
        "job_id": purchase.job_id,
        "dataset": purchase.dataset,
        "version": purchase.version,
        "owner": purchase.owner,
        "live_at": _text(purchase.live_at),
        "expires_at": _text(purchase.expires_at),
        "released_at": _text(purchase.released_at),
        "failure": purchase.failure,
        "replaces": purchase.replaces.generation if purchase.replaces else None,
        "replaced_by": purchase.replaced_by,
        "evaluation_id": purchase.gate.evaluation_id if purchase.gate else None,
        "gate": purchase.gate.outcome if purchase.gate else None,
    }


def _money(fact: Fact, bill: Bill) -> dict[str, Any]:
    cost = bill.cost
    ahead = {"minutes_ahead": fact.minutes_ahead} if fact.kind else {"day": fact.day}
    return {
        **ahead,
        "hourly_cost": cost.hour,
        "cost_so_far": bill.so_far,
        "cost_until_end": cost.until_end,
        "all_model_units": bill.all_model_units,
        "all_hourly_cost": bill.all_hourly,
        "currency": cost.currency,
    }


def _summary(purchase: Purchase, fact: Fact, bill: Bill | None, now: datetime) -> str:
    name = _name(purchase)
    match fact.kind:
        case "ready" | "held":
            return _ready(name, purchase) if fact.kind == "ready" else _held(name, purchase)
        case "expiring":
            return f"{name} {_ends(purchase, now)}{_until_then(bill)}. After that, calls to it are refused."
        case None:
            return f"{name} {_billed(purchase, fact, bill)}; {_end_of(purchase)}.{_sum(purchase, bill)}"
        case "released":
            why = purchase.failure or purchase.release_requested or "it was given back"
            return f"{name} is released ({why}); nothing is billed for it any more."
        case "failed":
            return f"{name} failed: {purchase.failure or 'Bedrock gave no reason'}"
        case "lapsed":
            why = purchase.failure or "more than 24 hours had passed since its job ended"
            return f"{name} was not bought: {why}"


def _held(name: str, purchase: Purchase) -> str:
    until = _text(purchase.approval.expires_at) if purchase.approval else None
    return (
        f"{name} is held by its gate, because its evaluation could not decide. Until {until} another person than who "
        "asked for it may let it go live; then it is released."
    )


def _name(purchase: Purchase) -> str:
    """The deployment, or only a generation of it, where another one serves."""
    if purchase.replaced_by or (purchase.replaces and (purchase.ready_at is None or purchase.purpose == "evaluate")):
        return f"Generation {purchase.generation} of deployment {purchase.deployment}"
    return f"Deployment {purchase.deployment}"


def _ready(name: str, purchase: Purchase) -> str:
    until = f"bills by the hour until {_text(purchase.expires_at)}" if purchase.expires_at else ""
    if purchase.replaces:
        return (
            f"{name} serves the model of job {purchase.job_id} now, by generation {purchase.generation} in place of "
            f"{purchase.replaces.generation}{f'; it {until}' if until else ''}."
        )
    return f"{name} is ready{f' and {until}' if until else ''}."


def _ends(purchase: Purchase, now: datetime) -> str:
    end = purchase.end_in_force
    minutes = round((end - now) / timedelta(minutes=1)) if end else 0
    return f"is released at {_text(end)}, in {max(minutes, 1)} minute{'s' if minutes > 1 else ''}"


def _until_then(bill: Bill | None) -> str:
    until_end = bill.cost.until_end if bill else None
    return f"; until then it costs about {_amount(until_end, bill)}" if bill and until_end else ""


def _billed(purchase: Purchase, fact: Fact, bill: Bill | None) -> str:
    days = f"{fact.day} day{'s' if fact.day != 1 else ''}"
    said = f"has been billed by the hour for {days}"
    if bill is None or bill.cost.hour is None:
        return f"{said} ({purchase.model_units} model unit{'s' if purchase.model_units != 1 else ''}; no price is set)"
    return f"{said}: about {_amount(bill.so_far, bill)} so far, {_amount(bill.cost.hour, bill)} an hour"


def _end_of(purchase: Purchase) -> str:
    if purchase.state == "releasing":
        return "its release was asked for, and Bedrock has not deleted it yet"
    end = f"is released at {_text(purchase.end_in_force)}" if purchase.end_in_force else "has no end yet"
    return f"{purchase.owner} owns it, and it {end}"


def _sum(purchase: Purchase, bill: Bill | None) -> str:
    if bill is None or bill.all_model_units <= purchase.model_units:
        return ""
    together = f" All {bill.all_model_units} model units of this stack together"
    return f"{together} cost about {_amount(bill.all_hourly, bill)} an hour." if bill.all_hourly else f"{together}."


def _amount(amount: float | None, bill: Bill) -> str:
    return "an unknown amount" if amount is None else f"{amount:,.2f} {bill.cost.currency}"


def _next_command(purchase: Purchase, fact: Fact, now: datetime) -> str:
    if (purchase.replaces and fact.kind == "ready") or purchase.replaced_by:
        return next_commands.show_deployment(purchase.deployment)
    match fact.kind:
        case "ready":
            return next_commands.create_key(purchase.deployment)
        case "held" if purchase.gate:
            return next_commands.approve_evaluation(purchase.gate.evaluation_id)
        case "expiring":
            end = purchase_facts.renewed_end(purchase, now)
            renewed = end and next_commands.renew_deployment(purchase.deployment, end)
            return renewed or next_commands.show_deployment(purchase.deployment)
        case None:
            return next_commands.delete_deployment(purchase.deployment)
        case _:
            return next_commands.show_job(purchase.job_id)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
