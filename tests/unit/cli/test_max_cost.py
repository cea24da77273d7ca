"""`tunedrop jobs start --max-cost`: what is over it, and which price is missing where nobody can tell."""

from __future__ import annotations

from typing import Any

import pytest
from tunedrop_cli import job_start
from tunedrop_cli.errors import Refused

TRAINING, THROUGHPUT, GATE = "nova-lite.training_per_1000_tokens", "nova-lite.model_unit_hour", "output_per_1000_tokens"


def planned(training: float | None, throughput: float | None = 1.0, gate: float | None = 1.0) -> dict[str, Any]:
    return {
        "base_model": "nova-lite",
        "trained_tokens": 1000,
        "cost": {"amount": training},
        "deployment": {"model_units": 1, "cost": {"until_end": throughput}},
        "evaluation": {"cost": gate},
    }


def refusal(*plans: dict[str, Any], most: float = 5) -> Refused:
    with pytest.raises(Refused) as refused:
        job_start.check_amount(plans, most)
    return refused.value


@pytest.mark.parametrize(("costs", "most", "said"), [
    ((0.0046, 0, 0), 0.003, "it costs 0.0046, more than --max-cost 0.003;"),
    ((3.004, 1, 1), 5, "it costs 5.004, more than --max-cost 5;"),
    ((0.00004, 0, 0), 0.00003, "it costs 0.00004, more than --max-cost 0.00003;"),
    ((1e6, 0, 0), 999999.5, "it costs 1000000, more than --max-cost 999999.5;"),
])  # fmt: skip
def test_what_is_over_it_is_seen_to_be_more(costs, most, said):
    refused = refusal(planned(*costs), most=most)
    assert (refused.code, said in str(refused)) == ("over_max_cost", True), str(refused)


def test_what_adds_up_to_exactly_as_much_is_not_over_it():
    job_start.check_amount([planned(0.1, 0.2, 0)], 0.3)


@pytest.mark.parametrize(("plan", "missing"), [
    (planned(None), {TRAINING}),
    (planned(1, None), {THROUGHPUT}),
    (planned(1, 1, None), {GATE}),
    (planned(None, None, None), {TRAINING, THROUGHPUT, GATE}),
])  # fmt: skip
def test_the_price_that_is_missing_is_named_and_no_other(plan, missing):
    refused = refusal(plan, planned(1))
    assert refused.code == "cost_unknown"
    assert {price for price in (TRAINING, THROUGHPUT, GATE) if price in str(refused)} == missing
