"""An evaluation: what is asked of whom, how far it has come, and what it found. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from tunedrop.domain.evaluation import model_evaluations
from tunedrop.domain.evaluation.answer_metrics import MetricName
from tunedrop.domain.evaluation.contrasts import EvaluationVerdict
from tunedrop.domain.evaluation.gate import Gate, GateOutcome, OnInsufficient
from tunedrop.domain.evaluation.model_evaluations import BriefContrast, ModelEvaluation
from tunedrop.domain.evaluation.questions import ASKED_TWICE, LearnedFrom, Selection
from tunedrop.domain.serving.approvals import Approval
from tunedrop.domain.versions.stored_file import StoredFile

EvaluationState = Literal[
    "WaitingForCapacity", "Requested", "InProgress", "Scoring", "Stopping", "Completed", "Failed", "Stopped"
]
ENDED: frozenset[EvaluationState] = frozenset({"Completed", "Failed", "Stopped"})

CHUNK = 20
"""Questions in one message. A crash repeats at most one chunk's calls."""
STALLED_AFTER = timedelta(minutes=20)
"""Without an answer for longer than a function may run (15 minutes), what is missing is sent again."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who is asked, a deployment or a base model; or a file of what somebody else answered."""

    name: str
    """As callers name it: a deployment's or base model's name, or `answers/<file>`."""
    model: str
    """The ARN or id that is called, empty until its capacity is there; a file's key."""
    base_model: str
    """Empty of a file: who made its answers is not known here."""
    deployment: str | None = None
    job_id: str | None = None
    """The job whose custom model answers; None: another model, or a file."""
    answers: StoredFile | None = None
    """The file, if nobody is asked."""
    few_shot: int = 0
    """Examples from train that it is shown before each question."""
    by_the_hour: bool = False
    """Whether capacity that is not there yet will be billed by the hour; its ARN tells once it is."""
    generation: int | None = None
    """Of the deployment: whose capacity is asked. None of a base model or a file."""
    hyperparameters: tuple[tuple[str, str], ...] = ()
    """Of the job, where that is known."""


@dataclass(frozen=True, slots=True)
class JudgedUnit:
    """The capacity that may only go live once the evaluation lets it."""

    deployment: str
    generation: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens in and out."""

    input: int = 0
    output: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.input + other.input, self.output + other.output)

    def __mul__(self, times: int) -> Tokens:
        return Tokens(self.input * times, self.output * times)


@dataclass(frozen=True, slots=True)
class TokensAllowed:
    """The most that an evaluation may ask."""

    planned: tuple[Tokens, ...]
    """Of each candidate's calls, none of them repeated."""
    longest: Tokens
    """Of one call, whoever is asked."""
    spare_calls: int
    """Of all candidates together: those that may be repeated."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What an evaluation found, in short; its report has the rest."""

    verdict: EvaluationVerdict
    outcome: GateOutcome
    summary: str
    """The verdict as a sentence."""
    report_key: str
    contrasts: tuple[BriefContrast, ...] = ()
    """The declared one, then the others."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The row of one evaluation."""

    id: str
    state: EvaluationState
    dataset: str
    version: int
    base_model: str
    """Whose prepared data are read; the texts are the same for all."""
    candidates: tuple[Candidate, ...]
    """The one that is judged, the one it is judged against, then others."""
    metric: MetricName
    margin: float
    gate: Gate
    on_insufficient: OnInsufficient
    max_records: int
    max_tokens: int
    """The longest answer of one call."""
    most_calls: int
    """Calls in all, repeated ones included."""
    train: StoredFile
    test: StoredFile
    owner: str
    created_at: datetime
    records: int = 0
    """Questions that each candidate is asked, once they were chosen."""
    left_out: tuple[tuple[str, int], ...] = ()
    began_at: datetime | None = None
    ended_at: datetime | None = None
    failure_code: str | None = None
    failure: str | None = None
    conclusion: Conclusion | None = None
    kept: StoredFile | None = None
    """Fields that were kept of test's records."""
    answer_schema: StoredFile | None = None
    """What an answer in JSON has to look like."""
    group_by: str | None = None
    judges: JudgedUnit | None = None
    """None: nothing waits for it."""
    approval: Approval | None = None
    """By which a person let live what the gate holds."""
    announced: bool = False
    """Whether its end was published."""
    allowed: TokensAllowed | None = None
    accept_unknown_price: bool = False
    """Whether it was asked for without a price, under a budget in money."""
    used: tuple[Tokens, ...] = ()
    """Of each candidate's answers, once it has ended."""
    learned: tuple[LearnedFrom, ...] = ()
    """What candidates learned from, beside `train`."""
    lost_calls: int = 0
    """Calls without an answer that may have been billed all the same."""
    asked_by: str = ""
    """The principal who asked for it."""
    revision: int = 0

    @property
    def items(self) -> int:
        """Questions that each candidate is asked, the ones that are asked twice counted twice."""
        return self.records + min(ASKED_TWICE, self.records)

    @property
    def asked(self) -> tuple[int, ...]:
        """The places of the candidates that are called: not those of files."""
        return tuple(place for place, candidate in enumerate(self.candidates) if candidate.answers is None)

    @property
    def expected(self) -> int:
        """Answers of calls, when all are there."""
        return self.items * len(self.asked)

    def chunks(self) -> Iterator[range]:
        """The items of each message, counted from 0; those from `records` on are the first ones again."""
        return (range(first, min(first + CHUNK, self.items)) for first in range(0, self.items, CHUNK))


