"""Settle what an evaluation takes of the month's budget: from the most that it might ask to what it did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tunedrop.domain.evaluation import model_answers
from tunedrop.domain.evaluation.evaluation_states import Evaluation
from tunedrop.domain.evaluation.model_answers import GivenAnswer
from tunedrop.edges.cloud import Cloud
from tunedrop.edges.rows import evaluation_rows


def settle(evaluation: Evaluation, answers: Iterable[Mapping[int, GivenAnswer]], cloud: Cloud) -> Evaluation:
    """The evaluation with the tokens of each candidate's answers, and its calls whose answers nobody has.

    No call begins afterwards.
    """
    cloud.state.update(evaluation_rows.close_calls(evaluation.id, settled=True))
    calls = evaluation_rows.progress(cloud.state, evaluation.id).calls
    given = [
        [] if candidate.answers else [answer for answer in each.values() if answer.failure is None]
        for candidate, each in zip(evaluation.candidates, answers, strict=False)  # no answers at all: nobody was asked
    ]
    lost = max(calls - sum(map(len, given)), 0)
    return replace(evaluation, used=tuple(model_answers.tokens(each) for each in given), lost_calls=lost)
