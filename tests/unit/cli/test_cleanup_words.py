"""What a cleanup looks for and says: every state that has not ended, and a sum that owns up to what it leaves out."""

from __future__ import annotations

from typing import get_args

import pytest
from tunedrop.domain.evaluation import evaluation_states
from tunedrop.domain.serving import deployment_states
from tunedrop.domain.training import job_states
from tunedrop_cli.cleaning import by_the_stack, retained, things, words
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
    assert [*words.costs(things)] == [said]


def model(cost: float | None) -> Thing:
    return Thing("custom model", "x", "x", "kept", "bills", monthly_cost=cost, currency="USD")


@pytest.mark.parametrize(("models", "said"), [
    ([model(1.95), model(1.95)], "In all 3.90 USD a month."),
    ([model(None)], "The price a month of 1 custom model is not known."),
    ([model(1.95), model(None)], "In all 1.95 USD a month, without 1 custom model whose price is not known."),
])  # fmt: skip
def test_what_storing_models_costs_is_a_sum_of_its_own(models, said):
    assert [*words.costs([KNOWN, *models])] == ["In all 44.00 USD an hour.", said]
    assert [*words.costs(models)] == ["None of it bills by the hour.", said]


def test_what_is_retained_is_called_what_it_is():
    told = {kind: things.BILLS[kind] for kind in retained.KINDS.values()}
    assert told == {
        "bucket": "for what it stores",
        "table": "for what it stores",
        "role": "nothing",
        "key": "by the month, as long as it is enabled",
    }


def test_every_state_that_has_not_ended_is_looked_for():
    assert set(by_the_stack.JOBS) == set(get_args(job_states.JobStatus)) - job_states.ENDED
    assert set(by_the_stack.DEPLOYMENTS) == set(get_args(deployment_states.ShownState)) - deployment_states.ENDED
    assert set(get_args(evaluation_states.EvaluationState)) - evaluation_states.ENDED == by_the_stack.EVALUATIONS
