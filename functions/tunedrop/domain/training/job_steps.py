"""What to do next with a job on its way to Bedrock: one pure function of the row, of what Bedrock shows, and of now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.domain.training.job_states import ENDED, Job, JobStatus, JobTruth

LONG_SETTLE = timedelta(minutes=10)
"""Longer than the spending function may run and than Bedrock's list may lag: only then "not there" is believed."""
PAUSE = timedelta(seconds=60)
"""Between two tries for room, whatever comes in meanwhile."""
ASK_AGAIN_AFTER = timedelta(minutes=90)
"""Longer than a message that asks for it may come again and again (5 times 960 s): only then is it taken for lost."""
LONGEST_PREPARATION = timedelta(hours=24)
"""A job that has waited for its data so long would train at a moment that nobody chose."""


@dataclass(frozen=True, slots=True)
class PlanJob:
    """See whether its data was prepared; if so, make the plan and the exact request, or end the job."""


@dataclass(frozen=True, slots=True)
class AskForData:
    """The message that asked for its data may be lost: ask again."""


@dataclass(frozen=True, slots=True)
class Look:
    """See whether Bedrock has a job of that name."""


@dataclass(frozen=True, slots=True)
class SendJob:
    """Take a slot, write the attempt, then create."""


@dataclass(frozen=True, slots=True)
class AdoptJob:
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
class ReclaimJob:
    """Ended in our table, yet running in Bedrock: a send that showed its effect late. Stop it there."""

    arn: str


@dataclass(frozen=True, slots=True)
class Raise:
    """It does not resolve by itself: somebody must look."""

    reason: str


@dataclass(frozen=True, slots=True)
class End:
    """It never reached Bedrock and never will."""

    status: JobStatus
    failure: str | None


@dataclass(frozen=True, slots=True)
class LeaveJob:
    """Nothing to do until something else changes."""

    reason: str


@dataclass(frozen=True, slots=True)
class SeenJob:
    """Bedrock was looked at: the job under our name, or None."""

    truth: JobTruth | None


@dataclass(frozen=True, slots=True)
class Unprepared:
    """The version was looked at: it has no verdict for the job's base model yet."""


JobStep = PlanJob | AskForData | Look | SendJob | AdoptJob | Park | Stop | ReclaimJob | Raise | End | LeaveJob


def next_step(job: Job, seen: SeenJob | Unprepared | None, now: datetime) -> JobStep:
    """What to do next. `seen` is None until Bedrock, or the job's data, was looked at after the last thing done."""
    if job.status == "Preparing":
        return _preparing(job, now, looked=seen is not None)
    return _past_preparing(job, seen if isinstance(seen, SeenJob) else None, now)


def _preparing(job: Job, now: datetime, *, looked: bool) -> JobStep:
    if job.stop_requested:
        return End("Stopped", None)
    if now - job.created_at >= LONGEST_PREPARATION:
        return End("Failed", "its data was not prepared within 24 hours")
    if not looked:
        return PlanJob()
    waited = now - (job.data_asked_at or job.created_at)
    return LeaveJob("its data is being prepared") if waited < ASK_AGAIN_AFTER else AskForData()


def _past_preparing(job: Job, seen: SeenJob | None, now: datetime) -> JobStep:
    if job.status in ENDED:
        return _ended(job, seen)
    if job.arn:
        wanted = job.stop_requested and job.status == "InProgress"
        return Stop(job.arn) if wanted else LeaveJob("Bedrock has it")
    if job.attempted_at is None:
        return _unsent(job, now)
    if job.refusal and job.attempts == 1:
        return _refused(job.refusal)
    return Look() if seen is None else _looked(job, seen.truth, now - job.attempted_at)


def _unsent(job: Job, now: datetime) -> JobStep:
    if job.stop_requested:
        return End("Stopped", None)
    if job.parked_at and now - job.parked_at < PAUSE:
        return LeaveJob("there was no room just now")
    return SendJob()


def due(job: Job) -> frozenset[Literal["advance_job", "check_job"]]:
    """What reconcile should have done with the job: events are best effort, so a running one is always asked for.

    One that has ended is asked for until its end was told.
    """
    match job.status:
        case "Preparing" | "Requested" | "WaitingForCapacity":
            return frozenset({"advance_job"})
        case "InProgress" | "Stopping":
            return frozenset({"check_job", "advance_job"} if job.stop_requested else {"check_job"})
        case _:
            return frozenset() if announcement(job) is None else frozenset({"check_job"})


def announcement(job: Job) -> JobStatus | None:
    """The status that its owner is to be told of, unless that is on the bus already."""
    told: JobStatus = "InProgress" if job.status == "Stopping" else job.status
    tellable = told == "InProgress" or told in ENDED
    return told if tellable and told not in job.announced else None


def _looked(job: Job, truth: JobTruth | None, waited: timedelta) -> JobStep:
    if truth:
        return _listed(job, truth, waited)
    if waited < LONG_SETTLE:
        return LeaveJob("an attempt may be on its way, or its effect not listed yet")
    if job.refusal:
        return _refused(job.refusal)
    return End("Stopped", None) if job.stop_requested else SendJob()


def _listed(job: Job, truth: JobTruth, waited: timedelta) -> JobStep:
    """Only a token that Bedrock returned and that differs proves that the name is somebody else's."""
    if truth.token == job.token:
        return AdoptJob(truth)
    if truth.token:
        return _taken(job)
    reason = f"Bedrock lists a job named {job.name} and does not show whose it is"
    return LeaveJob(reason) if waited < LONG_SETTLE else Raise(reason)


def _ended(job: Job, seen: SeenJob | None) -> JobStep:
    """Stays ended; but what was sent once may have taken effect unseen."""
    if job.arn or job.attempted_at is None:
        return LeaveJob(f"the job is {job.status}")
    if seen is None:
        return Look()
    if seen.truth and seen.truth.token == job.token and seen.truth.status == "InProgress":
        return ReclaimJob(seen.truth.arn)
    return LeaveJob(f"the job is {job.status}")


def _refused(refusal: Refusal) -> JobStep:
    words = f"{refusal.code}: {refusal.message}"
    return End("Failed", words) if refusal.kind == "refused" else Park(words)


def _taken(job: Job) -> JobStep:
    return End("Failed", f"Bedrock has another job named {job.name}, which this stack did not start.")
