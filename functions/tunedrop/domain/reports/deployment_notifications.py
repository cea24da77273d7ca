"""Notifications about deployments and the purchases behind them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tunedrop.domain.reports import next_commands
from tunedrop.domain.reports.notifications import Notification, fact_id
from tunedrop.domain.serving.purchase_states import Announcement, Purchase, Replaced

_TYPES: Mapping[Announcement, str] = {
    "ready": "DeploymentReady",
    "expiring": "DeploymentExpiring",
    "released": "DeploymentReleased",
    "failed": "DeploymentFailed",
    "lapsed": "PurchaseLapsed",
}


def notification(purchase: Purchase, fact: Announcement, stack: str, now: datetime) -> Notification:
    """The notification of a fact about one generation of a deployment."""
    return Notification(
        type="DeploymentReplaced" if fact == "ready" and purchase.replaces else _TYPES[fact],
        id=fact_id(stack, "purchase", purchase.intent_id, fact, *_which(purchase, fact)),
        stack=stack,
        time=now,
        summary=_summary(purchase, fact),
        next_command=_next_command(purchase, fact),
        facts=_facts(purchase),
        resources=tuple(arn for arn in (purchase.arn, purchase.model_arn) if arn),
    )


def _which(purchase: Purchase, fact: Announcement) -> tuple[str, ...]:
    """What tells a fact that can come again from the one before: each end that a request named is warned of once."""
    return (purchase.until.isoformat(),) if fact == "expiring" and purchase.until else ()


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
    }


def _summary(purchase: Purchase, fact: Announcement) -> str:
    name = f"Deployment {purchase.deployment}"
    if fact == "ready" and purchase.replaces:
        return _replaced(name, purchase, purchase.replaces)
    if purchase.replaced_by or (purchase.replaces and purchase.ready_at is None):
        name = f"Generation {purchase.generation} of deployment {purchase.deployment}"
    match fact:
        case "ready":
            until = f" and bills by the hour until {_text(purchase.expires_at)}" if purchase.expires_at else ""
            return f"{name} is ready{until}."
        case "expiring":
            return f"{name} is given back at {_text(purchase.expires_at)}."
        case "released":
            why = purchase.failure or purchase.release_requested or "it was given back"
            return f"{name} is released ({why}); nothing is billed for it any more."
        case "failed":
            return f"{name} failed: {purchase.failure or 'Bedrock gave no reason'}"
        case "lapsed":
            why = purchase.failure or "more than 24 hours had passed since its job ended"
            return f"{name} was not bought: {why}"


def _replaced(name: str, purchase: Purchase, before: Replaced) -> str:
    until = f"; it bills by the hour until {_text(purchase.expires_at)}" if purchase.expires_at else ""
    return (
        f"{name} serves the model of job {purchase.job_id} now, by generation {purchase.generation} in place of "
        f"{before.generation}{until}."
    )


def _next_command(purchase: Purchase, fact: Announcement) -> str:
    if fact == "ready" and not purchase.replaces:
        return next_commands.create_key(purchase.deployment)
    if fact == "expiring" or purchase.replaces or purchase.replaced_by:
        return next_commands.show_deployment(purchase.deployment)
    return next_commands.show_job(purchase.job_id)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
