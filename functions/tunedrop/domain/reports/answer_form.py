"""Whether a base model fails by the form of its answers, so that part of the difference to it is no skill. Pure."""

from __future__ import annotations

from typing import NamedTuple

from tunedrop.domain.evaluation.evaluation_result import CandidateResult, EvaluationResult

FAILS, MORE = 0.1, 0.05
"""Shares of all answers: from here on it fails by form; so much more often than the candidate that is judged."""
EXAMPLES = 5
"""That a base model is shown to know the form: enough for it, and few enough for their tokens in each call."""


class FormFailure(NamedTuple):
    """How many of a candidate's answers have no form that could be right."""

    share: float
    words: str
    """What they are, such as `are no JSON`."""


def failure(result: EvaluationResult) -> FormFailure | None:
    """How the second candidate, a base model without examples, fails by form; None if it does not."""
    ours, theirs = result.candidates[:2] if len(result.candidates) > 1 else (None, None)
    if ours is None or theirs is None or not theirs.is_plain_base:
        return None
    own, found = _misses(ours, result), _misses(theirs, result)
    if found is None or found.share < max(FAILS, (own.share if own else 0.0) + MORE):
        return None
    return found


def with_examples(name: str) -> str:
    """How a request names that base model with examples from train."""
    return f"{name}:few_shot={EXAMPLES}"


def _misses(candidate: CandidateResult, result: EvaluationResult) -> FormFailure | None:
    if "valid_json" in candidate.scores:
        return FormFailure(1 - candidate.scores["valid_json"], "are no JSON")
    records = sum(candidate.confusion.counts.values()) if candidate.confusion else 0
    if candidate.confusion and records:
        return FormFailure(candidate.confusion.unknown / records, "are none of the labels")
    gap, name = result.form_gap, result.declared.against
    if gap is not None and candidate.name == name:
        return FormFailure(max(gap, 0.0), "are right but for words around them")
    return None