def is_settled(evaluation: Evaluation, changed_at: datetime | None, now: datetime) -> bool:
    """Whether nothing has moved for so long that no call is under way. `changed_at`: when calls last began or ended."""
    known = (evaluation.created_at, evaluation.began_at, changed_at)
    return now - max(moment for moment in known if moment) > STALLED_AFTER


def go_ahead(evaluation: Evaluation, arn: str) -> Evaluation:
    """The evaluation whose candidate can be called now."""
    first, *others = evaluation.candidates
    return replace(evaluation, candidates=(replace(first, model=arn), *others))


def begin(evaluation: Evaluation, chosen: Selection, now: datetime) -> Evaluation:
    """The evaluation once its questions were chosen: from here on candidates are asked."""
    told, records = tuple(sorted(chosen.left_out.items())), len(chosen.questions)
    learned = chosen.learned
    return replace(evaluation, state="InProgress", records=records, left_out=told, learned=learned, began_at=now)


def fail(evaluation: Evaluation, code: str, words: str, now: datetime) -> Evaluation:
    """The evaluation that can't go on."""
    return replace(evaluation, state="Failed", failure_code=code, failure=words, ended_at=now)


def stop(evaluation: Evaluation, now: datetime) -> Evaluation:
    """The evaluation once nothing is asked any more."""
    return replace(evaluation, state="Stopped", ended_at=now)


def complete(evaluation: Evaluation, conclusion: Conclusion, now: datetime) -> Evaluation:
    """The evaluation with its verdict."""
    return replace(evaluation, state="Completed", conclusion=conclusion, ended_at=now)


def of_models(evaluation: Evaluation) -> Iterator[tuple[str, ModelEvaluation]]:
    """What it says of each custom model that took part, by the job that made it; nothing without a verdict."""
    found, ended_at = evaluation.conclusion, evaluation.ended_at
    if found is None or ended_at is None:
        return
    for job_id, contrasts in model_evaluations.by_job(found.contrasts):
        yield (
            job_id,
            ModelEvaluation(
                evaluation_id=evaluation.id,
                dataset=evaluation.dataset,
                version=evaluation.version,
                metric=evaluation.metric,
                records=evaluation.records,
                margin=evaluation.margin,
                outcome=found.outcome,
                report_key=found.report_key,
                ended_at=ended_at,
                contrasts=contrasts,
            ),
        )
