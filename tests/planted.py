"""Differences between models that are planted and so known, and how often each verdict comes of them.

Everything after the calls is the application's own: answers, sheet, contrasts and verdict. The bounds: of models that
are alike at most 2.5 % come out better and 2.5 % worse; ten points at 400 records are seen in 80 % or more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from bedrock_simulator.knowledge import Knowledge
from tunedrop.domain.evaluation import score_answers
from tunedrop.domain.evaluation.answer_sheets import AnswerColumn, Sheet
from tunedrop.domain.evaluation.contrasts import EvaluationVerdict
from tunedrop.domain.evaluation.evaluation_result import EvaluationResult
from tunedrop.domain.evaluation.evaluation_states import Candidate, Evaluation
from tunedrop.domain.evaluation.model_answers import GivenAnswer
from tunedrop.domain.evaluation.questions import Question
from tunedrop.domain.versions.stored_file import StoredFile

from tests.proofs import Proof

LABELS = ("billing", "technical", "returns", "delivery")
_FILE = StoredFile("prepared/support/1/test.jsonl", "v", 1, "sha")


@dataclass(frozen=True, slots=True)
class Planted:
    """Two shares of the knowledge, and the bounds of a verdict's share of many evaluations."""

    ours: float
    theirs: float
    verdict: EvaluationVerdict
    least: float
    most: float
    records: int = 400

    def __str__(self) -> str:
        return f"{self.ours:.2f} beside {self.theirs:.2f} at {self.records} records are {self.verdict!r}"


PLANTED = (
    Planted(0.80, 0.80, "better", 0, 0.025),
    Planted(0.80, 0.80, "worse", 0, 0.025),
    Planted(0.90, 0.80, "better", 0.80, 1),
    Planted(0.90, 0.80, "worse", 0, 0),
    Planted(0.77, 0.80, "better", 0, 0.01),
    Planted(0.77, 0.80, "worse", 0.05, 0.60),
    Planted(0.80, 0.80, "better", 0, 0.025, records=40),
    Planted(0.80, 0.80, "worse", 0, 0.025, records=40),
)


def judged(ours: float, theirs: float, *, records: int, seed: int) -> EvaluationResult:
    """One evaluation of two models of these skills; another `seed` is another draw."""
    questions = [_question(number) for number in range(records)]
    known = Knowledge([(each.prompt, each.references[0]) for each in questions], seed=seed)
    columns = [_column(name, share, questions, known) for name, share in (("ours", ours), ("theirs", theirs))]
    return score_answers.score(_evaluation([column.candidate for column in columns]), Sheet(questions, columns), "USD")


def shares(ours: float, theirs: float, *, records: int, rounds: int) -> dict[EvaluationVerdict, float]:
    """Each verdict's share of so many evaluations."""
    found = Counter(judged(ours, theirs, records=records, seed=seed).declared.verdict for seed in range(rounds))
    return {verdict: number / rounds for verdict, number in found.items()}


def outside(rounds: int) -> Iterator[tuple[str, bool]]:
    """What was measured of each plant, and whether it is out of bounds."""
    measured: dict[tuple[float, float, int], dict[EvaluationVerdict, float]] = {}
    for plant in PLANTED:
        place = (plant.ours, plant.theirs, plant.records)
        if place not in measured:
            measured[place] = shares(plant.ours, plant.theirs, records=plant.records, rounds=rounds)
        share = measured[place].get(plant.verdict, 0)
        yield (
            f"{plant} in {share:.1%}, allowed {plant.least:.1%} to {plant.most:.1%}",
            not (plant.least <= share <= plant.most),
        )


def prove(rounds: int = 1_000) -> Proof:
    """All plants, a thousand evaluations of each."""
    found = list(outside(rounds))
    against = [words for words, is_outside in found if is_outside]
    plants = {(each.ours, each.theirs, each.records) for each in PLANTED}
    return Proof(
        f"{rounds:,} evaluations of each of {len(plants)} plants, "
        f"{len(found)} shares of verdicts, {len(against)} out of bounds",
        against,
        [words for words, _ in found],
    )


def _question(number: int) -> Question:
    return Question(number + 1, "", (("user", f"Ticket {number}"),), (LABELS[number % len(LABELS)],), number)


def _column(name: str, share: float, questions: list[Question], known: Knowledge) -> AnswerColumn:
    answers = {
        item: GivenAnswer(item, known.recalled(name, share, question.prompt), False, 10, 1, 100)
        for item, question in enumerate(questions)
    }
    return AnswerColumn(Candidate(name, name, "nova-lite"), answers, None)


def _evaluation(candidates: list[Candidate]) -> Evaluation:
    return Evaluation(
        id="planted",
        state="Scoring",
        dataset="support",
        version=1,
        base_model="nova-lite",
        candidates=tuple(candidates),
        metric="exact_match",
        margin=0.03,
        gate="better",
        on_insufficient="hold",
        max_records=1_000,
        max_tokens=32,
        most_calls=5_000,
        train=_FILE,
        test=_FILE,
        owner="support-team",
        created_at=datetime(2026, 11, 30, tzinfo=UTC),
    )
