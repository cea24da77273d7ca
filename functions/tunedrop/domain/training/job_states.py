"""A job: one Bedrock model-customization job with our id, its request, timeline and results. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from tunedrop.domain.base_models.catalogue import Serving
from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.errors import TunedropError

JobStatus = Literal[
    "Preparing", "Requested", "WaitingForCapacity", "InProgress", "Stopping", "Completed", "Failed", "Stopped"
]
StatusSource = Literal["event", "reconcile", "request"]

ENDED: frozenset[JobStatus] = frozenset({"Completed", "Failed", "Stopped"})
_ORDER: Mapping[JobStatus, int] = {
    "Preparing": 0,
    "Requested": 1,
    "WaitingForCapacity": 1,
    "InProgress": 2,
    "Stopping": 3,
    "Completed": 4,
    "Failed": 4,
    "Stopped": 4,
}


@dataclass(frozen=True, slots=True)
class DeploymentRequest:
    """The deployment that a request asks for; what is None follows the base model and the stack."""

    name: str
    serving: Serving | None = None
    model_units: int | None = None
    hours: int | None = None


@dataclass(frozen=True, slots=True)
class DeploymentWish:
    """The deployment that the job ends in, with nothing left open."""

    name: str
    serving: Serving
    model_units: int
    """0 for on-demand."""
    hours: int | None
    """None: until somebody gives it back (on-demand only)."""


@dataclass(frozen=True, slots=True)
class StartJob:
    """A request for a job, as the caller wrote it."""

    dataset: str
    base_model: str
    version: int | None = None
    """None: the newest."""
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    deployment: DeploymentRequest | None = None
    plan_id: str | None = None
    """Confirms the plan of that id, where a plan is over the stack's cap."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One status, when it was reached, and how we came to know."""

    time: datetime
    status: JobStatus
    source: StatusSource
    note: str = ""


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """One split as Bedrock is given it."""

    key: str
    version_id: str
    sha256: str
    bytes: int
    records: int


@dataclass(frozen=True, slots=True)
class JobTruth:
    """What Bedrock says about the job."""

    arn: str
    name: str
    token: str | None
    """None where Bedrock did not show it: then whose the job is, is not known."""
    status: JobStatus
    failure: str | None
    model_arn: str | None
    created_at: datetime
    ended_at: datetime | None
    training_loss: float | None
    validation_loss: float | None


