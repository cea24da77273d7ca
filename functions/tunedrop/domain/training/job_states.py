"""A job: one Bedrock model-customization job with our id, its request, timeline and results. Pure.

`attempt` is written before the call that creates, so a crash, a timeout and a lost answer are all one case: look for
the job in Bedrock by name, adopt it if its token is ours, else send the same request again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from tunedrop.domain.base_models.catalogue import OnBudget, Serving
from tunedrop.domain.evaluation.evaluation_request import EvaluationWish
from tunedrop.domain.training.bedrock_refusal import Refusal
from tunedrop.domain.training.bedrock_view import Appearance, BedrockCall, Phase
from tunedrop.domain.training.diagnosis_codes import Diagnosis
from tunedrop.domain.training.model_deletion import ModelDeletion
from tunedrop.domain.training.start_request import Vpc
from tunedrop.domain.training.version_choice import SkippedVersion

JobStatus = Literal[
    "Preparing", "Requested", "WaitingForCapacity", "InProgress", "Stopping", "Completed", "Failed", "Stopped"
]
StatusSource = Literal["event", "reconcile", "request"]

ENDED: frozenset[JobStatus] = frozenset({"Completed", "Failed", "Stopped"})
NO_EVENT = "no event of Bedrock's had told of it"
MOST_CALLS = 10
"""A job that waits for days sends again and again, and its row must stay small."""
# Equal ranks: a waiting job may be sent and park again any number of times; no end follows another.
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
class DeploymentWish:
    """The deployment to make when the job completes, with all defaults filled in."""

    name: str
    serving: Serving
    model_units: int
    """0 for on-demand."""
    hours: int | None
    """None: until somebody releases it (on-demand only)."""
    idle_minutes: int | None = None
    """Released once nobody has called it for so long; None: only at its end."""
    on_budget: OnBudget = "notify"


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One status, when the job reached it, and how we learned of it."""

    time: datetime
    status: JobStatus
    source: StatusSource
    note: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a job waits for capacity."""

    code: str
    """Stable; docs/api.md lists them."""
    reason: str
    """Bedrock's own words, or ours if it is the stack that has no room."""
    announced: tuple[str, ...] = ()
    """Codes of the job's waits, earlier ones included, whose notification was published."""


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """The prepared object of one split, as Bedrock reads it."""

    key: str
    version_id: str
    sha256: str
    bytes: int
    records: int


@dataclass(frozen=True, slots=True)
class JobTruth:
    """A job as Bedrock reports it."""

    arn: str
    name: str
    token: str | None
    """None if Bedrock did not show it: then nobody can tell whose job it is."""
    status: JobStatus
    failure: str | None
    model_arn: str | None
    created_at: datetime
    ended_at: datetime | None
    training_loss: float | None
    validation_loss: float | None
    phases: tuple[Phase, ...] = ()

    @property
    def lacks_model(self) -> bool:
        """Whether it has completed, and Bedrock does not show its custom model yet."""
        return self.status == "Completed" and self.model_arn is None


@dataclass(frozen=True, slots=True)
class Job:
    """A job's row. Fields that depend on its data are None while it is Preparing, and stay None if it ends there."""

    id: str
    dataset: str
    version: int
    base_model: str
    hyperparameters: Mapping[str, str]
    status: JobStatus
    intent_id: str
    token: str
    name: str
    """The name of both the Bedrock job and its custom model."""
    owner: str
    requested_by: str
    created_at: datetime
    request: Mapping[str, Any] | None = None
    """The exact CreateModelCustomizationJob request."""
    splits: Mapping[str, TrainedOn] | None = None
    trained_tokens: int | None = None
    steps: int | None = None
    cost: Mapping[str, Any] | None = None
    """`{"amount": None}` if no price is configured."""
    plan_id: str | None = None
    """The plan that the caller confirmed, if any."""
    skipped_versions: tuple[SkippedVersion, ...] = ()
    """Versions newer than this one when it was chosen because the request named none, newest first."""
    sweep: str | None = None
    """A label shared by jobs that differ in hyperparameters only."""
    from_job: str | None = None
    """The id of the job whose custom model it tunes further."""
    base_model_arn: str | None = None
    """The ARN of that custom model."""
    deadline: datetime | None = None
    """Its own: it is not started after this, nor after the stack's JobDeadlineHours."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """The caller's own tags for job and custom model."""
    kms_key_arn: str | None = None
    """The caller's own key for the custom model."""
    vpc: Vpc | None = None
    accept_unknown_price: bool = False
    """Whether it may start under a budget that it can't be held against."""
    data_asked_at: datetime | None = None
    """When the preparation of its data was last requested."""
    deployment: DeploymentWish | None = None
    deployment_generation: int | None = None
    evaluation: EvaluationWish | None = None
    evaluation_id: str | None = None
    """Decides whether that deployment goes live, as `evaluation` asked."""
    arn: str | None = None
    model_arn: str | None = None
    failure: str | None = None
    failure_code: str | None = None
    """Stable; None if there is only Bedrock's message."""
    failure_details: Mapping[str, Any] | None = None
    """The details a refused request would have shown: the plan to confirm, or the reports that say why."""
    stop_requested: bool = False
    attempts: int = 0
    """How often CreateModelCustomizationJob was sent without our knowing its effect."""
    attempted_at: datetime | None = None
    doubted_at: datetime | None = None
    """When it was let wait although the effect of an earlier send was never known."""
    appeared: Appearance | None = None
    refusal: Refusal | None = None
    """Bedrock's answer to the last send. After several sends it does not prove that the earlier ones had no effect."""
    parked_at: datetime | None = None
    """When it last had to wait for capacity."""
    wait: Wait | None = None
    """What it last waited for."""
    phases: tuple[Phase, ...] = ()
    """As Bedrock last reported them, in their order."""
    calls: tuple[BedrockCall, ...] = ()
    """The last `MOST_CALLS` that create or stop it, oldest first."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    timeline: tuple[TimelineEntry, ...] = ()
    final_losses: Mapping[str, float | None] = field(default_factory=dict)
    metric_counts: Mapping[str, int] = field(default_factory=dict)
    metric_files: Mapping[str, str] = field(default_factory=dict)
    """S3 keys of the CSV files that Bedrock wrote, by split."""
    metrics_tries: int = 0
    """Tries begun to store the metrics; counted before each, so that one that crashes counts too."""
    metrics_settled: bool = False
    """Whether the metrics were stored, or given up with an entry in the timeline."""
    diagnosis: tuple[Diagnosis, ...] | None = None
    """What its losses show; None until they are stored, and if they could not be read."""
    report_key: str | None = None
    """The S3 key of its report as JSON; page and picture lie beside it. None: not written."""
    announced: tuple[JobStatus, ...] = ()
    """Statuses whose notification was published."""
    retirements_told: tuple[str, ...] = ()
    """What was told of its base model's retirement (`retirement.Retirement.mark`)."""
    model_deletion: ModelDeletion | None = None
    """Of its custom model, if that was ever asked for."""
    model_missed_at: datetime | None = None
    """When Bedrock was first seen without its custom model, although nobody asked this stack to delete that."""
    revision: int = 0
    """Counts writes of the row; every write is conditional on the revision it read."""


