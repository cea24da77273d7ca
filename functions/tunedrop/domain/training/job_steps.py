"""The next step for a job: a pure function of its row, of what Bedrock shows, and of the time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from tunedrop.domain.training import job_states, wait_reasons
from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.domain.training.bedrock_view import Appearance
from tunedrop.domain.training.job_states import ENDED, Job, JobStatus, JobTruth, Wait
from tunedrop.domain.training.start_times import latest_start, sendable_since
from tunedrop.errors import TunedropError

LONG_SETTLE = timedelta(minutes=10)
"""When "not listed" becomes "not there": longer than the spending function may run (60 s) and than Bedrock's list is
assumed to lag (docs/facts.md#creating-a-job)."""
WATCHED_FOR = timedelta(hours=48)
"""How long after its end here Bedrock is asked for a job of which one send may still take effect."""
PAUSE = timedelta(seconds=60)
"""Between two requests that Bedrock had no room for, however many messages arrive."""
DENIED_AT_MOST = timedelta(minutes=10)
"""How long a denial counts as one that passes: new policies take seconds to minutes to reach Bedrock, and reconcile
sends the job again every five minutes (docs/facts.md#iam)."""
ASK_AGAIN_AFTER = timedelta(minutes=90)
"""When a request for preparation counts as lost: longer than SQS keeps redelivering it (5 times 960 s)."""
LONGEST_PREPARATION = timedelta(hours=24)
"""After a longer wait for its data, a job would start to spend at a time that nobody expects."""
DEADLINE = timedelta(hours=24)
"""How long after it could first be sent a job may still start, unless the stack says otherwise: for the same reason."""


@dataclass(frozen=True, slots=True)
class PlanJob:
    """Check whether its data is prepared; if so, make the plan and the exact request, or end the job."""


@dataclass(frozen=True, slots=True)
class AskForData:
    """Request the preparation of its data again: the first message may be lost."""


@dataclass(frozen=True, slots=True)
class Look:
    """Look for a job of that name in Bedrock."""


@dataclass(frozen=True, slots=True)
class SendJob:
    """Take a slot and write the attempt in one transaction, then create the job."""


@dataclass(frozen=True, slots=True)
class AdoptJob:
    """The job exists in Bedrock and is ours: record it."""

    truth: JobTruth


@dataclass(frozen=True, slots=True)
class Park:
    """Wait: Bedrock has no capacity now."""

    wait: Wait


@dataclass(frozen=True, slots=True)
class Stop:
    """Ask Bedrock to stop the job."""

    arn: str


@dataclass(frozen=True, slots=True)
class ReclaimJob:
    """A job that has ended in our table is in Bedrock: stop it there if it runs, and record it."""

    truth: JobTruth


@dataclass(frozen=True, slots=True)
class Raise:
    """Fail the message: this does not resolve itself, so a person must look at the DLQ."""

    reason: str


@dataclass(frozen=True, slots=True)
class End:
    """End a job that never reached Bedrock."""

    status: JobStatus
    failure: str | None
    code: str | None = None
    """The stable code of the failure; None if there is only Bedrock's message."""


@dataclass(frozen=True, slots=True)
class LeaveJob:
    """Do nothing until something else changes."""

    reason: str


@dataclass(frozen=True, slots=True)
class SeenJob:
    """The result of `Look`: the job under our name, or None."""

    truth: JobTruth | None


@dataclass(frozen=True, slots=True)
class Unprepared:
    """The result of `PlanJob` while the version has no verdict for the job's base model."""


JobStep = PlanJob | AskForData | Look | SendJob | AdoptJob | Park | Stop | ReclaimJob | Raise | End | LeaveJob


def next_step(job: Job, seen: SeenJob | Unprepared | None, now: datetime, *, deadline: timedelta = DEADLINE) -> JobStep:
    """The next step. `seen` is the result of looking at Bedrock or at the data; None after any other step.

    A job that could be sent for as long as `deadline`, or until its own, and never started is not sent any more.
    """
    if job.status == "Preparing":
        return _preparing(job, now, looked=seen is not None)
    step = _past_preparing(job, seen if isinstance(seen, SeenJob) else None, now)
    is_late = now >= latest_start(job, deadline)
    return _too_late(job, deadline) if isinstance(step, SendJob) and is_late else step


def _preparing(job: Job, now: datetime, *, looked: bool) -> JobStep:
    if job.stop_requested:
        return End("Stopped", None)
    if job.deadline and now >= job.deadline:
        return _too_late(job, LONGEST_PREPARATION)
    if now - job.created_at >= LONGEST_PREPARATION:
        return End("Failed", "its data was not prepared within 24 hours")
    if not looked:
        return PlanJob()
    waited = now - (job.data_asked_at or job.created_at)
    return LeaveJob("its data is being prepared") if waited < ASK_AGAIN_AFTER else AskForData()


def _past_preparing(job: Job, seen: SeenJob | None, now: datetime) -> JobStep:
    if job.status in ENDED:
        return _ended(job, seen, now)
    if job.arn:
        wanted = job.stop_requested and job.status == "InProgress"
        return Stop(job.arn) if wanted else LeaveJob("Bedrock has it")
    if job.attempted_at is None:
        return _unsent(job, now)
    # A refusal is conclusive only for a single send: an earlier one, whose answer was lost, may have taken effect.
    if job.refusal and job.attempts == 1:
        return _refused(job, job.refusal, now)
    return Look() if seen is None else _looked(job, seen.truth, now)


def _unsent(job: Job, now: datetime) -> JobStep:
    if job.stop_requested:
        return End("Stopped", None)
    return LeaveJob("there was no room just now") if _had_no_room(job, now) else SendJob()


def _had_no_room(job: Job, now: datetime) -> bool:
    """Whether it was tried too short a time ago. Our own rows say at any time whether the stack has room again."""
    if job.parked_at is None:
        return False
    bedrocks = job.wait is None or wait_reasons.is_bedrocks(job.wait)
    return now <= job.parked_at or (bedrocks and now - job.parked_at < PAUSE)


def _too_late(job: Job, deadline: timedelta) -> End:
    reason = f" Its last reason to wait: {job.wait.reason}." if job.wait else ""
    if job.deadline and job.deadline <= sendable_since(job) + deadline:
        limit = f"by {job.deadline.isoformat(timespec='seconds').replace('+00:00', 'Z')}, its deadline"
    else:
        limit = f"within {deadline / timedelta(hours=1):g} hours (JobDeadlineHours)"
    return End("Failed", f"It could not start {limit}, and nothing was trained.{reason}", "job_deadline_passed")


def due(job: Job) -> frozenset[Literal["advance_job", "check_job"]]:
    """The messages that reconcile should send for a job under `OPEN`.

    A running job is always checked, because Bedrock's events are best effort (docs/facts.md#job-events).
    """
    match job.status:
        case "Preparing" | "Requested" | "WaitingForCapacity":
            return frozenset({"advance_job"})
        case "InProgress" | "Stopping":
            return frozenset({"check_job", "advance_job"} if job.stop_requested else {"check_job"})
        case _:
            to_follow = announcement(job) is not None or job_states.awaits_results(job)
            return frozenset({"check_job"} if to_follow else {"advance_job"})


def is_finished(job: Job, now: datetime) -> bool:
    """Whether nothing is left to do: it has ended, here and in Bedrock, everybody was told, and it can't appear."""
    if job.status not in ENDED or announcement(job) or job_states.awaits_results(job):
        return False
    if job.model_deletion and job.model_deletion.is_open:
        return False
    if job.appeared:
        return job.appeared.has_ended and appearance_to_announce(job) is None
    return not _may_appear(job) or now - (job.ended_at or job.created_at) >= WATCHED_FOR


def _may_appear(job: Job) -> bool:
    """Whether Bedrock may have a job that ended here without an ARN: the effect of one send was never known."""
    refused = job.refusal is not None and job.attempts == 1
    return job.arn is None and (job.doubted_at is not None or (job.attempted_at is not None and not refused))


def appearance_to_announce(job: Job) -> Appearance | None:
    """What Bedrock shows of a job after its end, if no notification was published about that."""
    appeared = job.appeared
    return appeared if appeared and appeared.status not in appeared.announced else None


def announcement(job: Job) -> JobStatus | None:
    """The status to publish a notification about, or None if there is none or it was published."""
    told: JobStatus = "InProgress" if job.status == "Stopping" else job.status
    tellable = told == "InProgress" or told in ENDED
    return told if tellable and told not in job.announced else None


def wait_to_announce(job: Job) -> Wait | None:
    """What the job waits for, if no notification was published about that."""
    waits = job.wait if job.status == "WaitingForCapacity" else None
    return waits if waits and waits.code not in waits.announced else None


def _looked(job: Job, truth: JobTruth | None, now: datetime) -> JobStep:
    waited = now - (job.attempted_at or now)
    if truth:
        return _listed(job, truth, waited)
    if waited < LONG_SETTLE:
        return LeaveJob("an attempt may be on its way, or its effect not listed yet")
    if job.refusal:
        return _refused(job, job.refusal, now)
    return End("Stopped", None) if job.stop_requested else SendJob()


def _listed(job: Job, truth: JobTruth, waited: timedelta) -> JobStep:
    """Only a different token proves that the job is somebody else's; no token proves nothing."""
    if truth.token == job.token:
        return AdoptJob(truth)
    if truth.token:
        return _taken(job)
    reason = f"Bedrock lists a job named {job.name} and does not show whose it is"
    return LeaveJob(reason) if waited < LONG_SETTLE else Raise(reason)


def _ended(job: Job, seen: SeenJob | None, now: datetime) -> JobStep:
    """The job stays ended, but a send whose effect was never known may show in Bedrock, and is followed there."""
    over = LeaveJob(f"the job is {job.status}")
    appeared = job.appeared
    never_sent = job.attempted_at is None and job.doubted_at is None
    if appeared.has_ended if appeared else job.arn or never_sent:
        return over
    if seen is None:
        return Look()
    truth = seen.truth
    if truth is None or truth.token != job.token or (appeared and not appeared.moves_on_to(truth.status)):
        return over
    if truth.lacks_model:  # nobody would hear of it, and it costs; look again later
        return over
    return ReclaimJob(truth)


def _refused(job: Job, refusal: Refusal, now: datetime) -> JobStep:
    denied_since = next((entry.time for entry in job.timeline if refusal.code in entry.note), now)
    too_late = refusal.code == "AccessDeniedException" and now - denied_since >= DENIED_AT_MOST
    if refusal.kind == "refused" or too_late:
        return End("Failed", f"{refusal.code}: {refusal.message}")
    return Park(wait_reasons.of_refusal(refusal))


def _taken(job: Job) -> JobStep:
    return End("Failed", f"Bedrock has another job named {job.name}, which this stack did not start.")


def fail(job: Job, refusal: TunedropError, now: datetime) -> Job:
    """The job Failed before it reached Bedrock, for a reason that would have refused its request."""
    ended = job_states.end(job, "Failed", f"{refusal.code}: {refusal.message}", now, code=refusal.code)
    return replace(ended, failure_details=refusal.details)
