"""What an evaluation does next: a pure function of its row and of what has been answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tunedrop.domain.evaluation.evaluation_states import ENDED, Evaluation


@dataclass(frozen=True, slots=True)
class Begin:
    """Choose the questions, store them, and ask."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask what has not been answered: a message for each candidate's chunk."""

    chunks: tuple[tuple[int, int], ...]
    """(index of the candidate, number of the chunk)."""


@dataclass(frozen=True, slots=True)
class ScoreAnswers:
    """Everything was answered: score it."""


@dataclass(frozen=True, slots=True)
class EndStopped:
    """A person asked for the stop."""


@dataclass(frozen=True, slots=True)
class LeaveEvaluation:
    """It has ended."""


EvaluationStep = Begin | Ask | ScoreAnswers | EndStopped | LeaveEvaluation


def next_step(evaluation: Evaluation, answered: tuple[frozenset[int], ...], spent: bool) -> EvaluationStep:
    """The next step. `answered`: the items that each candidate has answered, as far as they are stored.

    `spent`: no further call may be made, so what is missing counts as failed.
    """
    if evaluation.state in ENDED:
        return LeaveEvaluation()
    if evaluation.state == "Stopping":
        return EndStopped()
    if evaluation.state == "Requested":
        return Begin()
    missing = tuple(_missing(evaluation, answered))
    return Ask(missing) if missing and not spent else ScoreAnswers()


def _missing(evaluation: Evaluation, answered: tuple[frozenset[int], ...]) -> Iterator[tuple[int, int]]:
    for place, items in enumerate(answered):
        for number, chunk in enumerate(evaluation.chunks()):
            if not items.issuperset(chunk):
                yield place, number
