"""What the stack spends: `GET /costs`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from tunedrop.actions.charges import list_charges
from tunedrop.domain.charges.charge import Charge
from tunedrop.domain.charges.cost_summary import CostGroup, CostSum
from tunedrop.routes.route_basics import AnswerModel, Moment, Request

router = APIGatewayRouter()


class CostSumAnswer(AnswerModel):
    """A sum of charges."""

    key: str | None = Field(description="What they have in common; null where they have nothing of that")
    amount: float | None = Field(description="Of those whose price is known; null if that is none of them")
    charges: int
    unknown: int = Field(description="How many are not in the amount: their price is not configured")


class ChargeAnswer(AnswerModel):
    """One billed interval, one job's training, or the tokens in or out of one candidate of an evaluation."""

    kind: str = Field(description="training, capacity, storage or evaluation")
    name: str = Field(description="Of the job, the throughput or the custom model in Bedrock; of an evaluation, its id")
    job_id: str | None = Field(description="null for an evaluation")
    deployment: str | None = Field(description="Of capacity, or of what an evaluation asked")
    dataset: str
    version: int
    base_model: str
    owner: str
    tags: dict[str, str] = Field(description="Your own, of the job")
    began: datetime
    ended: datetime | None = Field(description="null: it goes on")
    model_units: int
    quantity: float | None = Field(description="In `unit`; null: not known before the job's data is prepared")
    unit: str = Field(
        description="thousand_tokens, model_unit_hours, model_months, thousand_input_tokens or thousand_output_tokens"
    )
    price: float | None = Field(description="For one `unit`; null: not configured")
    amount: float | None = Field(description="null, never 0, where price or quantity is unknown")


class CostsAnswer(AnswerModel):
    """What a stretch of time has cost, estimated by the stack's Prices. Callers' calls of deployments are not in it."""

    since: datetime
    until: datetime
    currency: str
    total: CostSumAnswer
    groups: list[CostSumAnswer] = Field(description="By what `by` names, the greatest first; empty without it")
    charges: list[ChargeAnswer] = Field(description="Those that began last first")


@router.get("/costs", summary="Say what was spent")
def get_costs(
    *,
    since: Annotated[Moment | None, Query(alias="from", description="Default: the beginning of this UTC month")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Default: now")] = None,
    by: Annotated[CostGroup | None, Query(description="Add up by this; a charge with two tags is in two sums")] = None,
) -> CostsAnswer:
    """Training, Provisioned Throughput, evaluations, and the storage of custom models.

    A job and an evaluation count when they ended, capacity by its hours between `from` and `to`, at most 366 days.
    """
    cloud = Request.of(router).cloud
    found = list_charges.summarize(since, until, by, cloud)
    return CostsAnswer(
        since=found.period.since,
        until=found.period.until,
        currency=cloud.settings.currency,
        total=_sum(found.total),
        groups=[_sum(each) for each in found.groups],
        charges=[_charge(each) for each in found.charges],
    )


def _sum(found: CostSum) -> CostSumAnswer:
    return CostSumAnswer(key=found.key, amount=_exact(found.amount), charges=found.charges, unknown=found.unknown)


def _charge(each: Charge) -> ChargeAnswer:
    return ChargeAnswer(
        kind=each.kind,
        name=each.name,
        job_id=each.job_id,
        deployment=each.deployment,
        dataset=each.dataset,
        version=each.version,
        base_model=each.base_model,
        owner=each.owner,
        tags=dict(each.tags),
        began=each.began,
        ended=None if each.goes_on else each.ended,
        model_units=each.model_units,
        quantity=_exact(each.quantity),
        unit=each.unit,
        price=_exact(each.price),
        amount=_exact(each.amount),
    )


def _exact(number: Decimal | None) -> float | None:
    """Without rounding: what is less than a cent is not nothing."""
    return None if number is None else float(number)
