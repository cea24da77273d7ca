"""Jobs as ControlApi returns them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from tunedrop.actions.jobs.read_jobs import WholeJob
from tunedrop.domain.charges import charge
from tunedrop.domain.serving import capacity_costs
from tunedrop.domain.training.job_states import DeploymentWish, Job
from tunedrop.edges.settings import Settings
from tunedrop.routes.capacity_answers import CapacityCostAnswer
from tunedrop.routes.evaluation_answers import ModelEvaluationAnswer
from tunedrop.routes.route_basics import AnswerModel, told_as


class TimelineAnswer(AnswerModel):
    """One status, when the job reached it, and how Tunedrop learned of it."""

    time: datetime
    status: str
    source: str = Field(description="event, reconcile or request")
    note: str


class TrainedOnAnswer(AnswerModel):
    """The prepared object of one split, as Bedrock reads it."""

    key: str
    version_id: str
    sha256: str
    bytes: int
    records: int


class SkippedAnswer(AnswerModel):
    """A version that is newer than the job's."""

    version: int
    status: str = Field(description="processing, incomplete, rejected (for the job's base model) or deleted")


class WishAnswer(AnswerModel):
    """The deployment to make when the job completes."""

    name: str
    serving: str
    model_units: int
    hours: int | None
    idle_minutes: int | None = None
    on_budget: str = "notify"
    cost: CapacityCostAnswer | None = Field(None, description="From its purchase to its end, by the prices of today")

    @classmethod
    def priced(cls, wish: DeploymentWish, base_model: str, settings: Settings) -> WishAnswer:
        """The answer for a wish, with what it costs."""
        answer = cls.of(wish)
        answer.cost = CapacityCostAnswer.of(
            capacity_costs.of_wish(wish, base_model, settings.prices, settings.currency)
        )
        return answer


class VpcAnswer(AnswerModel):
    """The network that Bedrock reads the data through."""

    subnet_ids: list[str]
    security_group_ids: list[str]


class StepRangeAnswer(AnswerModel):
    """Where something was seen: first and last of each."""

    steps: tuple[int, int] = Field(description="As the metrics file numbers them")
    epochs: tuple[int, int] | None = Field(description="Counted from 1; null if the file does not say")
    records: tuple[int, int] | None = Field(
        description="Candidates: records of train, counted from 1, if Bedrock reads them in order"
    )


class DiagnosisAnswer(AnswerModel):
    """One thing that the losses show, or that they can't show."""

    code: str = Field(description="Stable; docs/diagnosis.md lists them")
    severity: str = Field(description="error, warning or info")
    words: str
    hint: str = Field(description="What to do next")
    places: list[StepRangeAnswer]
    best_epoch: int | None = Field(description="The epoch with the lowest validation loss, counted from 1")


