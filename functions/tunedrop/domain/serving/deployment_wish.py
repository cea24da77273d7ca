"""Limits on a deployment: the base model's ways to serve, the stack's caps. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from tunedrop.domain.base_models.catalogue import BaseModel, OnBudget, Serving
from tunedrop.domain.texts.counted import counted
from tunedrop.domain.training.job_states import DeploymentWish
from tunedrop.domain.training.start_request import DeploymentRequest
from tunedrop.errors import CapExceeded, InvalidInput

MAX_HOURS = 168
"""One week: everything that bills by the hour ends by itself."""


MIN_IDLE_MINUTES, MAX_IDLE_MINUTES = 10, 7 * 24 * 60
"""An answer may stream for five minutes, so in fewer than ten a call could still be running."""

OF_A_JOB = "deployment."
"""Where the fields stand in a request that starts a job; in one about a deployment they stand at the top."""


def resolve(
    asked: DeploymentRequest, base_model: BaseModel, *, default_hours: int, within: str = OF_A_JOB
) -> DeploymentWish:
    """The deployment with all defaults filled in. Raises InvalidInput for values that this base model can't have."""
    serving = asked.serving or base_model.serving[0]
    if serving not in base_model.serving:
        raise InvalidInput(
            "serving_not_possible",
            f"A custom model of {base_model.name} can't be served as {serving}. "
            f"Allowed: {', '.join(base_model.serving)}.",
            field=f"{within}serving",
            allowed=list(base_model.serving),
        )
    if asked.hours is not None:
        check_range(f"{within}hours", asked.hours, MAX_HOURS)
    idle = resolve_idle(asked.idle_minutes, within=within)
    if serving == "on_demand":
        return _on_demand(asked, within, idle)
    units = 1 if asked.model_units is None else asked.model_units
    check_range(f"{within}model_units", units, None)
    hours = min(asked.hours or default_hours, MAX_HOURS)
    return DeploymentWish(asked.name, serving, units, hours, idle, asked.on_budget or "notify")


def resolve_idle(minutes: int | None, *, within: str) -> int | None:
    """After how many minutes without a call it is released; None: never. Raises InvalidInput `out_of_range`."""
    if minutes and not MIN_IDLE_MINUTES <= minutes <= MAX_IDLE_MINUTES:
        raise InvalidInput(
            "out_of_range",
            f"{within}idle_minutes can't be {minutes}. Allowed: {MIN_IDLE_MINUTES} to {MAX_IDLE_MINUTES}, or 0 for "
            "never.",
            field=f"{within}idle_minutes",
        )
    return minutes or None


def check_model_units(wish: DeploymentWish, cap: int, spoken_for: Mapping[str, int], *, within: str = OF_A_JOB) -> None:
    """Raises CapExceeded if the stack's cap leaves too few model units beside `spoken_for` (units by deployment).

    That includes planned deployments: otherwise training could end in a wait for their units, and the purchase would
    follow at a time that nobody expects.
    """
    taken = sum(spoken_for.values())
    if wish.model_units > cap - taken:
        others = f", of which {taken} are spoken for by {', '.join(sorted(spoken_for))}" if taken else ""
        raise CapExceeded(
            "model_units_cap",
            f"The deployment needs {counted(wish.model_units, 'model unit')}; "
            f"this stack's MaxModelUnits is {cap}{others}. Nothing was started. "
            f"To allow it, deploy the stack with MaxModelUnits={wish.model_units + taken} or more"
            f"{', or release a deployment' if taken else ''}.",
            field=f"{within}model_units",
            asked=wish.model_units,
            cap=cap,
            spoken_for=dict(spoken_for),
            parameter="MaxModelUnits",
        )


def check_range(field: str, value: int, maximum: int | None) -> None:
    """Raises InvalidInput `out_of_range` for a value below 1 or above the maximum."""
    if value < 1 or (maximum is not None and value > maximum):
        allowed = f"1 to {maximum}" if maximum else "1 or more"
        raise InvalidInput("out_of_range", f"{field} can't be {value}. Allowed: {allowed}.", field=field)


def _on_demand(asked: DeploymentRequest, within: str, idle: int | None) -> DeploymentWish:
    if asked.model_units:
        raise InvalidInput(
            "model_units_not_possible",
            "An on-demand deployment has no model units. Leave model_units out, or ask for provisioned_throughput.",
            field=f"{within}model_units",
        )
    check_on_budget(asked.on_budget, "on_demand", within=within)
    return DeploymentWish(asked.name, "on_demand", 0, asked.hours, idle)


def check_on_budget(on_budget: OnBudget | None, serving: Serving, *, within: str) -> None:
    """Raises InvalidInput `on_budget_not_possible` for what no budget counts."""
    if on_budget == "release" and serving == "on_demand":
        raise InvalidInput(
            "on_budget_not_possible",
            "An on-demand deployment bills by the call, which no budget counts. Leave on_budget out.",
            field=f"{within}on_budget",
        )
