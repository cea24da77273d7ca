"""What asking an evaluation's questions takes: calls, estimated tokens in, and tokens out at most. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tunedrop.domain.evaluation import few_shot
from tunedrop.domain.evaluation.evaluation_states import CHUNK, Candidate, Tokens, TokensAllowed
from tunedrop.domain.evaluation.questions import ASKED_TWICE, Question
from tunedrop.domain.texts import tokens
from tunedrop.errors import CapExceeded

MOST_CALLS = 5_000
"""Calls of one evaluation, repeated ones included."""
SPARE = 10
"""One call in so many may be repeated because an answer was lost; at least two chunks, which two crashes cost."""
_ROOM = 1.5
"""An answer may be half as long again as the 95th percentile of references."""
_LEAST_TOKENS, _MOST_TOKENS = 32, 4_096
_FRAME = 20
"""Tokens that a model's own form may put around what one call asks."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """What an evaluation takes."""

    calls: int
    input_tokens: int
    """Estimated, of all calls that are not repeated."""
    max_tokens: int
    """Of one answer."""
    allowed: TokensAllowed


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one candidate is asked, without examples."""

    calls: int
    input_tokens: int
    longest_question: int
    longest: int
    """The most tokens of one answer."""


def of(questions: Sequence[Question], candidates: Sequence[Candidate], examples: Sequence[Question]) -> Sizes:
    """What it takes to ask all candidates but files these questions. Raises CapExceeded for too many calls."""
    each = _of_one(questions)
    asked = [candidate for candidate in candidates if candidate.answers is None]
    calls = _checked(each.calls * len(asked))
    return Sizes(
        calls,
        sum(_sent(each, candidate, examples) for candidate in asked),
        each.longest,
        _allowed(each, candidates, examples, calls),
    )


def _checked(calls: int) -> int:
    if calls > MOST_CALLS:
        raise CapExceeded(
            "evaluation_calls_cap",
            f"The evaluation would make {calls:,} calls; at most {MOST_CALLS:,} are allowed. Ask fewer candidates, or "
            "set max_records lower.",
            field="max_records",
            calls=calls,
            cap=MOST_CALLS,
        )
    return calls


def _of_one(questions: Sequence[Question]) -> _Asked:
    asked = [tokens.estimate(question.texts) for question in questions]
    asked += asked[:ASKED_TWICE]
    lengths = sorted(max(tokens.estimate([each]) for each in question.references) for question in questions)
    percentile = lengths[max(math.ceil(len(lengths) * 0.95) - 1, 0)]
    longest = min(max(math.ceil(percentile * _ROOM), _LEAST_TOKENS), _MOST_TOKENS)
    return _Asked(len(asked), sum(asked), max(asked), longest)


def _sent(each: _Asked, candidate: Candidate, examples: Sequence[Question]) -> int:
    return each.input_tokens + each.calls * _shown(candidate, examples)


def _shown(candidate: Candidate, examples: Sequence[Question]) -> int:
    return tokens.estimate(few_shot.texts(examples[: candidate.few_shot]))


def _allowed(each: _Asked, candidates: Sequence[Candidate], examples: Sequence[Question], calls: int) -> TokensAllowed:
    """The most that so many calls may take, with the room by which an estimate may be too low."""
    most_shown = max(_shown(candidate, examples) for candidate in candidates)
    one = _with_room(each.longest_question + most_shown, 1)
    return TokensAllowed(
        tuple(_planned(each, candidate, examples) for candidate in candidates),
        Tokens(one, each.longest),
        min(max(calls // SPARE, 2 * CHUNK), MOST_CALLS - calls),
    )


def _planned(each: _Asked, candidate: Candidate, examples: Sequence[Question]) -> Tokens:
    if candidate.answers:
        return Tokens()
    return Tokens(_with_room(_sent(each, candidate, examples), each.calls), each.calls * each.longest)


def _with_room(estimated: int, calls: int) -> int:
    return math.ceil(estimated * (1 + tokens.MARGIN)) + calls * _FRAME
