"""What a stack that stands can end itself, asked of its ControlApi, so that its rows say so."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tunedrop_cli import amounts, listings
from tunedrop_cli.cleaning.things import BILLS, Thing
from tunedrop_cli.control import ControlApi
from tunedrop_cli.errors import Refused
from tunedrop_cli.paths import place

JOBS = ("Preparing", "Requested", "WaitingForCapacity", "InProgress", "Stopping")
"""Statuses of jobs that have not ended."""
DEPLOYMENTS = ("Creating", "Evaluating", "Held", "Ready", "Updating", "Releasing")
"""States of deployments that have not."""
EVALUATIONS = frozenset({"Requested", "WaitingForCapacity", "InProgress", "Scoring", "Stopping"})
"""States of evaluations that have not."""
MODEL: Final = "custom model"
ENDS_ALREADY = frozenset({"Stopping", "Releasing"})
_KEPT = frozenset({"committed", "model_deployed", "model_learnt_from"})
_ENDED = frozenset({"job_ended", "evaluation_ended"})
_GONE = frozenset({"unknown_job", "unknown_evaluation", "unknown_deployment", "unknown_model"})


def open_things(api: ControlApi, *, keep_models: bool) -> list[Thing]:
    """All jobs, evaluations and deployments that have not ended, and the custom models that are kept."""
    return [*_jobs(api), *_evaluations(api), *_deployments(api), *(() if keep_models else _models(api))]


def _jobs(api: ControlApi) -> Iterator[Thing]:
    for status in JOBS:
        for job in listings.every(api, "/jobs", status=status):
            yield Thing("job", job["name"], job["id"], job["status"], BILLS["job"], arns=_known(job["arn"]))


def _evaluations(api: ControlApi) -> Iterator[Thing]:
    for each in listings.every(api, "/evaluations"):
        if each["state"] in EVALUATIONS:
            yield Thing("evaluation", each["id"], each["id"], each["state"], BILLS["evaluation"])


def _deployments(api: ControlApi) -> Iterator[Thing]:
    for state in DEPLOYMENTS:
        for each in listings.every(api, "/deployments", state=state):
            yield _deployment(each)


def _models(api: ControlApi) -> Iterator[Thing]:
    """What it can't delete, Bedrock is asked to delete: it says why not."""
    for each in listings.every(api, "/models"):
        deletion = each["deletion"] or {"deleted_at": None, "code": None}
        if each["is_there"] is not False and not deletion["deleted_at"] and not deletion["code"]:
            yield _model(each)


def _model(found: Mapping[str, Any]) -> Thing:
    cost = found["storage_cost"]
    return Thing(
        MODEL,
        found["name"],
        found["name"],
        "being deleted" if found["deletion"] else "kept",
        BILLS[MODEL] if cost["month"] is None else f"{amounts.money(cost['month'], cost['currency'])} a month",
        arns=_known(found["model_arn"]),
        monthly_cost=cost["month"],
        currency=cost["currency"],
    )


def _deployment(found: Mapping[str, Any]) -> Thing:
    """With a unit that stands beside the one which serves."""
    unit = found["second_unit"]
    by_the_hour = bool(found["model_units"] or (unit and unit["model_units"]))
    bills = f"{amounts.money(found['hourly_cost'], found['currency'])} an hour"
    return Thing(
        "deployment",
        found["name"],
        found["name"],
        found["state"],
        bills if by_the_hour else BILLS["on-demand deployment"],
        arns=_known(found["arn"], unit["arn"] if unit else None),
        by_the_hour=by_the_hour,
        hourly_cost=found["hourly_cost"] if by_the_hour else None,
        currency=found["currency"] if by_the_hour else None,
    )


def _known(*arns: str | None) -> tuple[str, ...]:
    return tuple(arn for arn in arns if arn)


def end(api: ControlApi, thing: Thing) -> str | None:
    """Ask the stack to stop, release or delete it, now; returns why something keeps it. Raises Refused for all else.

    But not for what has ended.
    """
    try:
        if thing.kind == "deployment":
            api.delete(place("deployments", thing.id), now="true")
        elif thing.kind == MODEL:
            api.delete(place("models", thing.id))
        elif thing.state not in ENDS_ALREADY:
            noun = "jobs" if thing.kind == "job" else "evaluations"
            api.post(place(noun, thing.id, "stop"), {}, idempotency_key=secrets.token_hex(16))
    except Refused as refused:
        if refused.code in _KEPT:
            return str(refused)
        if refused.code not in _ENDED | _GONE:
            raise
    return None
