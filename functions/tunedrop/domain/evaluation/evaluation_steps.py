"""What an evaluation does next: a pure function of its row and of what has been answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tunedrop.domain.evaluation.evaluation_states import Evaluation, EvaluationState


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
class StopAsking:
    """What it judges is gone: ask nothing more."""


@dataclass(frozen=True, slots=True)
class FailUnasked:
    """What it was to judge never came."""


@dataclass(frozen=True, slots=True)
class FailChanged:
    """A candidate's answers may be of two models: nothing can be said of either."""

    why: str


@dataclass(frozen=True, slots=True)
class LeaveEvaluation:
    """It has ended, waits for capacity, or its questions are being asked."""


EvaluationStep = Begin | Ask | ScoreAnswers | EndStopped | StopAsking | FailUnasked | FailChanged | LeaveEvaluation
_ASKING: frozenset[EvaluationState] = frozenset({"WaitingForCapacity", "Requested", "InProgress", "Scoring"})
UnitIs = Literal["coming", "callable", "gone"]
"""Where the capacity is that an evaluation judges."""


def next_step(
    evaluation: Evaluation,
    answered: tuple[frozenset[int], ...],
    calls_left: int | None,
    unit: UnitIs | None = None,
    changed: str | None = None,
) -> EvaluationStep:
    """The next step. `answered`: the items that each candidate has answered, as far as they are stored.

    `unit`: None if it judges none. `calls_left`: None while a call may be under way or a message waiting, because what
    is asked again then is billed twice. What no call is left for counts as failed. `changed`: why a candidate's answers
    may be of two models.
    """
    about_its_unit = _about_its_unit(evaluation, unit) if unit else None
    if about_its_unit:
        return about_its_unit
    if changed and evaluation.state in _ASKING:
        return FailChanged(changed)
    match evaluation.state:
        case "Completed" | "Failed" | "Stopped":
            return LeaveEvaluation()
        case "Stopping":
            return EndStopped()
        case "WaitingForCapacity" | "Requested":
            return Begin()
        case _:
            return _asked(evaluation, answered, calls_left)


def _asked(evaluation: Evaluation, answered: tuple[frozenset[int], ...], calls_left: int | None) -> EvaluationStep:
    missing = tuple(_missing(evaluation, answered))
    if evaluation.state == "Scoring" or not missing:
        return ScoreAnswers()
    if calls_left is None:
        return LeaveEvaluation()
    affordable = tuple(chunk for chunk, calls in missing if calls <= calls_left)
    return Ask(affordable) if affordable else ScoreAnswers()


def is_due(evaluation: Evaluation, unit: UnitIs) -> bool:
    """Whether where the capacity is gives the evaluation that judges it a next step."""
    if evaluation.state == "WaitingForCapacity":
        return unit != "coming"
    return unit == "gone" and evaluation.state in {"Requested", "InProgress"}


def _about_its_unit(evaluation: Evaluation, unit: UnitIs) -> EvaluationStep | None:
    waits = evaluation.state == "WaitingForCapacity"
    if waits and unit == "coming":
        return LeaveEvaluation()
    if is_due(evaluation, unit) and unit == "gone":
        return FailUnasked() if waits else StopAsking()
    return None


def _missing(evaluation: Evaluation, answered: tuple[frozenset[int], ...]) -> Iterator[tuple[tuple[int, int], int]]:
    """Each chunk that is not answered whole, and how many of its questions are not."""
    for place in evaluation.asked:
        items = answered[place]
        for number, chunk in enumerate(evaluation.chunks()):
            if calls := sum(item not in items for item in chunk):
                yield (place, number), calls
