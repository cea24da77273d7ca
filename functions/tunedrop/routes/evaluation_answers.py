"""Answers about evaluations."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import Field

from tunedrop.actions.evaluations.read_evaluations import EvaluationLinks
from tunedrop.domain.evaluation.answer_metrics import MetricName
from tunedrop.domain.evaluation.contrasts import EvaluationVerdict
from tunedrop.domain.evaluation.evaluation_states import Evaluation, EvaluationState
from tunedrop.domain.evaluation.gate import Gate, GateOutcome, OnInsufficient
from tunedrop.edges.rows.evaluation_rows import Progress
from tunedrop.routes.route_basics import AnswerModel


class CandidateAnswer(AnswerModel):
    """Who is asked."""

    name: str
    model: str = Field(description="The ARN or id that is called")
    base_model: str


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
    records: int = Field(description="Asked of each candidate; 0 until they were chosen")
    left_out: dict[str, int] = Field(description="Records of the test split that are not asked, by reason")
    verdict: EvaluationVerdict | None
    outcome: GateOutcome | None = Field(description="Of the gate")
    summary: str | None = Field(description="The verdict as a sentence")
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
    """An evaluation with how far it is, and links to its report for 15 minutes."""

    calls: int = Field(description="Calls made or begun, repeated ones included")
    most_calls: int
    answered: int
    expected: int = Field(description="Answers when it is complete")
    report_url: str | None
    page_url: str | None

    @classmethod
    def whole(cls, evaluation: Evaluation, progress: Progress, links: EvaluationLinks | None) -> Self:
        """The answer for an evaluation and what only other rows tell."""
        return cls.model_validate(
            _fields(evaluation)
            | {
                "calls": progress.calls,
                "most_calls": evaluation.most_calls,
                "answered": progress.answered,
                "expected": evaluation.items * len(evaluation.candidates),
                "report_url": links.report if links else None,
                "page_url": links.page if links else None,
            }
        )


class EvaluationsAnswer(AnswerModel):
    """A page of evaluations."""

    evaluations: list[EvaluationAnswer]
    cursor: str | None


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
    smallest_difference: float | None = Field(description="That so many records show, four times in five; null: none")
    cost: float | None = Field(description="At most; null if a price is not configured")
    currency: str
    warnings: list[str]


def _fields(evaluation: Evaluation) -> dict[str, object]:
    conclusion = evaluation.conclusion
    named = {name: getattr(evaluation, name) for name in EvaluationAnswer.model_fields if hasattr(evaluation, name)}
    return named | {
        "candidates": [CandidateAnswer.of(each) for each in evaluation.candidates],
        "left_out": dict(evaluation.left_out),
        "verdict": conclusion.verdict if conclusion else None,
        "outcome": conclusion.outcome if conclusion else None,
        "summary": conclusion.summary if conclusion else None,
    }
