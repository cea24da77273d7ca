"""Answers about evaluations."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import Field

from tunedrop.actions.evaluations.plan_evaluation import Planned
from tunedrop.actions.evaluations.plan_gate import PlannedGate
from tunedrop.actions.evaluations.read_evaluations import EvaluationLinks
from tunedrop.domain.evaluation.answer_metrics import MetricName
from tunedrop.domain.evaluation.contrasts import EvaluationVerdict
from tunedrop.domain.evaluation.evaluation_states import Evaluation, EvaluationState
from tunedrop.domain.evaluation.gate import Gate, GateOutcome, OnInsufficient
from tunedrop.edges.rows.evaluation_rows import Progress
from tunedrop.routes.budget_answers import BudgetAnswer
from tunedrop.routes.route_basics import AnswerModel


class CandidateAnswer(AnswerModel):
    """Who is asked, or a file of answers."""

    name: str
    model: str = Field(description="The ARN or id that is called; the key of a file of answers")
    base_model: str = Field(description="Empty of a file of answers")
    few_shot: int = Field(description="Examples from train that it is shown before each question")


class ContrastAnswer(AnswerModel):
    """Two candidates compared on the same records by the metric that decides; scores and differences are 0 to 1."""

    candidate: str
    against: str
    candidate_job_id: str | None = Field(description="The job whose custom model answered; null: a base model")
    against_job_id: str | None
    candidate_score: float
    against_score: float
    verdict: EvaluationVerdict
    difference: float = Field(description="Positive: the candidate is better")
    low: float | None = Field(description="The 95% interval of the difference; null: too few records for one")
    high: float | None
    reliable: bool = Field(description="Whether the interval may decide")


class ModelEvaluationAnswer(AnswerModel):
    """An ended evaluation, as far as it is about one custom model."""

    evaluation_id: str
    dataset: str
    version: int
    metric: MetricName
    records: int
    margin: float
    outcome: GateOutcome = Field(description="Of the gate, which asks about the evaluation's first contrast alone")
    report_key: str = Field(description="In the data bucket; GET /evaluations/{evaluation_id} says where")
    ended_at: datetime
    contrasts: list[ContrastAnswer] = Field(description="Those that the model is part of")


class EvaluationAnswer(AnswerModel):
    """An evaluation."""

    id: str
    state: EvaluationState
    dataset: str
    version: int
    candidates: list[CandidateAnswer] = Field(description="The one that is judged, then what it is judged against")
    metric: MetricName
    margin: float
    gate: Gate
    on_insufficient: OnInsufficient
    group_by: str | None = Field(description="The kept field that groups records")
    records: int = Field(description="Asked of each candidate; 0 until they were chosen")
    left_out: dict[str, int] = Field(description="Records of the test split that are not asked, by reason")
    verdict: EvaluationVerdict | None
    outcome: GateOutcome | None = Field(description="Of the gate")
    deployment: str | None = Field(description="That it lets go live, or not; null: nothing waits for it")
    generation: int | None = Field(description="Of that deployment")
    approved_by: str | None = Field(description="An IAM ARN: who let live what the gate holds")
    approved_at: datetime | None
    reason: str | None = Field(description="Of the approval")
    summary: str | None = Field(description="The verdict as a sentence")
    contrasts: list[ContrastAnswer] = Field(
        description="The declared one, whose verdict counts, then the others; empty without a verdict"
    )
    failure_code: str | None
    failure: str | None
    owner: str
    created_at: datetime
    began_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def told(cls, evaluation: Evaluation) -> Self:
        """The answer for an evaluation."""
        return cls.model_validate(_fields(evaluation))


class WholeEvaluationAnswer(EvaluationAnswer):
    """An evaluation with how far it is, and where its report lies, which only who may read data can open."""

    calls: int = Field(description="Calls made or begun, repeated ones included")
    most_calls: int
    answered: int
    expected: int = Field(description="Answers when it is complete")
    report_uri: str | None = Field(description="Of the report in S3; null before there is one")
    page_uri: str | None = Field(description="Of the same as a page")
    examples_uri: str | None = Field(description="Of every record with all answers and scores, as JSON Lines")

    @classmethod
    def whole(cls, evaluation: Evaluation, progress: Progress, links: EvaluationLinks | None) -> Self:
        """The answer for an evaluation and what only other rows tell."""
        return cls.model_validate(
            _fields(evaluation)
            | {
                "calls": progress.calls,
                "most_calls": evaluation.most_calls,
                "answered": progress.answered,
                "expected": evaluation.expected,
                "report_uri": links.report if links else None,
                "page_uri": links.page if links else None,
                "examples_uri": links.examples if links else None,
            }
        )


class EvaluationsAnswer(AnswerModel):
    """A page of evaluations."""

    evaluations: list[EvaluationAnswer]
    cursor: str | None


class AnswerFileAnswer(AnswerModel):
    """What became of the lines of one file of answers."""

    name: str
    lines: int
    matched: int = Field(description="Records that have an answer")
    missing: int = Field(description="Records that have none: each counts as a failed call")
    unmatched: int = Field(description="Lines about records that are not asked")
    ambiguous: int = Field(description="Lines whose text fits several records")
    duplicates: int = Field(description="Lines about a record that an earlier line answers, which counts")


class EvaluationPlanAnswer(AnswerModel):
    """What a request would ask, what that can show, and what it may cost. Nobody was asked."""

    plan_id: str = Field(description="Starts exactly this if it is sent with the request")
    dataset: str
    version: int
    candidates: list[CandidateAnswer]
    metric: MetricName
    margin: float
    gate: Gate
    on_insufficient: OnInsufficient
    records: int = Field(description="Asked of each candidate")
    left_out: dict[str, int]
    calls: int
    most_calls: int = Field(description="With calls that may have to be repeated")
    input_tokens: int = Field(description="Estimated, of all calls")
    output_tokens: int = Field(description="At most, of all calls")
    max_tokens: int = Field(description="Of one answer")
    smallest_difference: float | None = Field(
        description="That so many records show, four times in five, where a tenth is answered right by one candidate "
        "alone, or scores of one record differ with a standard deviation of 0.3; where more, it is larger; null: none"
    )
    cost: float | None = Field(description="At most, repeated calls included; null if a price is not configured")
    currency: str
    warnings: list[str]
    answers: list[AnswerFileAnswer] = Field(description="Of each file of answers")
    group_by: str | None
    kept: dict[str, int] = Field(description="How many records have which kept field; of references: several")
    budget: BudgetAnswer | None = Field(
        None, description="null: no MonthlyBudget, or the plan of what it decides about has it"
    )
    max_hours: int | None = Field(
        None,
        description="Of a gate whose capacity bills by the hour: released so long after it could first be asked, "
        "unless the gate has passed",
    )

    @classmethod
    def of_gate(cls, found: PlannedGate) -> Self:
        """The answer for the plan of what decides whether a deployment goes live."""
        answer = cls.of(found.planned.plan)
        answer.max_hours = found.wish.max_hours if found.model.by_the_hour else None
        return answer

    @classmethod
    def planned(cls, found: Planned) -> Self:
        """The answer for a plan and what it takes of the month's budget."""
        answer = cls.of(found.plan)
        answer.budget = BudgetAnswer.of_share(found.share)
        return answer


def _fields(evaluation: Evaluation) -> dict[str, object]:
    conclusion, judges, approval = evaluation.conclusion, evaluation.judges, evaluation.approval
    named = {name: getattr(evaluation, name) for name in EvaluationAnswer.model_fields if hasattr(evaluation, name)}
    return named | {
        "candidates": [CandidateAnswer.of(each) for each in evaluation.candidates],
        "left_out": dict(evaluation.left_out),
        "verdict": conclusion.verdict if conclusion else None,
        "outcome": conclusion.outcome if conclusion else None,
        "summary": conclusion.summary if conclusion else None,
        "deployment": judges.deployment if judges else None,
        "generation": judges.generation if judges else None,
        "approved_by": approval.approved_by if approval else None,
        "approved_at": approval.approved_at if approval else None,
        "reason": approval.reason if approval else None,
        "contrasts": [ContrastAnswer.of(each) for each in conclusion.contrasts] if conclusion else [],
    }