class JobAnswer(AnswerModel):
    """One Bedrock model-customization job."""

    id: str
    status: str = Field(
        description="Preparing, Requested, WaitingForCapacity, InProgress, Stopping, Completed, Failed or Stopped"
    )
    dataset: str
    version: int
    skipped_versions: list[SkippedAnswer] = Field(
        [],
        description="Newer versions that were passed over because the request named no version, newest first",
    )
    base_model: str
    hyperparameters: dict[str, str]
    name: str = Field(description="The name of both the Bedrock job and its custom model")
    arn: str | None = Field(description="The ARN of the Bedrock job")
    model_arn: str | None = Field(description="The ARN of the custom model, once there is one")
    owner: str
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    failure: str | None
    failure_code: str | None = Field(
        None,
        description="Stable: dataset_rejected, job_deadline_passed …; null if there is only Bedrock's message",
    )
    failure_details: dict[str, Any] | None = Field(
        None, description="As for a refused request: reports of rejected data, or the plan to confirm by its plan_id"
    )
    stop_requested: bool
    deployment: WishAnswer | None
    evaluation_id: str | None = Field(None, description="What decides whether that deployment goes live")
    sweep: str | None = Field(None, description="The label of the jobs that differ in hyperparameters only")
    from_job: str | None = Field(None, description="The job whose custom model is tuned further")
    deadline: datetime | None = Field(None, description="Its own; JobDeadlineHours holds as well")
    tags: dict[str, str] = Field(default_factory=dict, description="The caller's own, on the job and its custom model")
    kms_key_arn: str | None = Field(None, description="The caller's own key for the custom model")
    vpc: VpcAnswer | None = None
    trained_tokens: int | None = Field(
        description="Estimated: tokens of train times epochs. null while Preparing, as are steps, cost, splits, request"
    )
    steps: int | None
    cost: dict[str, Any] | None = Field(
        description="Of its training, by the prices of today, as GET /costs has it; amount is null if there is no price"
    )
    final_losses: dict[str, float | None]
    metric_points: dict[str, int] = told_as(
        "metric_points", called="metric_counts", description="The number of stored points, by split"
    )
    diagnosis: list[DiagnosisAnswer] | None = Field(
        None,
        description="What its losses show, the most severe first; empty: nothing stands out; null: not read",
    )
    report_key: str | None = Field(
        None, description="The key of its JSON report in the data bucket; null until it has ended in Bedrock"
    )
    report_url: str | None = Field(
        None, description="Shows the report to whoever has the link, for 15 minutes; null in listings"
    )
    page_url: str | None = Field(None, description="The same for the report's HTML page")
    picture_url: str | None = Field(None, description="The same for its loss curves, an SVG file")
    splits: dict[str, TrainedOnAnswer] | None
    request: dict[str, Any] | None = Field(description="The exact CreateModelCustomizationJob request")
    timeline: list[TimelineAnswer]

    @classmethod
    def priced(cls, job: Job, settings: Settings) -> JobAnswer:
        """The answer for a job, with what it and its deployment cost."""
        answer = cls.of(job)
        answer.cost = _plain(charge.training_cost(job, settings.prices, settings.currency))
        if job.deployment:
            answer.deployment = WishAnswer.priced(job.deployment, job.base_model, settings)
        return answer


def _plain(cost: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if cost is None else dict(cost)


class PhaseAnswer(AnswerModel):
    """One phase of the job in Bedrock."""

    name: str = Field(description="validation, data_processing or training")
    status: str = Field(description="NotStarted, InProgress, Completed, Stopping, Stopped or Failed")
    started_at: datetime | None
    changed_at: datetime | None


class CallAnswer(AnswerModel):
    """One call about the job that Bedrock answered."""

    time: datetime
    operation: str
    outcome: str = Field(description="accepted, or Bedrock's error code")
    request_id: str = Field(description="What AWS Support asks for")


class WaitingAnswer(AnswerModel):
    """Where a job that wants to start stands, and why."""

    place: int = Field(description="1 goes next")
    in_line: int = Field(description="How many want to start")
    since: datetime
    deadline: datetime = Field(description="When it ends Failed if it has not started")
    code: str | None = Field(description="As in JobWaiting; null until it was tried")
    reason: str | None


class WholeJobAnswer(JobAnswer):
    """One job, with all that says why it waits or failed."""

    phases: list[PhaseAnswer] = Field(description="As Bedrock last reported them; empty before it has the job")
    calls: list[CallAnswer] = Field(description="The last calls that create or stop it in Bedrock, oldest first")
    waiting: WaitingAnswer | None = Field(description="null unless it is Requested or WaitingForCapacity")
    logs_query: str = Field(
        description="A CloudWatch Logs Insights query for the log groups of the stack's functions: the job's lines"
    )
    evaluations: list[ModelEvaluationAnswer] = Field(
        [], description="The last ones in which its custom model took part, newest first, at most 10"
    )

    @classmethod
    def whole(cls, found: WholeJob, settings: Settings) -> WholeJobAnswer:
        """The answer for a job and what explains it."""
        known = JobAnswer.priced(found.job, settings).model_dump()
        phases = [PhaseAnswer.of(each) for each in found.job.phases]
        calls = [CallAnswer.of(each) for each in found.job.calls]
        waiting = WaitingAnswer.of(found.waiting) if found.waiting else None
        judged = [ModelEvaluationAnswer.of(each) for each in found.evaluations]
        return cls(
            **known, phases=phases, calls=calls, waiting=waiting, logs_query=found.logs_query, evaluations=judged
        )


class JobsAnswer(AnswerModel):
    """A page of jobs, newest first."""

    jobs: list[JobAnswer]
    cursor: str | None