@dataclass(frozen=True, slots=True)
class Job:
    """The row. What only its data can tell is None while it is Preparing, and for ever where it ended so."""

    id: str
    dataset: str
    version: int
    base_model: str
    hyperparameters: Mapping[str, str]
    status: JobStatus
    intent_id: str
    token: str
    name: str
    """Of the Bedrock job and of its custom model."""
    owner: str
    requested_by: str
    created_at: datetime
    request: Mapping[str, Any] | None = None
    """The exact CreateModelCustomizationJob request."""
    splits: Mapping[str, TrainedOn] | None = None
    trained_tokens: int | None = None
    steps: int | None = None
    cost: Mapping[str, Any] | None = None
    """`{"amount": None}` where no price is configured."""
    plan_id: str | None = None
    """What the caller confirmed, where a plan is over the stack's cap."""
    data_asked_at: datetime | None = None
    """When the preparation that it waits for was last asked for."""
    deployment: DeploymentWish | None = None
    deployment_generation: int | None = None
    arn: str | None = None
    model_arn: str | None = None
    failure: str | None = None
    failure_code: str | None = None
    """Stable; None where Bedrock's own words are all there is."""
    failure_details: Mapping[str, Any] | None = None
    """What a refusal of the request would have shown: the plan to confirm, or the reports that say why."""
    stop_requested: bool = False
    attempts: int = 0
    """Sends of the creating call whose effect is not known."""
    attempted_at: datetime | None = None
    refusal: Refusal | None = None
    """Bedrock's answer to the last send; after several sends it does not prove that none had an effect."""
    parked_at: datetime | None = None
    """When it was last told to wait for room."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    timeline: tuple[TimelineEntry, ...] = ()
    final_losses: Mapping[str, float | None] = field(default_factory=dict)
    metric_counts: Mapping[str, int] = field(default_factory=dict)
    metric_files: Mapping[str, str] = field(default_factory=dict)
    """S3 keys of the CSVs that Bedrock wrote, by split."""
    metrics_tries: int = 0
    """Begun; counted before each, so that one that dies counts too."""
    metrics_settled: bool = False
    """Stored, or given up with a line in the timeline."""
    announced: tuple[JobStatus, ...] = ()
    """Statuses whose notification is on the bus."""
    revision: int = 0
    """Counts writes of the row; every write names the one it saw."""


def transition(job: Job, status: JobStatus, source: StatusSource, at: datetime, note: str = "") -> Job:
    """The job in a later status, with its line in the timeline. A status that lies behind changes nothing."""
    if status == job.status or job.status in ENDED or _ORDER[status] < _ORDER[job.status]:
        return job
    entry = TimelineEntry(at, status, source, note)
    return replace(job, status=status, timeline=(*job.timeline, entry))


def attempt(job: Job, now: datetime) -> Job:
    """Just before the call that creates: from here its effect is unknown."""
    return replace(job, attempts=job.attempts + 1, attempted_at=now, refusal=None)


def refuse(job: Job, refusal: Refusal) -> Job:
    """The last send had no effect, says Bedrock; earlier ones may have had."""
    return replace(job, refusal=refusal)


def park(job: Job, reason: str, now: datetime) -> Job:
    """Nothing is running and nothing is on its way: try again when there may be room."""
    parked = replace(job, attempts=0, attempted_at=None, parked_at=now)
    return transition(parked, "WaitingForCapacity", "request", now, reason)


def adopt(job: Job, arn: str, source: StatusSource, started_at: datetime) -> Job:
    """Bedrock has it: InProgress, or what follows once the truth is read."""
    running = replace(job, arn=arn, started_at=job.started_at or started_at, refusal=None)
    return transition(running, "InProgress", source, started_at)


def follow(job: Job, truth: JobTruth, source: StatusSource, now: datetime) -> Job:
    """The job as Bedrock now has it; never backwards, and nothing at all once it has ended."""
    if job.status in ENDED:
        return job
    running = adopt(job, truth.arn, source, truth.created_at)
    moved = transition(running, truth.status, source, truth.ended_at or now, truth.failure or "")
    if moved.status not in ENDED:
        return moved
    return replace(
        moved,
        ended_at=truth.ended_at or now,
        failure=truth.failure,
        model_arn=truth.model_arn,
        final_losses={"training": truth.training_loss, "validation": truth.validation_loss},
    )


def note(job: Job, source: StatusSource, now: datetime, words: str) -> Job:
    """The job with a line in its timeline that changes nothing else."""
    return replace(job, timeline=(*job.timeline, TimelineEntry(now, job.status, source, words)))


def reclaim(job: Job, arn: str, now: datetime) -> Job:
    """A late effect of an old send was asked to stop; the job stays as it ended."""
    return note(replace(job, arn=arn), "request", now, "it appeared in Bedrock after its end here, and was stopped")


def fail(job: Job, refusal: TunedropError, now: datetime) -> Job:
    """Ended before Bedrock had it, as a request that found this would have been refused."""
    ended = end(job, "Failed", f"{refusal.code}: {refusal.message}", now)
    return replace(ended, failure_code=refusal.code, failure_details=refusal.details)


def end(job: Job, status: JobStatus, failure: str | None, now: datetime) -> Job:
    """Ended before Bedrock had it: refused, or stopped while it waited."""
    ended = transition(job, status, "request", now, failure or "")
    return replace(ended, ended_at=now, failure=failure)
