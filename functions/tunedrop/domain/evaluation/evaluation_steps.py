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
    """Everything was answered, or no call is left for what was not: score it."""


@dataclass(frozen=True, slots=True)
class EndStopped:
    """A person asked for the stop."""


@dataclass(frozen=True, slots=True)
class LeaveEvaluation:
    """It has ended, or its questions are being asked."""


EvaluationStep = Begin | Ask | ScoreAnswers | EndStopped | LeaveEvaluation


def next_step(evaluation: Evaluation, answered: tuple[frozenset[int], ...], calls_left: int | None) -> EvaluationStep:
    """The next step. `answered`: the items that each candidate has answered, as far as they are stored.

    `calls_left`: None while a call may be under way or a message waiting, because what is asked again then is billed
    twice. What no call is left for counts as failed.
    """
    if evaluation.state in ENDED:
        return LeaveEvaluation()
    if evaluation.state == "Stopping":
        return EndStopped()
    if evaluation.state == "Requested":
        return Begin()
    missing = tuple(_missing(evaluation, answered))
    if evaluation.state == "Scoring" or not missing:
        return ScoreAnswers()
    if calls_left is None:
        return LeaveEvaluation()
    affordable = tuple(chunk for chunk, calls in missing if calls <= calls_left)
    return Ask(affordable) if affordable else ScoreAnswers()


def _missing(evaluation: Evaluation, answered: tuple[frozenset[int], ...]) -> Iterator[tuple[tuple[int, int], int]]:
    """Each chunk that is not answered whole, and how many of its questions are not."""
    for place, items in enumerate(answered):
        for number, chunk in enumerate(evaluation.chunks()):
            if calls := sum(item not in items for item in chunk):
                yield (place, number), calls
