"""An evaluation: what is asked of whom, how far it has come, and what it found. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from tunedrop.domain.evaluation.answer_metrics import MetricName
from tunedrop.domain.evaluation.contrasts import EvaluationVerdict
from tunedrop.domain.evaluation.gate import Gate, GateOutcome, OnInsufficient
from tunedrop.domain.evaluation.questions import ASKED_TWICE
from tunedrop.domain.versions.stored_file import StoredFile

EvaluationState = Literal["Requested", "InProgress", "Scoring", "Stopping", "Completed", "Failed", "Stopped"]
ENDED: frozenset[EvaluationState] = frozenset({"Completed", "Failed", "Stopped"})

CHUNK = 20
"""Questions in one message. A crash repeats at most one chunk's calls."""
STALLED_AFTER = timedelta(minutes=20)
"""Without an answer for longer than a function may run (15 minutes), what is missing is sent again."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who is asked: a deployment or a base model."""

    name: str
    """As callers name it: a deployment's or base model's name."""
    model: str
    """The ARN or id that is called."""
    base_model: str
    deployment: str | None = None


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What an evaluation found, in short; its report has the rest."""

    verdict: EvaluationVerdict
    outcome: GateOutcome
    summary: str
    """The verdict as a sentence."""
    report_key: str


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
    announced: bool = False
    """Whether its end was published."""
    revision: int = 0

    @property
    def items(self) -> int:
        """Questions that each candidate is asked, the ones that are asked twice counted twice."""
        return self.records + min(ASKED_TWICE, self.records)

    def chunks(self) -> Iterator[range]:
        """The items of each message, counted from 0; those from `records` on are the first ones again."""
        return (range(first, min(first + CHUNK, self.items)) for first in range(0, self.items, CHUNK))


def is_settled(evaluation: Evaluation, changed_at: datetime | None, now: datetime) -> bool:
    """Whether nothing has moved for so long that no call is under way. `changed_at`: when calls last began or ended."""
    known = (evaluation.created_at, evaluation.began_at, changed_at)
    return now - max(moment for moment in known if moment) > STALLED_AFTER


def begin(evaluation: Evaluation, records: int, left_out: Mapping[str, int], now: datetime) -> Evaluation:
    """The evaluation once its questions were chosen: from here on candidates are asked."""
    told = tuple(sorted(left_out.items()))
    return replace(evaluation, state="InProgress", records=records, left_out=told, began_at=now)


def fail(evaluation: Evaluation, code: str, words: str, now: datetime) -> Evaluation:
    """The evaluation that can't go on."""
    return replace(evaluation, state="Failed", failure_code=code, failure=words, ended_at=now)


def stop(evaluation: Evaluation, now: datetime) -> Evaluation:
    """The evaluation once nothing is asked any more."""
    return replace(evaluation, state="Stopped", ended_at=now)


def complete(evaluation: Evaluation, conclusion: Conclusion, now: datetime) -> Evaluation:
    """The evaluation with its verdict."""
    return replace(evaluation, state="Completed", conclusion=conclusion, ended_at=now)
