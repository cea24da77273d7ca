"""What to do next with a job on its way to Bedrock: one pure function of the row, of what Bedrock shows, and of now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tunedrop.training.jobs import ENDED, Job, JobStatus, JobTruth
from tunedrop.training.refusals import Refusal

SETTLE = timedelta(seconds=120)
"""Longer than the spending function may run: once this has passed, no earlier attempt can still be on its way."""
LONG_SETTLE = timedelta(minutes=10)
"""How long Bedrock's list may lag before "not there" is believed for good."""
PAUSE = timedelta(seconds=60)
"""Between two tries for room, whatever comes in meanwhile."""


@dataclass(frozen=True, slots=True)
class Look:
    """See whether Bedrock has a job of that name."""


@dataclass(frozen=True, slots=True)
class Send:
    """Take a slot, write the attempt, then create."""


@dataclass(frozen=True, slots=True)
class Adopt:
    """It exists and it is ours."""

    truth: JobTruth


@dataclass(frozen=True, slots=True)
class Park:
    """Bedrock has no room now."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Ask Bedrock to stop it."""

    arn: str


@dataclass(frozen=True, slots=True)
class End:
    """It never reached Bedrock and never will."""

    status: JobStatus
    failure: str | None


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until something else changes."""

    reason: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Bedrock was looked at: the job under our name, or None."""

    truth: JobTruth | None


Step = Look | Send | Adopt | Park | Stop | End | Wait


def next_step(job: Job, seen: Seen | None, now: datetime) -> Step:
    """What to do next. `seen` is None until Bedrock was looked at after the last thing that was done to it."""
    if job.status in ENDED or job.status == "Preparing":
        return Wait(f"the job is {job.status}")
    if job.arn:
        wanted = job.stop_requested and job.status == "InProgress"
        return Stop(job.arn) if wanted else Wait("Bedrock has it")
    if job.attempted_at is None:
        return _unsent(job, now)
    if job.refusal and job.attempts == 1:
        return _refused(job.refusal)
    return Look() if seen is None else _looked(job, seen.truth, now - job.attempted_at)


def _unsent(job: Job, now: datetime) -> Step:
    if job.stop_requested:
        return End("Stopped", None)
    if job.parked_at and now - job.parked_at < PAUSE:
        return Wait("there was no room just now")
    return Send()


def due(job: Job) -> frozenset[Literal["advance_job", "check_job"]]:
    """What reconcile should have done with the job: events are best effort, so a running one is always asked for."""
    match job.status:
        case "Requested" | "WaitingForCapacity":
            return frozenset({"advance_job"})
        case "InProgress" | "Stopping":
            return frozenset({"check_job", "advance_job"} if job.stop_requested else {"check_job"})
        case _:
            return frozenset()


def announcement(job: Job) -> JobStatus | None:
    """The status that its owner is to be told of, unless that is on the bus already."""
    told: JobStatus = "InProgress" if job.status == "Stopping" else job.status
    tellable = told == "InProgress" or told in ENDED
    return told if tellable and told not in job.announced else None


def _looked(job: Job, truth: JobTruth | None, waited: timedelta) -> Step:
    if truth:
        return Adopt(truth) if truth.token == job.token else _taken(job)
    if waited < SETTLE:
        return Wait("an attempt may still be on its way")
    if job.refusal:
        return _refused(job.refusal)
    if job.stop_requested:
        return End("Stopped", None) if waited >= LONG_SETTLE else Wait("a late effect of the attempt may still show")
    return Send()


def _refused(refusal: Refusal) -> Step:
    words = f"{refusal.code}: {refusal.message}"
    return End("Failed", words) if refusal.kind == "refused" else Park(words)


def _taken(job: Job) -> Step:
    return End("Failed", f"Bedrock has another job named {job.name}, which this stack did not start.")
