"""What a stack that stands can end itself, asked of its ControlApi: its jobs, evaluations and deployments."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from tunedrop_cli import amounts, listings
from tunedrop_cli.cleaning.things import BILLS, Thing
from tunedrop_cli.control import ControlApi
from tunedrop_cli.errors import Refused
from tunedrop_cli.paths import place

JOBS = ("Preparing", "Requested", "WaitingForCapacity", "InProgress", "Stopping")
"""Statuses of jobs that have not ended."""
DEPLOYMENTS = ("Creating", "Ready", "Updating", "Releasing")
"""States of deployments that have not."""
EVALUATIONS = frozenset({"Requested", "WaitingForCapacity", "InProgress", "Scoring", "Stopping"})
"""States of evaluations that have not."""
ENDS_ALREADY = frozenset({"Stopping", "Releasing"})
_ENDED = frozenset({"job_ended", "evaluation_ended", "deployment_ended", "unknown_deployment", "unknown_job"})


def open_things(api: ControlApi) -> list[Thing]:
    """All jobs, evaluations and deployments that have not ended."""
    return [*_jobs(api), *_evaluations(api), *_deployments(api)]


def _jobs(api: ControlApi) -> Iterator[Thing]:
    for status in JOBS:
        for job in listings.every(api, "/jobs", status=status):
            yield Thing("job", job["name"], job["id"], job["status"], BILLS["job"])


def _evaluations(api: ControlApi) -> Iterator[Thing]:
    for each in listings.every(api, "/evaluations"):
        if each["state"] in EVALUATIONS:
            yield Thing("evaluation", each["id"], each["id"], each["state"], BILLS["evaluation"])


def _deployments(api: ControlApi) -> Iterator[Thing]:
    for state in DEPLOYMENTS:
        for each in listings.every(api, "/deployments", state=state):
            yield Thing("deployment", each["name"], each["name"], each["state"], _bills(each))


def _bills(found: Mapping[str, Any]) -> str:
    if not found["model_units"]:
        return BILLS["on-demand deployment"]
    return f"{amounts.money(found['hourly_cost'], found['currency'])} an hour"


def end(api: ControlApi, thing: Thing) -> str | None:
    """Ask the stack to stop or release it, now; returns why a commitment keeps it. Raises Refused for all else.

    But not for what has ended.
    """
    try:
        if thing.kind == "deployment":
            api.delete(place("deployments", thing.id), now="true")
        elif thing.state not in ENDS_ALREADY:
            noun = "jobs" if thing.kind == "job" else "evaluations"
            api.post(place(noun, thing.id, "stop"), {}, idempotency_key=secrets.token_hex(16))
    except Refused as refused:
        if refused.code == "committed":
            return str(refused)
        if refused.code not in _ENDED:
            raise
    return None
