"""Notification of paid capacity that no deployment owns. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tunedrop.domain.reports import next_commands
from tunedrop.domain.reports.notifications import Notification, fact_id
from tunedrop.domain.serving import capacity_costs
from tunedrop.domain.serving.lost_purchases import Lost


@dataclass(frozen=True, slots=True)
class Finder:
    """Which stack tells of it, when, and by which prices."""

    stack: str
    now: datetime
    prices: Mapping[str, float]
    currency: str


def found(lost: Lost, why: str, times: int, finder: Finder) -> Notification:
    """The notification. `why` no deployment could adopt it; `times`: how often it is told now, from 1."""
    item = lost.item
    hour, so_far = capacity_costs.of_existing(item, finder.prices, finder.now)
    ends = f" It ends at {_text(lost.ends_at)}." if lost.ends_at and lost.ends_at > finder.now else ""
    return Notification(
        type="OrphanFound",
        id=fact_id(finder.stack, "orphan", item.arn, times),
        stack=finder.stack,
        time=finder.now,
        summary=f"Bedrock has {item.name}, which no deployment of this stack owns: {why}. "
        f"{_cost(lost, hour, so_far, finder.currency)}{ends} To end it: {next_commands.end_capacity(item.arn)}",
        next_command=adopt_command(lost) or next_commands.end_capacity(item.arn),
        facts={
            "arn": item.arn,
            "name": item.name,
            "serving": lost.serving,
            "model_units": item.model_units,
            "model_arn": item.model_arn,
            "why": why,
            "hourly_cost": hour,
            "cost_so_far": so_far,
            "currency": finder.currency,
            "created_at": _text(item.created_at),
            "ends_at": _text(lost.ends_at),
            "owner": lost.tags.get("tunedrop:owner"),
            "deployment": lost.deployment,
            "end_command": next_commands.end_capacity(item.arn),
        },
        resources=(item.arn, item.model_arn),
    )


def adopt_command(lost: Lost) -> str | None:
    """What a person types to see whether a deployment can have it; None if it serves no custom model of this stack."""
    if lost.model is None:
        return None
    return next_commands.adopt_capacity(lost.deployment or lost.model.dataset, lost.item.arn)


def _cost(lost: Lost, hour: float | None, so_far: float | None, currency: str) -> str:
    if lost.serving == "on_demand":
        return "It costs nothing while nobody calls it."
    if hour is None:
        return f"It bills {lost.item.model_units} model unit(s) by the hour, at a price that is not configured."
    since = "" if so_far is None else f", about {so_far:,.2f} {currency} since it was made"
    return f"It costs about {hour:,.2f} {currency} an hour{since}."


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
