"""What an evaluation found, as its report, its row and its notification tell it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tunedrop.domain.evaluation.contrasts import Contrast, EvaluationVerdict
from tunedrop.domain.evaluation.evaluation_request import StartEvaluation
from tunedrop.domain.evaluation.gate import Gate, GateOutcome
from tunedrop.domain.evaluation.label_metrics import Confusion
from tunedrop.domain.evaluation.questions import LearnedFrom


@dataclass(frozen=True, slots=True)
class CandidateResult:
    """One candidate's answers as a whole."""

    name: str
    """As the request names it: a deployment, a base model, or `base` for the base model of the first candidate."""
    model: str
    """The id or ARN that was called."""
    scores: Mapping[str, float]
    """The mean of each metric, 0 to 1, the deciding one first; failed and truncated answers count as 0."""
    answered: int
    failed: int
    truncated: int
    input_tokens: int
    output_tokens: int
    cost: float | None
    """In the stack's currency; None where a price is not configured."""
    latency_p50_ms: int | None
    latency_p95_ms: int | None
    flip_rate: float | None
    """Of the records that were asked twice, the share whose two answers score differently; None if none was."""
    confusion: Confusion | None = None
    """Of classification only."""
    asked: bool = True
    """False of a file of answers: what they took and cost is not known."""
    few_shot: int = 0
    """Examples that it was shown before each question."""
    job_id: str | None = None
    """The job whose custom model answered; None: a base model or a file."""
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    """Of that job, where they are known."""

    @property
    def is_plain_base(self) -> bool:
        """Whether it is a base model that was shown no examples."""
        return self.asked and self.job_id is None and not self.few_shot


@dataclass(frozen=True, slots=True)
class Judged:
    """A contrast between two candidates, or a slice of one, and what follows from it."""

    candidate: str
    against: str
    metric: str
    contrast: Contrast
    verdict: EvaluationVerdict
    p: float
    """Adjusted for the number of contrasts by Holm's method; the declared one is not."""
    records_needed: int | None
    """How many records would do, where there are too few."""
    slice: str = ""
    """Which records only, such as `label: billing`; empty: all."""


@dataclass(frozen=True, slots=True)
class AnswerExample:
    """One record on which the candidates of the declared contrast differ. Texts are cut to a readable length."""

    record: str
    """Its number in the test split, from 1."""
    prompt: str
    reference: str
    answers: Mapping[str, str]
    """By candidate."""
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who asked for an evaluation, and what can be asked again afterwards."""

    asked_by: str = ""
    asked_at: datetime | None = None
    again: StartEvaluation | None = None
    """The request that asks the same afterwards; None: who was judged, or judged against, can't be called any more."""
    held: str | None = None
    """The deployment that waits for a person, because the gate holds it."""


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """Everything that a reader of the report is told. Charts and words are the report's own."""

    evaluation_id: str
    dataset: str
    version: int
    records: int
    """Asked of each candidate."""
    left_out: Mapping[str, int]
    """Records of the test split that were not asked, by reason, such as `leaks_from_train` or `duplicates`."""
    metric: str
    margin: float
    gate: Gate
    outcome: GateOutcome
    declared: Judged
    """The contrast that decides."""
    others: tuple[Judged, ...]
    """Further contrasts, adjusted."""
    secondary: tuple[Judged, ...]
    """The declared contrast by the metrics that do not decide."""
    slices: tuple[Judged, ...]
    """The declared contrast on parts of the records: never a verdict."""
    form_gap: float | None
    """By how much the difference shrinks once form is forgiven (words around JSON, a label inside a sentence)."""
    candidates: tuple[CandidateResult, ...]
    gained: tuple[AnswerExample, ...]
    """Examples that only the first candidate has right."""
    lost: tuple[AnswerExample, ...]
    """Examples that only the other one has right."""
    to_label: tuple[AnswerExample, ...]
    """Records to look at next: where both candidates answer differently and neither is right."""
    currency: str
    cost: float | None
    occasion: Occasion = field(default_factory=Occasion)
    learned: tuple[LearnedFrom, ...] = ()
    """What candidates learned from, beside the version's own train split."""
