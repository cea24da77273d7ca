"""Questions, answers and evaluations for tests of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tunedrop.domain.evaluation.answer_sheets import AnswerColumn, Sheet
from tunedrop.domain.evaluation.evaluation_plan import Tested
from tunedrop.domain.evaluation.evaluation_states import Candidate, Evaluation
from tunedrop.domain.evaluation.model_answers import GivenAnswer
from tunedrop.domain.evaluation.questions import Question
from tunedrop.domain.versions.stored_file import StoredFile

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
FILE = StoredFile("prepared/support/1/nova-lite/test.jsonl", "v", 1, "sha-of-test")
TESTED = Tested("support", 1, "nova-lite", FILE, FILE, None)
CANDIDATES = (
    Candidate(
        "support-prod", "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/x", "nova-lite", "support-prod"
    ),
    Candidate("base", "amazon.nova-lite-v1:0", "nova-lite"),
)
LABELS = ("billing", "returns")


def question(number: int, *references: str, prompt: str = "", fingerprint: int | None = None) -> Question:
    """A question of its own text."""
    right = references or (LABELS[number % 2],)
    mark = number if fingerprint is None else fingerprint
    return Question(number, "", (("user", prompt or f"Ticket {number}"),), right, mark)


def evaluation(records: int = 0, **more: Any) -> Evaluation:
    """One that asks so many records of two candidates."""
    facts: dict[str, Any] = {
        "id": "01jdexample",
        "state": "InProgress",
        "dataset": "support",
        "version": 1,
        "base_model": "nova-lite",
        "candidates": CANDIDATES,
        "metric": "exact_match",
        "margin": 0.03,
        "gate": "better",
        "on_insufficient": "hold",
        "max_records": 1_000,
        "max_tokens": 32,
        "most_calls": 5_000,
        "train": FILE,
        "test": FILE,
        "owner": "support-team",
        "created_at": NOW,
        "records": records,
    }
    return Evaluation(**(facts | more))


def answered(item: int, text: str, *, truncated: bool = False) -> GivenAnswer:
    """An answer that came."""
    return GivenAnswer(item, text, truncated, input_tokens=10, output_tokens=2, latency_ms=100 + item)


def column(answers: Sequence[GivenAnswer], place: int = 0, cost: float | None = None) -> AnswerColumn:
    """A candidate's answers."""
    return AnswerColumn(CANDIDATES[place], {each.item: each for each in answers}, cost)


def sheet(questions: Sequence[Question], ours: Sequence[GivenAnswer], theirs: Sequence[GivenAnswer]) -> Sheet:
    """Both candidates' answers."""
    return Sheet(questions, (column(ours), column(theirs, 1)))
