"""What a cleanup looks for and says: every state that has not ended, and a sum that owns up to what it leaves out."""

from __future__ import annotations

from typing import get_args

import pytest
from tunedrop.domain.evaluation import evaluation_states
from tunedrop.domain.serving import deployment_states
from tunedrop.domain.training import job_states
from tunedrop_cli.cleaning import by_the_stack, words
from tunedrop_cli.cleaning.things import Kind, Thing


def thing(kind: Kind, cost: float | None, *, by_the_hour: bool = True) -> Thing:
    currency = "USD" if cost is not None else None
    return Thing(kind, "x", "x", "Ready", "bills", by_the_hour=by_the_hour, hourly_cost=cost, currency=currency)


KNOWN, UNKNOWN, STRAY = thing("deployment", 44.0), thing("deployment", None), thing("throughput", None)


@pytest.mark.parametrize(("things", "said"), [
    ([thing("job", None, by_the_hour=False)], "None of it bills by the hour."),
    ([KNOWN, KNOWN], "In all 88.00 USD an hour."),
    ([UNKNOWN], "The price an hour of 1 deployment is not known."),
    ([UNKNOWN, STRAY, STRAY], "The price an hour of 1 deployment and 2 throughputs is not known."),
    ([UNKNOWN, KNOWN], "In all 44.00 USD an hour, without 1 deployment whose price is not known."),
])  # fmt: skip
def test_a_sum_says_what_it_does_not_know(things, said):
    assert words.hourly(things) == said


def test_every_state_that_has_not_ended_is_looked_for():
    assert set(by_the_stack.JOBS) == set(get_args(job_states.JobStatus)) - job_states.ENDED
    assert set(by_the_stack.DEPLOYMENTS) == set(get_args(deployment_states.ShownState)) - deployment_states.ENDED
    assert set(get_args(evaluation_states.EvaluationState)) - evaluation_states.ENDED == by_the_stack.EVALUATIONS
