"""What asking an evaluation's candidates is charged: tokens in and out of each, where they answer on demand. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from tunedrop.domain.charges.call_costs import TokenWay
from tunedrop.domain.charges.charge import Charge, ChargeUnit
from tunedrop.domain.charges.periods import Period
from tunedrop.domain.evaluation import evaluation_costs
from tunedrop.domain.evaluation.evaluation_states import ENDED, Evaluation

_UNITS: Mapping[TokenWay, ChargeUnit] = {"input": "thousand_input_tokens", "output": "thousand_output_tokens"}


def of_evaluation(
    evaluation: Evaluation, prices: Mapping[str, float], period: Period, now: datetime
) -> Iterator[Charge]:
    """The charges of an evaluation in the period that it ended in, or, while it asks, of now: the most then."""
    ended = evaluation.ended_at if evaluation.state in ENDED else None
    inside = period.has(ended) if ended else period.since <= now <= period.until
    if evaluation.began_at is None or not inside:
        return
    for each in evaluation_costs.billed(evaluation, prices):
        for way, thousands, price in each.ways(prices):
            if thousands:
                yield Charge(
                    kind="evaluation",
                    name=evaluation.id,
                    job_id=None,
                    deployment=each.candidate.deployment,
                    dataset=evaluation.dataset,
                    version=evaluation.version,
                    base_model=each.candidate.base_model,
                    owner=evaluation.owner,
                    began=evaluation.began_at,
                    ended=ended or now,
                    goes_on=ended is None,
                    model_units=0,
                    unit=_UNITS[way],
                    quantity=thousands,
                    price=price,
                )