def transition(job: Job, status: JobStatus, source: StatusSource, at: datetime, note: str = "") -> Job:
    """The job in a later status, with an entry in the timeline. An earlier status changes nothing."""
    if status == job.status or job.status in ENDED or _ORDER[status] < _ORDER[job.status]:
        return job
    entry = TimelineEntry(at, status, source, note)
    return replace(job, status=status, timeline=(*job.timeline, entry))


def attempt(job: Job, now: datetime) -> Job:
    """The job just before the creating call is sent: from here on, its effect is unknown."""
    return replace(job, attempts=job.attempts + 1, attempted_at=now, refusal=None)


def refuse(job: Job, refusal: Refusal) -> Job:
    """The job after Bedrock refused the last send; earlier sends may still have taken effect."""
    return replace(job, refusal=refusal)


def park(job: Job, wait: Wait, now: datetime) -> Job:
    """The job waiting for capacity: nothing runs and no send is in flight.

    Each reason is in the timeline once: reasons that alternate for days must not outgrow the row.
    """
    told = job.wait.announced if job.wait else ()
    known = replace(job, doubted_at=job.doubted_at or (now if job.attempts > 1 else None))
    parked = replace(known, attempts=0, attempted_at=None, parked_at=now, wait=replace(wait, announced=told))
    if job.status == "WaitingForCapacity" and job.wait and wait.code not in {job.wait.code, *told}:
        return note(parked, "request", now, wait.reason)
    return transition(parked, "WaitingForCapacity", "request", now, wait.reason)


def called(job: Job, call: BedrockCall) -> Job:
    """The job with one more call that Bedrock answered."""
    return replace(job, calls=(*job.calls, call)[-MOST_CALLS:])


def adopt(job: Job, arn: str, source: StatusSource, started_at: datetime) -> Job:
    """The job as one that Bedrock has: InProgress until Bedrock's own status is read."""
    running = replace(job, arn=arn, started_at=job.started_at or started_at, refusal=None)
    return transition(running, "InProgress", source, started_at)


def follow(job: Job, truth: JobTruth, source: StatusSource, now: datetime) -> Job:
    """The job updated to what Bedrock reports. It never moves backwards, and never changes after it ended."""
    if job.status in ENDED:
        return job
    running = replace(adopt(job, truth.arn, source, truth.created_at), phases=truth.phases or job.phases)
    unheard = NO_EVENT if source == "reconcile" else ""
    words = "; ".join(filter(None, (truth.failure, unheard)))
    moved = transition(running, truth.status, source, truth.ended_at or now, words)
    if moved.status not in ENDED:
        return moved
    return replace(
        moved,
        ended_at=truth.ended_at or now,
        failure=truth.failure,
        model_arn=truth.model_arn,
        final_losses={"training": truth.training_loss, "validation": truth.validation_loss},
    )


def awaits_results(job: Job) -> bool:
    """Whether the job has ended in Bedrock and its metrics and report are neither stored nor given up."""
    runs_on = job.appeared is not None and not job.appeared.has_ended
    return job.status in ENDED and job.arn is not None and not runs_on and not job.metrics_settled


def note(job: Job, source: StatusSource, now: datetime, words: str) -> Job:
    """The job with one more timeline entry and no other change."""
    return replace(job, timeline=(*job.timeline, TimelineEntry(now, job.status, source, words)))


def appear(job: Job, truth: JobTruth, source: StatusSource, now: datetime) -> Job:
    """The ended job with what Bedrock shows of it after all. Its status here, and its purchase, do not change."""
    seen = replace(job.appeared or Appearance(now, truth.status), status=truth.status)
    known = replace(job, arn=truth.arn, model_arn=truth.model_arn, appeared=seen)
    return note(known, source, now, f"after its end here, Bedrock has it: {truth.status}")


def end(job: Job, status: JobStatus, failure: str | None, now: datetime, *, code: str | None = None) -> Job:
    """The job ended before it reached Bedrock: refused, stopped while it waited, or past its deadline."""
    ended = transition(job, status, "request", now, failure or "")
    return replace(ended, ended_at=now, failure=failure, failure_code=code)
