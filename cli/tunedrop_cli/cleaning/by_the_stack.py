"""What a stack that stands can end itself, asked of its ControlApi: its jobs and its deployments."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from tunedrop_cli import deployment_text, listings
from tunedrop_cli.cleaning.things import BILLS, Thing
from tunedrop_cli.control import ControlApi
from tunedrop_cli.errors import Refused
from tunedrop_cli.paths import place

JOBS = ("Preparing", "Requested", "WaitingForCapacity", "InProgress", "Stopping")
"""Statuses of jobs that have not ended."""
DEPLOYMENTS = ("Creating", "Ready", "Updating", "Releasing")
"""States of deployments that have not."""
ENDS_ALREADY = frozenset({"Stopping", "Releasing"})
_ENDED = frozenset({"job_ended", "deployment_ended", "unknown_deployment", "unknown_job"})


def open_things(api: ControlApi) -> list[Thing]:
    """All jobs and deployments that have not ended."""
    return [*_jobs(api), *_deployments(api)]


def _jobs(api: ControlApi) -> Iterator[Thing]:
    for status in JOBS:
        for job in listings.every(api, "/jobs", status=status):
            yield Thing("job", job["name"], job["id"], job["status"], BILLS["job"])


def _deployments(api: ControlApi) -> Iterator[Thing]:
    for state in DEPLOYMENTS:
        for each in listings.every(api, "/deployments", state=state):
            yield Thing("deployment", each["name"], each["name"], each["state"], _bills(each))


def _bills(found: Mapping[str, Any]) -> str:
    if not found["model_units"]:
        return BILLS["on-demand deployment"]
    return f"{deployment_text.money(found['hourly_cost'], found['currency'])} an hour"


def end(api: ControlApi, thing: Thing) -> str | None:
    """Ask the stack to stop or release it, now; returns why a commitment keeps it. Raises Refused for all else.

    But not for what has ended.
    """
    try:
        if thing.kind != "job":
            api.delete(place("deployments", thing.id), now="true")
        elif thing.state not in ENDS_ALREADY:
            api.post(place("jobs", thing.id, "stop"), {}, idempotency_key=secrets.token_hex(16))
    except Refused as refused:
        if refused.code == "committed":
            return str(refused)
        if refused.code not in _ENDED:
            raise
    return None
