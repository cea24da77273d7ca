"""Plans of jobs as ControlApi returns them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from tunedrop.actions.jobs.plan_job import PlannedJob
from tunedrop.domain.evaluation import power
from tunedrop.edges.settings import Settings
from tunedrop.routes.budget_answers import BudgetAnswer
from tunedrop.routes.evaluation_answers import EvaluationPlanAnswer
from tunedrop.routes.job_answers import SkippedAnswer, VpcAnswer, WishAnswer
from tunedrop.routes.route_basics import AnswerModel


class DurationAnswer(AnswerModel):
    """How long training takes, by the fastest and the slowest of some earlier jobs of this base model."""

    shortest_seconds: int
    longest_seconds: int
    jobs: int


class WayAnswer(AnswerModel):
    """A way to serve the custom model."""

    serving: str
    model_unit_hour: float | None = Field(description="Price; null if it is billed by the token, or no price is set")
    currency: str


class WarningAnswer(AnswerModel):
    """A finding of the data that does not reject it."""

    code: str
    count: int
    split: str
    words: str
    hint: str


class DifferenceAnswer(AnswerModel):
    """How small a difference between two models the test split can show."""

    records: int
    points: float | None = Field(description="Percentage points of right answers; null if it can show none")
    words: str


class TodayAnswer(AnswerModel):
    """The lifecycle of the base model today."""

    status: str
    legacy_at: datetime | None
    ends_at: datetime | None


class QuotaAnswer(AnswerModel):
    """A quota of the account that the job or its deployment needs."""

    code: str
    name: str
    value: float


class PlanAnswer(AnswerModel):
    """What a request would do and cost. Nothing was started."""

    plan_id: str | None = Field(description="Starts exactly this if it is sent with the request")
    confirmation_required: bool = Field(description="Whether the request is refused without the plan_id")
    dataset: str
    version: int
    skipped_versions: list[SkippedAnswer]
    base_model: str
    hyperparameters: dict[str, str] = Field(description="With all defaults filled in")
    records: dict[str, int] = Field(description="By split; empty if the version is prepared for the base model first")
    epochs: int
    tokens_per_epoch: int | None
    trained_tokens: int | None = Field(
        description="Estimated; null if the version is prepared first, as are steps, cost"
    )
    steps_per_epoch: int | None
    steps: int | None
    cost: dict[str, Any] | None = Field(description="amount is null if no price is configured")
    duration: DurationAnswer | None = Field(description="null if no earlier job tells")
    deployment: WishAnswer | None
    evaluation: EvaluationPlanAnswer | None = Field(
        None, description="What would decide whether the deployment goes live; null: nothing"
    )
    from_job: str | None
    deadline: datetime | None
    tags: dict[str, str]
    kms_key_arn: str | None
    vpc: VpcAnswer | None
    serving: list[WayAnswer]
    warnings: list[WarningAnswer]
    advice: list[str] = Field([], description="What to know of its Provisioned Throughput before it is bought")
    smallest_difference: DifferenceAnswer | None = Field(description="null without a test split")
    lifecycle: TodayAnswer | None
    quotas: list[QuotaAnswer]
    budget: BudgetAnswer | None = Field(None, description="null: the stack has no MonthlyBudget")


def answer(planned: PlannedJob, settings: Settings) -> PlanAnswer:
    """The plan of a request."""
    checked, plan, today, asked = planned.checked, planned.plan, planned.today, planned.checked.request
    wish, base_model = checked.deployment, checked.base_model.name
    return PlanAnswer(
        plan_id=plan.plan_id if plan else None,
        confirmation_required=planned.must_be_confirmed,
        dataset=checked.data.name,
        version=checked.data.version,
        skipped_versions=[SkippedAnswer.of(each) for each in checked.data.skipped],
        base_model=checked.base_model.name,
        hyperparameters=dict(checked.hyperparameters),
        records=dict(planned.records),
        epochs=int(checked.hyperparameters["epochCount"]),
        tokens_per_epoch=plan.tokens_per_epoch if plan else None,
        trained_tokens=plan.trained_tokens if plan else None,
        steps_per_epoch=plan.steps // plan.epochs if plan else None,
        steps=plan.steps if plan else None,
        cost=dict(plan.cost) if plan else None,
        duration=_duration(planned),
        deployment=WishAnswer.priced(wish, base_model, settings) if wish else None,
        evaluation=EvaluationPlanAnswer.of_gate(checked.gate) if checked.gate else None,
        from_job=asked.from_job,
        deadline=asked.deadline,
        tags=dict(asked.tags),
        kms_key_arn=asked.kms_key_arn,
        vpc=VpcAnswer.of(asked.vpc) if asked.vpc else None,
        serving=[WayAnswer.of(way) for way in planned.serving],
        warnings=[WarningAnswer.model_validate(row) for row in planned.warnings],
        advice=list(planned.advice),
        smallest_difference=_difference(planned),
        lifecycle=TodayAnswer.of(today.lifecycle) if today.lifecycle else None,
        quotas=[QuotaAnswer.of(quota) for quota in today.quotas],
        budget=BudgetAnswer.of_share(planned.share),
    )


def _duration(planned: PlannedJob) -> DurationAnswer | None:
    found = planned.duration
    if found is None:
        return None
    return DurationAnswer(
        shortest_seconds=round(found.shortest.total_seconds()),
        longest_seconds=round(found.longest.total_seconds()),
        jobs=found.jobs,
    )


def _difference(planned: PlannedJob) -> DifferenceAnswer | None:
    records = planned.records.get("test")
    if records is None:
        return None
    smallest = power.smallest_difference(records)
    points = None if smallest is None else round(smallest * 100, 1)
    return DifferenceAnswer(records=records, points=points, words=power.words(records))
