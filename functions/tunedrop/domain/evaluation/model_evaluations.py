"""What an ended evaluation says of each custom model that took part, in short. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tunedrop.domain.evaluation.contrasts import EvaluationVerdict
from tunedrop.domain.evaluation.evaluation_result import EvaluationResult, Judged
from tunedrop.domain.evaluation.gate import GateOutcome


@dataclass(frozen=True, slots=True)
class BriefContrast:
    """One contrast, as rows and answers tell it. Scores and differences are those of the deciding metric, 0 to 1."""

    candidate: str
    against: str
    candidate_job_id: str | None
    """The job whose custom model answered under that name; None: a base model."""
    against_job_id: str | None
    candidate_score: float
    against_score: float
    verdict: EvaluationVerdict
    difference: float
    low: float | None
    """The 95% interval of the difference; None where there is too little to say."""
    high: float | None
    reliable: bool
    """Whether the interval may decide."""


@dataclass(frozen=True, slots=True)
class ModelEvaluation:
    """An ended evaluation, as far as it is about one custom model."""

    evaluation_id: str
    dataset: str
    version: int
    metric: str
    records: int
    margin: float
    outcome: GateOutcome
    """Of the gate, which asks about the first contrast of the evaluation alone."""
    report_key: str
    ended_at: datetime
    contrasts: tuple[BriefContrast, ...]
    """Those that the model is part of."""


def brief(result: EvaluationResult, jobs: dict[str, str | None]) -> tuple[BriefContrast, ...]:
    """The contrasts of an evaluation, the declared one first. `jobs`: whose model answered under which name."""
    scores = {each.name: each.scores[result.metric] for each in result.candidates}
    return tuple(_brief(judged, jobs, scores) for judged in (result.declared, *result.others))


def _brief(judged: Judged, jobs: dict[str, str | None], scores: dict[str, float]) -> BriefContrast:
    interval = judged.contrast.interval
    return BriefContrast(
        candidate=judged.candidate,
        against=judged.against,
        candidate_job_id=jobs[judged.candidate],
        against_job_id=jobs[judged.against],
        candidate_score=scores[judged.candidate],
        against_score=scores[judged.against],
        verdict=judged.verdict,
        difference=judged.contrast.difference,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        reliable=judged.contrast.reliable,
    )


def by_job(contrasts: tuple[BriefContrast, ...]) -> Iterator[tuple[str, tuple[BriefContrast, ...]]]:
    """Each job whose custom model took part, and the contrasts that it is part of."""
    named = (job_id for each in contrasts for job_id in (each.candidate_job_id, each.against_job_id) if job_id)
    for job_id in dict.fromkeys(named):
        yield job_id, tuple(each for each in contrasts if job_id in {each.candidate_job_id, each.against_job_id})
