"""What callers used of the Messages API: `GET /usage`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from tunedrop.actions.messages import read_usage
from tunedrop.domain.messages.key_usage import UsageBy, Used
from tunedrop.routes.route_basics import AnswerModel, Moment, Request

router = APIGatewayRouter()


class UsedAnswer(AnswerModel):
    """What was used. A call that has not ended, or whose end was lost, counts for the most that it may use."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost: float | None = Field(description="Of the calls that have a price; null if there are calls, and none has one")
    unpriced: int = Field(description="Calls that are not in the cost: a price is not configured")
    mean_latency_ms: int | None = Field(description="Of the calls that have ended; null: none has")
    stop_reasons: dict[str, int] = Field(description="Of the calls that have ended; `error` is none of the model's")


class UsageGroupAnswer(UsedAnswer):
    """A sum of usage."""

    group: str = Field(description="The key's id, the deployment or the day that its rows have in common")


class UsageRowAnswer(UsedAnswer):
    """What was used of one deployment under one key on one day of UTC."""

    day: str
    key_id: str
    key_name: str | None = Field(description="null: the key is listed no more")
    deployment: str


class UsageAnswer(AnswerModel):
    """What was used through the Messages API: sizes and counts, never a word of a prompt or an answer."""

    since: datetime
    until: datetime
    currency: str
    total: UsedAnswer
    groups: list[UsageGroupAnswer] = Field(description="By what `by` names; empty without it")
    usage: list[UsageRowAnswer] = Field(description="By day, key and deployment, the oldest day first")


@router.get("/usage", summary="Say what callers used")
def get_usage(
    *,
    since: Annotated[Moment | None, Query(alias="from", description="Default: the beginning of this UTC month")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Default: now")] = None,
    by: Annotated[UsageBy | None, Query(description="Add up by this, too")] = None,
    key: Annotated[str | None, Query(description="The id of a key: only what was used with it")] = None,
) -> UsageAnswer:
    """Calls, tokens, cost, latency and stop reasons of the days of UTC from `from` to `to`, which count whole."""
    cloud = Request.of(router).cloud
    found = read_usage.summarize(since, until, by, key, cloud)
    return UsageAnswer(
        since=found.period.since,
        until=found.period.until,
        currency=cloud.settings.currency,
        total=_used(found.total),
        groups=[
            UsageGroupAnswer(group=each.day or each.key_id or each.deployment or "", **_used(each.used).model_dump())
            for each in found.groups
        ],
        usage=[
            UsageRowAnswer(
                day=each.day,
                key_id=each.key_id,
                key_name=found.names.get(each.key_id),
                deployment=each.deployment,
                **_used(each.used).model_dump(),
            )
            for each in found.rows
        ],
    )


def _used(used: Used) -> UsedAnswer:
    return UsedAnswer(
        calls=used.calls,
        input_tokens=used.input_tokens,
        output_tokens=used.output_tokens,
        cost=None if used.calls and used.unpriced == used.calls else float(used.cost),
        unpriced=used.unpriced,
        mean_latency_ms=round(used.latency_ms / used.ended) if used.ended else None,
        stop_reasons=dict(used.stop_reasons),
    )
